"""The runs that are at work or wait for their turn: their order, which can be changed, and how many work at a time."""

from collections.abc import Callable

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import RunSummary
from pages.components.escaping import md
from pages.components.heading import quiet, section
from pages.components.problems import show_error, told_in_words
from pages.components.runlist import go_to_run
from pages.components.words import STATE_WORDS, count, duration

_TICK_SECONDS = 2.0
_MOST_SLOTS = 16


def show_queue(bench: Workbench) -> None:
    """Draw the queue while there is anything in it, and follow it."""
    if _at_work(bench) or bench.runs.waiting():
        st.fragment(_draw, run_every=_TICK_SECONDS)(bench)


def _at_work(bench: Workbench) -> list[RunSummary]:
    return [run for run in bench.runs.list() if run.state in ("starting", "running")]


def _draw(bench: Workbench) -> None:
    with told_in_words():
        working, waiting = _at_work(bench), bench.runs.waiting()
        if not working and not waiting:
            st.rerun()  # the last one is done: the list below has news
        with st.container(border=True, key="queue"):
            head, slots = st.columns([3, 1], vertical_alignment="center")
            with head:
                section(f"{count(len(working), 'run')} at work, {len(waiting):,} waiting")
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
        help="How many runs may be at work at a time. Several share the processor, so each takes longer.",
        key="slots",
    )
    if chosen != bench.runs.slots:
        bench.runs.set_slots(chosen)
        st.rerun(scope="fragment")


def _draw_working(run: RunSummary) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        epochs = f", epoch {run.epochs}" if run.epochs else ""
        st.markdown(f"**{md(run.name, 60)}**", width="stretch")
        quiet(f"{STATE_WORDS[run.state]}{epochs}, {duration(run.seconds)} so far")
        if st.button("Watch", key=f"watch_{run.id}"):
            go_to_run("train.py", run.id)


def _draw_waiting(bench: Workbench, run: RunSummary, place: int, *, last: bool) -> None:
    name = md(run.name, 60)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{place}. **{name}**", width="stretch")
        if st.button(":material/arrow_upward:", key=f"up_{run.id}", disabled=place == 1, help=f"{name} sooner"):
            _change(lambda: bench.runs.move(run.id, place - 1))
        if st.button(":material/arrow_downward:", key=f"down_{run.id}", disabled=last, help=f"{name} later"):
            _change(lambda: bench.runs.move(run.id, place + 1))
        if st.button(":material/close:", key=f"leave_{run.id}", help=f"Cancel {name}"):
            _change(lambda: bench.runs.cancel(run.id))


def _change(work: Callable[[], object]) -> None:
    try:
        work()
    except ClfError as error:  # it has begun in the meantime
        show_error(error)
    else:
        st.rerun()
