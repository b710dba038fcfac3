"""The runs and searches that are at work or wait for their turn: their order, and how many work at a time."""

from collections.abc import Callable

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import RunSummary, SearchSummary
from pages.components.escaping import md
from pages.components.heading import quiet, section
from pages.components.problems import show_error, told_in_words
from pages.components.runlist import go_to_run
from pages.components.words import STATE_WORDS, count, duration

Queued = RunSummary | SearchSummary

_TICK_SECONDS = 2.0
_MOST_SLOTS = 16


def show_queue(bench: Workbench) -> None:
    """Draw the queue while there is anything in it, and follow it."""
    if _at_work(bench) or _waiting(bench):
        st.fragment(_draw, run_every=_TICK_SECONDS)(bench)


def draw_turn(place: int, *, first: Callable[[], object], cancel: Callable[[], object]) -> None:
    """Say when the turn of a run or search comes that waits, and offer what can be done about it."""
    before = place - 1
    st.markdown(
        "It is next: it begins as soon as what is at work now is done."
        if before <= 0
        else f"Number {place} in line; {before:,} {'is' if before == 1 else 'are'} to begin before it."
    )
    with st.container(horizontal=True):
        if before > 0 and st.button("Put it first", icon=":material/vertical_align_top:"):
            first()
            st.rerun()
        if st.button("Cancel", icon=":material/close:", help="It leaves the line. Nothing is lost but its place."):
            cancel()
            st.rerun()
        if st.button("See the line", icon=":material/leaderboard:", type="tertiary"):
            st.switch_page("runs.py")


def _at_work(bench: Workbench) -> list[Queued]:
    return [work for work in (*bench.runs.list(), *bench.searches.list()) if work.state in ("starting", "running")]


def _waiting(bench: Workbench) -> list[Queued]:
    return sorted((*bench.runs.waiting(), *bench.searches.waiting()), key=lambda work: work.place)


def _draw(bench: Workbench) -> None:
    with told_in_words():
        working, waiting = _at_work(bench), _waiting(bench)
        if not working and not waiting:
            st.rerun()  # the last one is done: the list below has news
        with st.container(border=True, key="queue"):
            head, slots = st.columns([3, 1], vertical_alignment="center")
            with head:
                section(f"{len(working):,} at work, {len(waiting):,} waiting")
            with slots:
                _draw_slots(bench)
            for run in working:
                _draw_working(run)
            for place, run in enumerate(waiting, start=1):
                _draw_waiting(bench, run, place, last=place == len(waiting))


def _draw_slots(bench: Workbench) -> None:
    chosen = st.number_input(
        "At a time",
        min_value=1,
        max_value=_MOST_SLOTS,
        value=bench.runs.slots,
        help="How many runs and searches may be at work at a time. They share the processor, so each takes longer.",
        key="slots",
    )
    if chosen != bench.runs.slots:
        bench.runs.set_slots(chosen)
        st.rerun(scope="fragment")


def _draw_working(work: Queued) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{md(work.name, 60)}**", width="stretch")
        quiet(f"{_standing(work)}, {duration(work.seconds)} so far")
        if st.button("Watch", key=f"watch_{work.id}"):
            if isinstance(work, SearchSummary):
                st.switch_page("tune.py", query_params={"search": work.id})
            go_to_run("train.py", work.id)


def _standing(work: Queued) -> str:
    if isinstance(work, SearchSummary):
        return f"Search, {count(work.trials, 'set of settings', 'sets of settings')} tried"
    return STATE_WORDS[work.state] + (f", epoch {work.epochs}" if work.epochs else "")


def _draw_waiting(bench: Workbench, run: Queued, place: int, *, last: bool) -> None:
    name, jobs = md(run.name, 60), bench.searches if isinstance(run, SearchSummary) else bench.runs
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{place}. **{name}**", width="stretch")
        if st.button(":material/arrow_upward:", key=f"up_{run.id}", disabled=place == 1, help=f"{name} sooner"):
            _change(lambda: jobs.move(run.id, place - 1))
        if st.button(":material/arrow_downward:", key=f"down_{run.id}", disabled=last, help=f"{name} later"):
            _change(lambda: jobs.move(run.id, place + 1))
        if st.button(":material/close:", key=f"leave_{run.id}", help=f"Cancel {name}"):
            _change(lambda: jobs.cancel(run.id))


def _change(work: Callable[[], object]) -> None:
    try:
        work()
    except ClfError as error:  # it has begun in the meantime
        show_error(error)
    else:
        st.rerun()
