"""What becomes of a picture of something else: refused, or why not yet; followed until it can be."""

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.results import Insights
from clf_core.results.doubt import Foreign
from pages.components.escaping import md
from pages.components.heading import quiet
from pages.components.insights import begin_insights, in_words
from pages.components.problems import told_in_words

_PART = "unknown"
_SECONDS_BETWEEN_LOOKS = 2.0
_NAMED_ANYWAY = "one of its classes is named whatever it is shown"


def follow_foreign(bench: Workbench, model: str) -> None:
    """Draw what becomes of pictures of something else; where that is not worked out, start the work and follow it.

    The page runs again once they can be told.
    """
    if model == STARTER:
        quiet("The starter model names one of its 1,000 things whatever it is shown.")
        return
    with told_in_words():  # that the work cannot be started is no reason not to answer
        before = bench.doubt.foreign(model)
        seen = begin_insights(bench, model) if before == "not yet" else None
        every = _SECONDS_BETWEEN_LOOKS if seen is not None and seen.running else None
        st.fragment(_follow, run_every=every)(bench, model, before, running=every is not None)


def _follow(bench: Workbench, model: str, before: Foreign, *, running: bool) -> None:
    with told_in_words():
        now = bench.doubt.foreign(model)
        if now != "not yet":
            if now != before:
                st.rerun()
            quiet(settled_words(now))
            return
        insights = bench.insights.state(model)
        if insights.running != running:
            st.rerun()
        st.info(waiting_words(insights), icon=":material/info:")
        if not insights.running:
            _offer_start(bench, model, insights)


def settled_words(foreign: Foreign) -> str:
    """Return what becomes of pictures of something else where that will not change, Markdown."""
    if foreign == "refused":
        return (
            "A picture unlike all it learned from gets no class. How many of those it notices is not known beforehand."
        )
    if foreign == "too few":
        return (
            "Pictures of something else are not refused: there were too few validation pictures to learn how. So "
            f"{_NAMED_ANYWAY}."
        )
    return (
        "This classifier never says 'not sure' and refuses nothing, as it kept no answers to validation pictures. "
        "Train again to have that."
    )


def waiting_words(insights: Insights) -> str:
    """Return that pictures of something else cannot be told yet, and how far the work on it is, Markdown."""
    told = f"**Pictures of something else cannot be told yet.** Until they can, {_NAMED_ANYWAY}."
    missing = next(part for part in insights.parts if part.name == _PART)
    if missing.state == "failed":
        return f"{told}  \nIt could not be worked out. {md(missing.note, 400)}"
    if insights.running:
        at = next((part for part in insights.parts if part.state == "running"), missing)
        return f"{told}  \nIt is being worked out beside this page: {in_words(at)}."
    return told


def _offer_start(bench: Workbench, model: str, insights: Insights) -> None:
    label = "Try it again" if insights.state(_PART) == "failed" else "Work it out"
    if st.button(label, icon=":material/play_arrow:", key=f"foreign_{model}"):
        bench.insights.start(model, again=True)
        st.rerun()
