"""The wrongly answered test pictures: the surest first, the largest loss first, or where another run disagrees."""

from typing import cast

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import RunSummary
from clf_core.results.confusion import MistakeOrder
from pages.components.escaping import plain
from pages.components.heading import quiet
from pages.components.problems import told_in_words
from pages.components.tested import show_tested
from pages.components.words import count, score

PAGE = 24

_ORDERS: dict[MistakeOrder, str] = {
    "confidence": "Surest first",
    "loss": "Largest loss first",
    "disagreement": "Where another run disagrees",
}
_WORDS: dict[MistakeOrder, str] = {
    "confidence": "Wrong and sure of it. Look here first: a wrong label, an odd picture, or a real weakness?",
    "loss": "The true class got the least probability here: what the model held to be all but impossible.",
    "disagreement": "This run is wrong and the other says something else; where both are sure, a label may be wrong.",
}


def show_mistakes(bench: Workbench, run: RunSummary) -> None:
    """Draw the gallery of mistakes in the order a person chooses. A fragment."""
    with told_in_words():
        rivals = {other.id: other.name for other in bench.runs.list() if _comparable(other, run)}
        orders = [order for order in _ORDERS if order != "disagreement" or rivals]
        if not bench.mixups.mistakes(run.id, limit=0).total:
            st.markdown("No mistakes in this test.")
            return
        order, other = _choose(orders, rivals)
        _show(bench, run, order, other)


def _comparable(other: RunSummary, run: RunSummary) -> bool:
    return other.state == "done" and other.dataset_id == run.dataset_id and other.id != run.id and bool(score(other))


def _choose(orders: list[MistakeOrder], rivals: dict[str, str]) -> tuple[MistakeOrder, str | None]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.segmented_control(
            "Order", orders, format_func=_ORDERS.__getitem__, default=orders[0], required=True, key="mistakes_order"
        )
        if order != "disagreement":
            return cast(MistakeOrder, order), None
        other = st.selectbox(
            "The other run",
            list(rivals),
            format_func=lambda identifier: plain(rivals[identifier], 80),
            key="mistakes_other",
            width=320,
        )
    return "disagreement", other


def _show(bench: Workbench, run: RunSummary, order: MistakeOrder, other: str | None) -> None:
    key = f"mistakes_page_{run.id}_{order}_{other}"
    number = max(1, int(st.session_state.get(key) or 1))
    found = bench.mixups.mistakes(run.id, order=order, other=other, offset=(number - 1) * PAGE, limit=PAGE)
    pages = -(-found.total // PAGE)
    st.markdown(_WORDS[order])
    if other is not None:
        same = count(found.shared, "mistake")
        quiet(f"{count(found.total, 'mistake')} of this run only; {same} both runs make in the very same way.")
    notes = [f"the other: {plain(said, 60)}" for said in found.other_said]
    show_tested(bench, run, found.pictures, key="mistakes", notes=notes)
    if pages > 1:
        st.pagination(pages, key=key)
