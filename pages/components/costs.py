"""Which mistakes hurt more: the person says so, the answers follow, and what to expect of 1,000 pictures is counted."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import RunSummary
from clf_core.results.doubt import CostReport, DoubtReport, PairCost, PairLimit
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.problems import show_error
from pages.components.words import percent

_MOST_COST = 1000.0


def show_costs(bench: Workbench, run: RunSummary, report: DoubtReport) -> None:
    """Draw what mistakes are to be expected, the costs named so far, and a line to name one more."""
    if report.costs is not None:
        st.markdown(in_words(report.costs, with_costs=bool(report.settings.costs)))
    for place, pair in enumerate(report.settings.costs):
        _show_pair(bench, run, report, place, pair)
    for limit in report.pair_limits:
        quiet(pair_words(limit))
    _offer_pair(bench, run, report)
    if report.costs is not None and report.costs.kinds:
        st.dataframe(table(report.costs), hide_index=True, alt="Expected mistakes in 1,000 pictures, by kind")
        quiet(
            f"Counted on {report.costs.total:,} test pictures, for pictures that come as often as these. Before: the "
            "most probable class is always said. Now: the answer follows the costs, and unsure pictures are left."
        )


def in_words(costs: CostReport, *, with_costs: bool) -> str:
    """Return the headline, Markdown: what to expect of 1,000 pictures."""
    told = (
        f"In 1,000 pictures like these expect about **{costs.mistakes_after:.0f} mistakes** "
        f"({costs.mistakes_low:.0f} to {costs.mistakes_high:.0f}) and **{costs.asked:.0f} left to you** as 'not sure'; "
        f"without 'not sure' about {costs.mistakes_before:.0f} mistakes."
    )
    if with_costs:
        told += f" With the costs below that is {costs.cost_after:.0f} ordinary mistakes instead of "
        told += f"{costs.cost_before:.0f}."
    return told


def pair_words(limit: PairLimit) -> str:
    """Return from where on one class is named rather than another, Markdown."""
    said, other = md(limit.said, 60), md(limit.other, 60)
    return f"Between {said} and {other} it says {said} only from {percent(limit.share)} on."


def table(costs: CostReport) -> list[dict[str, str | float]]:
    """Return one row per kind of mistake."""
    return [
        {
            "Is": plain(kind.true),
            "Taken for": plain(kind.said),
            "Costs": f"{kind.cost:g}",
            "Before, in 1,000": f"{kind.before:.0f}",
            "Now, in 1,000": f"{kind.after:.0f} ({kind.after_low:.0f} to {kind.after_high:.0f})",
        }
        for kind in costs.kinds
    ]


def _show_pair(bench: Workbench, run: RunSummary, report: DoubtReport, place: int, pair: PairCost) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{md(pair.true, 60)} taken for {md(pair.said, 60)} counts as **{pair.cost:g} mistakes**")
        key = f"cost_drop_{run.id}_{report.settings.changes}_{place}"
        if st.button("Remove", key=key, icon=":material/close:", type="tertiary"):
            kept = report.settings.costs[:place] + report.settings.costs[place + 1 :]
            bench.doubt.set_costs(run.id, kept)
            st.rerun()


def _offer_pair(bench: Workbench, run: RunSummary, report: DoubtReport) -> None:
    classes, key = list(report.classes), f"cost_{run.id}_{report.settings.changes}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = st.selectbox("A picture of", classes, key=f"{key}_true", format_func=plain, width=220)
        said = st.selectbox("taken for", classes, index=1, key=f"{key}_said", format_func=plain, width=220)
        cost = st.number_input(
            "counts as so many mistakes",
            min_value=0.1,
            max_value=_MOST_COST,
            value=5.0,
            step=1.0,
            format="%g",
            key=f"{key}_cost",
            width=200,
        )
        same = true == said
        pressed = st.button(
            "Say so",
            key=f"{key}_add",
            icon=":material/add:",
            disabled=same,
            help="Choose two different classes." if same else None,
        )
    if pressed:
        others = [pair for pair in report.settings.costs if (pair.true, pair.said) != (true, said)]
        try:
            bench.doubt.set_costs(run.id, [*others, PairCost(true=str(true), said=str(said), cost=float(cost))])
        except ClfError as error:
            show_error(error)
        else:
            st.rerun()
