"""What the model takes for what: the matrix, and the pictures of the selected cell beside it."""

from typing import cast

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import EvaluationReport, RunSummary
from clf_core.results.confusion import ClassOrder, ConfusionBlock
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.matrix import Shares, confusion_matrix
from pages.components.problems import told_in_words
from pages.components.tested import show_tested
from pages.components.words import count

PAGE = 60
"""Pictures of a cell shown at once."""

_SHARES: dict[Shares, str] = {"count": "Counts", "row": "By row", "column": "By column"}
_ORDERS: dict[ClassOrder, str] = {"given": "By name", "similar": "Similar together"}
_MANY = 12
"""Beyond so many classes, those that are mixed up stand together from the start."""

_WANTED, _TURN, _AROUND, _FOUND = "mixups_wanted", "mixups_turn", "mixups_around", "mixups_found"


def open_cell(run_id: str, true: str, said: str) -> None:
    """Select a cell of a run's matrix before it is drawn, whatever was selected in it."""
    st.session_state[_WANTED] = (run_id, true, said)
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.session_state[_AROUND] = None
    st.session_state[_FOUND] = False


def show_mixups(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """Draw the matrix and the pictures behind its selected cell. A fragment."""
    with told_in_words():
        shares, order = _choose_view(report)
        around = _around(bench, run, report)
        block = bench.mixups.block(run.id, order=order, around=around)
        left, right = st.columns(_widths(len(block.classes)), gap="large")
        with left:
            key = f"matrix_{run.id}_{st.session_state.get(_TURN, 0)}"
            row, column = confusion_matrix(block, _first_cell(block, run, around), shares, key=key)
        with right:
            _show_cell(bench, run, block.classes[row], block.classes[column])


def _widths(classes: int) -> list[int]:
    """How the matrix and the pictures share the page: the larger the matrix, the more of it."""
    return [1, 1] if classes <= 5 else [3, 2] if classes <= _MANY else [7, 3]


def _choose_view(report: EvaluationReport) -> tuple[Shares, ClassOrder]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shares = st.segmented_control(
            "In each cell",
            list(_SHARES),
            format_func=_SHARES.__getitem__,
            default="count",
            required=True,
            key="mixups_shares",
            help="By row: what became of the pictures of a class. By column: what the pictures called a class are.",
        )
        if len(report.classes) < 3:
            return cast(Shares, shares), "given"
        order = st.segmented_control(
            "Order of the classes",
            list(_ORDERS),
            format_func=_ORDERS.__getitem__,
            default="similar" if len(report.classes) > _MANY else "given",
            required=True,
            key="mixups_order",
            help="Similar together: classes that are often mixed up stand beside each other, so mix-ups form blocks.",
        )
    return cast(Shares, shares), cast(ClassOrder, order)


def _around(bench: Workbench, run: RunSummary, report: EvaluationReport) -> str | None:
    """The class whose part of a large matrix is wanted; None for the part with many mix-ups."""
    whole = bench.mixups.block(run.id)
    if len(whole.classes) == whole.known:
        return None
    wanted = _wanted(run)
    if wanted is not None and not set(wanted) <= set(whole.classes) and not st.session_state.get(_FOUND):
        st.session_state[_AROUND] = wanted[0]
        st.session_state[_FOUND] = True  # once: the person may look elsewhere then
    if st.session_state.get(_AROUND) not in {None, *report.classes}:
        st.session_state[_AROUND] = None
    around = st.selectbox(
        f"Look up any of the {whole.known:,} classes",
        list(report.classes),
        index=None,
        placeholder=f"Shown now: the {len(whole.classes)} classes with many mix-ups",
        format_func=lambda name: plain(name, 80),
        key=_AROUND,
    )
    if around is not None:
        quiet(f"**{md(around, 80)}** with the classes it is mixed up with, either way.")
    return around


def _wanted(run: RunSummary) -> tuple[str, str] | None:
    """The cell of this run that was asked for."""
    run_id, true, said = st.session_state.get(_WANTED) or ("", "", "")
    return (true, said) if run_id == run.id else None


def _first_cell(block: ConfusionBlock, run: RunSummary, around: str | None) -> tuple[int, int]:
    """The cell asked for, if it is shown; else the most frequent mix-up, of the class looked up if there is one."""
    true, said = _wanted(run) or (None, None)
    if true in block.classes and said in block.classes:
        return block.classes.index(true), block.classes.index(said)
    if around in block.classes:
        row = block.classes.index(around)
        counts = [-1 if column == row else number for column, number in enumerate(block.counts[row])]
        return row, counts.index(max(counts))
    return block.worst


def _show_cell(bench: Workbench, run: RunSummary, true: str, said: str) -> None:
    pictures = bench.evaluation.cell(run.id, true, said)
    number = count(len(pictures), "picture")
    if true == said:
        st.markdown(f"**{number} of {md(true)}** recognised")
    else:
        st.markdown(f"**{number} of {md(true)}** taken for **{md(said)}**")
    if not pictures:
        quiet("No test picture fell into this cell.")
        return
    pages = -(-len(pictures) // PAGE)
    key = f"cell_page_{run.id}_{true}_{said}"
    first = (min(max(1, int(st.session_state.get(key) or 1)), pages) - 1) * PAGE
    show_tested(bench, run, pictures[first : first + PAGE], key="cell")
    if pages > 1:
        st.pagination(pages, key=key)
