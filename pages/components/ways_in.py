"""Bringing pictures in: from the browser, from the studio's machine, from a camera, from a public collection."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import ImportOptions, SplitConfig
from clf_core.results import ImportReport
from pages.components.capture import ADDRESS, capture_form
from pages.components.heading import quiet
from pages.components.import_options import LONGEST_LABEL, label_input, rate_input, split_inputs
from pages.components.importing import Cancelled, Progress, being_imported, start_import
from pages.components.upload import earlier_uploads, forget, just_arrived, upload_zone, uploads_underway

_FILES, _SERVER, _CAMERA, _PUBLIC = "Files or folder", "Folder on this machine", "Camera", "Public dataset"
_ADD = "add_"
_LAYOUT_HELP = (
    "One folder per class; the folder's name is the class name. Folders called train, val and test are kept as given. "
    "A table (CSV) of file names and labels beside the pictures is read, too."
)


@dataclass(frozen=True)
class _Given:
    """What a person has pointed at.

    Attributes:
        suggestion: what a dataset of it may be called.
        take: the facade's method that imports it; given name or into, options, progress, cancelled.
        upload: the upload it is made of, if it is.
        loose: pictures whose class has to be asked for.
        video: one video.
        arrived: it has just come and nothing else was asked: the import may begin.
    """

    suggestion: str
    take: Callable[..., ImportReport]
    upload: str = ""
    loose: bool = False
    video: bool = False
    arrived: bool = False


def import_form(bench: Workbench, *, primary: bool, into: str | None = None) -> None:
    """Draw the ways in and start the import, which the data page then follows.

    Args:
        bench: the facade.
        primary: True where importing is the page's main action.
        into: the dataset that the pictures are added to; None makes a new one.
    """
    key = f"{_ADD}{into}" if into else "import"
    ways = [_FILES, _CAMERA, _PUBLIC]
    if bench.settings.import_folders != ():
        ways.insert(1, _SERVER)
    way = st.segmented_control(
        "Where are the pictures",
        ways,
        default=_CAMERA if ADDRESS in st.query_params else _FILES,  # a reload comes back to what was taken
        required=True,
        key=f"{key}_way",
        help=_LAYOUT_HELP,
    )
    if way == _CAMERA:
        capture_form(bench, into=into, key=f"{key}_capture", primary=primary)
        return
    draw = {_FILES: _from_browser, _SERVER: _from_server, _PUBLIC: _from_public}[str(way)]
    _finish(bench, draw(bench, key), key=key, into=into, primary=primary)


def show_underway() -> None:
    """Draw what is being sent out of sight; a press leads to its form. Stands once on every page."""
    key = uploads_underway(_open_form)
    if key == "home":
        st.switch_page("home.py")
    elif key is not None:
        dataset = {"dataset": key.removeprefix(_ADD)} if key.startswith(_ADD) else {}
        st.switch_page("data.py", query_params=dataset)


def ask_for_pictures(dataset_id: str, label: str) -> None:
    """Have the data page open with the form that adds pictures to a dataset, for a class."""
    st.session_state["adding_to"] = dataset_id
    st.session_state[f"{_ADD}{dataset_id}_label"] = label[:LONGEST_LABEL]


def _open_form(key: str) -> None:
    """Open the part of the data page that a form stands in."""
    if key.startswith(_ADD):
        st.session_state["adding_to"] = key.removeprefix(_ADD)
    else:
        st.session_state["more"] = True


def drop_form(bench: Workbench, *, key: str) -> None:
    """Draw the drop zone alone, with the questions that what is dropped brings up."""
    given = _from_browser(bench, key, alone=False)
    if given is not None:
        _finish(bench, given, key=key, into=None, primary=False)


def _from_browser(bench: Workbench, key: str, *, alone: bool = True) -> _Given | None:
    arrived = upload_zone(
        bench,
        key=key,
        lead="Drop pictures, a folder or an archive",
        hint="One folder per class. Archives (zip, tar) and videos work as well, gigabytes of them.",
        compact=not alone,
    )
    if arrived is None:
        if alone:
            earlier_uploads(bench, key=key, but=being_imported())
        return None
    return _Given(
        arrived.stem,
        partial(bench.imports.upload, arrived.upload.id),
        upload=arrived.upload.id,
        loose=arrived.loose,
        video=arrived.video,
        arrived=just_arrived(key),
    )


def _from_server(bench: Workbench, key: str) -> _Given | None:
    typed = st.text_input(
        "Path of a folder, archive or video on the machine the studio runs on",
        key=f"{key}_path",
        placeholder="~/pictures",
        help=_LAYOUT_HELP,
    ).strip()
    if not typed:
        return None

    def take(**how: object) -> ImportReport:
        return bench.imports.path(bench.imports.check_folder(typed), **how)

    return _Given(Path(typed).stem, take)


def _from_public(bench: Workbench, key: str) -> _Given | None:
    typed = st.text_input(
        "Name of the dataset in a public collection",
        key=f"{key}_public",
        placeholder="torchvision:CIFAR10 or hf:owner/name",
        help="torchvision: and a name from its list, or hf: and owner/name from the Hugging Face Hub. Needs a network.",
    ).strip()
    if not typed:
        return None
    return _Given(typed.rpartition("/")[2].rpartition(":")[2], partial(bench.imports.hub, typed))


def _finish(bench: Workbench, given: _Given | None, *, key: str, into: str | None, primary: bool) -> None:
    """Ask what is still to be asked, and start the import."""
    name = "" if into else _name_input(bench, given, key)
    asks_label = into is not None or bool(given and (given.loose or given.video))
    label = label_input(key, asked=bool(given and (given.loose or given.video))) if asks_label else ""
    rate = rate_input(key) if given and given.video else 1.0
    split = bench.datasets.get(into).split_config if into else SplitConfig()
    with st.expander("Advanced", icon=":material/tune:", key=f"{key}_advanced", on_change="rerun") as advanced:
        if advanced.open:
            split = split_inputs(key, split)
            label = label if asks_label else label_input(key, asked=False)
            rate = rate if given and given.video else rate_input(key)
    missing = _missing(bench, given, name, label, into)
    at_once = bool(given and given.arrived and not into and not asks_label and not advanced.open)
    if given is None and st.session_state.get(f"{key}_way", _FILES) == _FILES:
        return  # what is dropped brings up the rest
    pressed = st.button(
        "Add the pictures" if into else "Import",
        key=f"{key}_start",
        type="primary" if primary else "secondary",
        icon=":material/download:",
        disabled=bool(missing),
        help=missing or None,
    )
    if given is not None and missing:
        quiet(f"{missing}.")
    if given is not None and not missing and (pressed or at_once):
        options = ImportOptions(split=split, label=label, frames_per_second=rate)
        _start(bench, given, name, into, options, key)


def _name_input(bench: Workbench, given: _Given | None, key: str) -> str:
    """The dataset's name; what is given suggests one unless the person has typed another."""
    place, suggested = f"{key}_name", f"{key}_suggested"
    suggestion = bench.datasets.free_name(given.suggestion) if given and given.suggestion else ""
    if st.session_state.get(place, "") in ("", st.session_state.get(suggested, "")):
        st.session_state[place] = st.session_state[suggested] = suggestion
    return st.text_input(
        "Name of the dataset",
        max_chars=80,
        key=place,
        placeholder="Taken from what you bring",
        persist_state="session",
    ).strip()


def _missing(bench: Workbench, given: _Given | None, name: str, label: str, into: str | None) -> str:
    """What still stands between the person and the import, in words."""
    if given is None:
        return "Give pictures first"
    if given.loose and not label and not into:
        return "Say first which class the pictures are"
    if into:
        return ""
    if not name:
        return "Give it a name first"
    taken = name.casefold() in {dataset.name.casefold() for dataset in bench.datasets.list()}
    return "There is a dataset of this name" if taken else ""


def _start(bench: Workbench, given: _Given, name: str, into: str | None, options: ImportOptions, key: str) -> None:
    where = {"into": into} if into else {"name": name}

    def work(progress: Progress, cancelled: Cancelled) -> ImportReport:
        return given.take(**where, options=options, progress=progress, cancelled=cancelled)

    title = bench.datasets.get(into).name if into else name
    job = start_import(title, work, upload=given.upload, form=key)
    forget(key)
    st.session_state.pop(f"{key}_name", None)
    st.session_state.pop(f"{key}_suggested", None)
    st.switch_page("data.py", query_params={"import": job.id})
