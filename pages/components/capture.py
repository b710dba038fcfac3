"""Taking pictures with the camera of this device or of a phone, straight into classes."""

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import NotFoundError
from clf_core.results import Capture, ImportReport
from pages.components.heading import quiet
from pages.components.importing import Cancelled, Progress, start_import
from pages.components.phone import show_phone
from pages.components.problems import told_in_words
from pages.components.words import count

_FIRST_CLASSES = ("Class 1", "Class 2")
_MOST_OFFERED = 30  # of a dataset's own classes; others are added by name
ADDRESS = "capture"
"""What a page's address calls the capture, so that a reload finds it."""

_LEAST_HOLDS = 3  # one to learn from, one to choose settings, one to test with
_WEB = Path(__file__).with_name("web")


def _part() -> Any:
    def read(*names: str) -> str:
        return "\n".join((_WEB / name).read_text("utf-8") for name in names)

    return st.components.v2.component(
        "studio_capture",
        html=read("capture.html"),
        css=read("base.css", "capture.css"),
        js=read("camera.js", "capture.js"),
    )


_capture = _part()


def capture_form(bench: Workbench, *, into: str | None = None, key: str, primary: bool = True) -> None:
    """Draw the camera, the classes and the button that makes a dataset of what was taken.

    What is taken is on disk at once: it survives a reload and a restart of the studio.

    Args:
        bench: the facade.
        into: the dataset to add to; None makes a new one.
        key: unique on the page.
        primary: True where this is the page's main action.
    """
    st.fragment(_draw)(bench, into, key, primary)


def _draw(bench: Workbench, into: str | None, key: str, primary: bool) -> None:
    with told_in_words():
        capture = _current(bench, into, key)
        base = (st.get_option("server.baseUrlPath") or "").strip("/")
        address = f"{'/' + base if base else ''}/capture/{capture.token}"
        # The script tells when pictures have come or gone; this fragment then runs again and counts them itself.
        _capture(
            data={"address": address, "state": capture.model_dump(mode="json", include={"classes", "total"})},
            key=key,
            on_changed_change=_nothing,
        )
        if st.toggle("Use a phone as the camera", key=f"{key}_phone"):
            with st.container(border=True):
                show_phone(capture.token)
        _offer_import(bench, capture, into, key, primary)


def _nothing() -> None:
    """Components v2 report an event only where a callback is given."""


def _current(bench: Workbench, into: str | None, key: str) -> Capture:
    """The capture of this page: the session's, or the address's after a reload, or a new one."""
    slot = f"{key}_capture_{into or ''}"
    identifier = st.session_state.get(slot) or st.query_params.get(ADDRESS)
    capture = None
    if identifier:
        try:
            capture = bench.captures.get(identifier)
        except NotFoundError:  # it was made into a dataset
            capture = None
    if capture is None:
        classes = _FIRST_CLASSES if into is None else tuple(bench.datasets.get(into).classes)[:_MOST_OFFERED]
        capture = bench.captures.begin(classes or _FIRST_CLASSES)
    st.session_state[slot] = capture.id
    if st.query_params.get(ADDRESS) != capture.id:
        st.query_params[ADDRESS] = capture.id
    return capture


def _offer_import(bench: Workbench, capture: Capture, into: str | None, key: str, primary: bool) -> None:
    name = ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if into is None:
            name = _ask_name(bench, key)
        missing = "Take pictures first" if not capture.total else "" if name or into else "Give it a name first"
        pressed = st.button(
            _button_words(capture.total, into),
            key=f"{key}_make",
            type="primary" if primary else "secondary",
            icon=":material/download:",
            disabled=bool(missing),
        )
    hint = f"{missing}." if missing else _hint(capture, into)
    if hint:
        quiet(hint)
    if pressed:
        title = bench.datasets.get(into).name if into else name
        job = start_import(title, partial(_import, bench, capture.id, name, into))
        st.query_params["import"] = job.id  # the capture stays in the address: after a failure its pictures are there
        st.rerun()


def _hint(capture: Capture, into: str | None) -> str:
    """What would make the dataset better, one thing at a time."""
    taken = [entry for entry in capture.classes if entry.count]
    if into is None and len(taken) == 1:
        return "All of one class so far. Training will ask for a second."
    if into is None and any(entry.holds < _LEAST_HOLDS for entry in taken):
        return (
            f"Take each class in at least {_LEAST_HOLDS} holds, from different sides. Pictures of one hold look alike "
            "and stay together, so with fewer none can be kept aside to test with."
        )
    return ""


def _ask_name(bench: Workbench, key: str) -> str:
    suggestion = bench.datasets.free_name("Camera pictures")
    slot = f"{key}_name_{suggestion}"
    return st.text_input("Name of the dataset", value=suggestion, max_chars=80, key=slot, width=360).strip()


def _button_words(total: int, into: str | None) -> str:
    if not total:
        return "Add pictures" if into else "Make a dataset"
    return f"Add {count(total, 'picture')}" if into else f"Make a dataset of {count(total, 'picture')}"


def _import(
    bench: Workbench, identifier: str, name: str, into: str | None, progress: Progress, cancelled: Cancelled
) -> ImportReport:
    return bench.imports.capture(identifier, name, into=into, progress=progress, cancelled=cancelled)
