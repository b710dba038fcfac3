"""Changes to a dataset as a person meets them: who makes them, what was done, and the way back."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import DatasetSummary, VersionInfo
from pages.components.escaping import md

FINDINGS, PICTURES, CLASSES, SPLITS_TAB, HISTORY = "Findings", "Pictures", "Classes", "Splits", "History"
TABS = (FINDINGS, PICTURES, CLASSES, SPLITS_TAB, HISTORY)

_NOTE = "data_note"
_NEXT_TAB = "data_next_tab"
TAB_KEY = "data_tab"


def who() -> str | None:
    """The name the person gave for the history; None for the user of the machine."""
    return str(st.session_state.get("who") or "").strip() or None


def done(dataset: DatasetSummary, made: VersionInfo) -> None:
    """Remember what was just done, to be said at the top of the page with the way back, and draw the page anew."""
    unchanged = made.version == dataset.version
    st.session_state[_NOTE] = {
        "dataset": dataset.id,
        "version": made.version,
        "parent": None if unchanged else made.parent,
        "what": "Nothing had to be changed" if unchanged else made.what,
    }
    st.rerun()


def show_note(bench: Workbench, dataset: DatasetSummary) -> None:
    """Say what was done last and offer to undo it; gone once the dataset has moved on."""
    note = st.session_state.get(_NOTE)
    if not note or note["dataset"] != dataset.id or note["version"] != dataset.version:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="data_note_bar"):
        version = f" (version {note['version']})" if note["parent"] else ""
        st.markdown(f":material/check: {md(note['what'], 200)}{version}.", width="stretch")
        if note["parent"] and st.button(
            "Undo", icon=":material/undo:", key="undo", help="Return to the version before"
        ):
            done(dataset, bench.editing.return_to(dataset.id, note["parent"], who=who()))
        if st.button("Close", icon=":material/close:", type="tertiary", key="close_note"):
            del st.session_state[_NOTE]
            st.rerun()


def go_to(tab: str) -> None:
    """Open another part of the page."""
    st.session_state[_NEXT_TAB] = tab
    st.rerun()


def follow_tab() -> None:
    """Open the part asked for by ``go_to``. Called before the tabs are drawn, the only time they can be set."""
    if _NEXT_TAB in st.session_state:
        st.session_state[TAB_KEY] = st.session_state.pop(_NEXT_TAB)
