"""The runs in the order asked for, two of which can be ticked and put side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import RunSummary
from clf_core.results.comparison import Standing
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.runlist import comparable, show_runs
from pages.components.words import times

_SHOWN = 25
_ALL = ""
_BOARD = "runs"
_TICKED = "runs_ticked"
_PAIR = 2
_DATASETS_TOLD = 3

_BY_RESULT = "Most accurate"

_STANDING_WORDS: dict[Standing, str] = {
    "best": "Most right of these",
    "alike": "About as good as the first",
    "unclear": "Cannot be told from the first yet",
    "behind": "Behind the first, and unlikely by luck",
}

Order = Callable[[Workbench, RunSummary], float]

ORDERS: dict[str, Order] = {
    "Newest": lambda _, run: -run.created,
    _BY_RESULT: lambda _, run: -run.metrics.get("accuracy", -1.0),
    "Quickest": lambda _, run: run.seconds if run.state == "done" else float("inf"),
    "Smallest": lambda bench, run: bench.runs.model_bytes(run.id) or float("inf"),
}


def show_leaderboard(bench: Workbench, runs: Sequence[RunSummary]) -> list[str]:
    """Draw the runs, and return the two that are ticked to be compared, or fewer."""
    shown, dataset, order = _choose_shown(bench, runs)
    several = sum(map(comparable, runs)) > 1
    ticked = _ticked(runs)
    quiet(
        "Dot: share of test pictures answered right. Band: what to expect on new pictures (95 % interval). Bands that "
        "overlap do not settle which run is better: runs tested on the same pictures are compared picture by picture."
    )
    _say_looks(bench, shown, dataset)
    pages = -(-len(shown) // _SHOWN)
    number = st.pagination(pages, key="runs_page") if pages > 1 else 1
    on_page = shown[(number - 1) * _SHOWN : number * _SHOWN]
    notes = _standings(bench, shown[:1], on_page) if dataset and order == _BY_RESULT else {}
    if several:
        show_runs(bench, on_page, key=_BOARD, ticking=_ticking(ticked), tick=_tick, notes=notes)
    else:
        show_runs(bench, on_page, key=_BOARD)
    return ticked if several else []


def show_choice(runs: Sequence[RunSummary], ticked: Sequence[str]) -> bool:
    """Draw what is ticked and the way on; True where the comparison is the page's main action, and stands here."""
    if sum(map(comparable, runs)) < _PAIR:
        return False
    names = {run.id: md(run.name, 60) for run in runs}
    if len(ticked) < _PAIR:
        first = f"**{names[ticked[0]]}** is ticked. Tick another" if ticked else "Tick two runs"
        st.markdown(f"{first} to compare them on the same test pictures.")
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Compare the two", type="primary", icon=":material/compare_arrows:", key="compare"):
            older, newer = sorted(ticked, key=lambda ref: next(run.created for run in runs if run.id == ref))
            go_to_comparison(older, newer)
        st.markdown(f"**{names[ticked[0]]}** and **{names[ticked[1]]}**")
        st.button("Untick", type="tertiary", key="untick", on_click=_untick)
    return True


def go_to_comparison(first: str, second: str) -> None:
    """Open the comparison of two runs; it has an address of its own."""
    st.query_params.from_dict({"first": first, "second": second})
    st.rerun()


def _choose_shown(bench: Workbench, runs: Sequence[RunSummary]) -> tuple[list[RunSummary], str, str]:
    """The runs of one dataset or of all as asked for, which dataset that is ('' for several), and the order."""
    datasets = {run.dataset_id: plain(run.dataset, 60) for run in runs}
    chosen = next(iter(datasets)) if len(datasets) == 1 else _ALL
    if len(runs) < _PAIR:
        return list(runs), chosen, ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.segmented_control("Order", list(ORDERS), default="Newest", required=True, key="runs_order")
        if len(datasets) > 1:
            names = {_ALL: "All datasets", **datasets}
            chosen = st.selectbox("Dataset", list(names), format_func=names.__getitem__, key="runs_dataset", width=260)
    shown = [run for run in runs if chosen in (_ALL, run.dataset_id)]
    order = order or "Newest"
    return sorted(shown, key=lambda run: ORDERS[order](bench, run)), chosen, order


def _standings(bench: Workbench, best: Sequence[RunSummary], runs: Sequence[RunSummary]) -> dict[str, str]:
    """What is said under each result: how it stands beside the best one, where both had the same test pictures."""
    standings = bench.comparison.standings(list(dict.fromkeys(run.id for run in (*best, *runs))))
    return {ref: _STANDING_WORDS[standing] for ref, standing in standings.items()}


def _say_looks(bench: Workbench, shown: Sequence[RunSummary], dataset: str) -> None:
    """How often these test pictures were looked at, and what follows; by dataset, where runs of several are shown."""
    tested = {run.dataset_id: md(run.dataset, 40) for run in shown if comparable(run)}
    if dataset != _ALL or len(tested) == 1:
        words = bench.comparison.looks(list(tested)).words if tested else ""
        if words:
            quiet(words)
        return
    looks = [(name, bench.comparison.looks([ref]).looks) for ref, name in list(tested.items())[:_DATASETS_TOLD]]
    told = [f"{name} {times(number)}" for name, number in looks if number]
    if told:
        more = len(tested) - _DATASETS_TOLD
        others = f" (choose one of the {more:,} other datasets to see its number)" if more > 0 else ""
        quiet(
            f"Results on the test pictures were looked at: {', '.join(told)}{others}. They judge honestly only while "
            "nobody chooses by them."
        )


def _ticked(runs: Sequence[RunSummary]) -> list[str]:
    """Identifiers of the ticked runs, those that are gone left out."""
    known = {run.id for run in runs if comparable(run)}
    return [ref for ref in st.session_state.get(_TICKED, []) if ref in known][:_PAIR]


def _ticking(ticked: Sequence[str]) -> dict[str, Any]:
    return {"ticked": list(ticked), "full": len(ticked) >= _PAIR, "fullText": "Two are ticked; untick one first"}


def _tick() -> None:
    """Note what a person ticked or unticked; it comes from a browser and is checked against the runs when used."""
    told = st.session_state[_BOARD].tick
    if not isinstance(told, dict) or not isinstance(told.get("run"), str):
        return
    kept = [ref for ref in st.session_state.get(_TICKED, []) if ref != told["run"]]
    st.session_state[_TICKED] = [*kept, told["run"]][-_PAIR:] if told.get("on") else kept


def _untick() -> None:
    st.session_state[_TICKED] = []
