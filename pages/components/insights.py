"""Work on a finished run in the background, as pages see it: started when they open, told where it stands."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import Insight, Insights
from pages.components.escaping import md
from pages.components.heading import quiet
from pages.components.problems import told_in_words

_SECONDS_BETWEEN_LOOKS = 2.0


def begin_insights(bench: Workbench, run_id: str) -> Insights:
    """Start the work on a finished run where the operator lets pages do so, and return where it stands."""
    return bench.insights.start(run_id) if bench.settings.background else bench.insights.state(run_id)


def follow_insights(bench: Workbench, run_id: str, seen: Insights) -> None:
    """Draw where the work stands, and have the page run again when a part is done.

    Args:
        bench: the facade.
        run_id: which run.
        seen: what the page was drawn with.
    """
    every = _SECONDS_BETWEEN_LOOKS if seen.running else None
    st.fragment(_follow, run_every=every)(bench, run_id, _settled(seen), seen.running)


def _follow(bench: Workbench, run_id: str, settled: frozenset[str], running: bool) -> None:
    with told_in_words():
        now = bench.insights.state(run_id)
        if _settled(now) != settled or now.running != running:
            st.rerun()
        for part in now.parts:
            if part.state == "running":
                quiet(f":material/hourglass_top: Being worked out beside this page: {in_words(part)}.")
            if part.state == "failed":
                quiet(f"{md(part.title)} could not be worked out. {md(part.note, 400)}")
        _offer_start(bench, run_id, now)


def _offer_start(bench: Workbench, run_id: str, now: Insights) -> None:
    """A button where nothing goes on by itself."""
    if now.running:
        return
    failed = any(part.state == "failed" for part in now.parts)
    waiting = any(part.state == "waiting" for part in now.parts)
    label = "Try it again" if failed else "Work out the rest"
    if (failed or waiting) and st.button(label, icon=":material/play_arrow:", key=f"insights_{run_id}"):
        bench.insights.start(run_id, again=True)
        st.rerun()


def pending(insights: Insights, name: str, what: str) -> None:
    """Draw why a part's results are not there.

    Args:
        insights: where the work stands.
        name: of the part.
        what: what will stand here, such as 'The heatmaps'.
    """
    part = next((part for part in insights.parts if part.name == name), None)
    if part is None or part.state == "failed":
        quiet(f"{what} could not be worked out for this classifier.")
    elif part.state == "running":
        quiet(f"{what} come as they are worked out: {in_words(part)}.")
    elif insights.running:
        quiet(f"{what} will be worked out in a moment; other things come first.")
    else:
        quiet(f"{what} are not worked out yet.")


def in_words(part: Insight) -> str:
    """Return what is worked out and how far it is, escaped."""
    if part.note:
        return f"{md(part.title)} ({md(part.note)})"
    return f"{md(part.title)}, {part.done:,} of {part.total:,}" if part.total else md(part.title)


def _settled(insights: Insights) -> frozenset[str]:
    """The parts that will not change by themselves."""
    return frozenset(part.name for part in insights.parts if part.state in ("done", "failed"))
