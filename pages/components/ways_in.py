"""Bringing pictures in: an archive or files, a folder from the browser, or a folder on the studio's machine."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import ImportReport
from pages.components.importing import Cancelled, Progress, start_import

_FILES, _FOLDER, _SERVER = "Zip archive", "Folder", "Folder on this machine"
NamedImport = Callable[[str, Progress, Cancelled], ImportReport]
"""An import that still waits for the dataset's name."""

_LAYOUT_HELP = (
    "One folder per class; the folder's name is the class name. Folders called train, val and test are kept as given."
)


def import_form(bench: Workbench, *, primary: bool) -> None:
    """Draw the ways in and start the import.

    Args:
        bench: the facade.
        primary: True where importing is the page's main action.
    """
    ways = [_FILES, _FOLDER]
    if bench.settings.import_folders != ():
        ways.append(_SERVER)
    way = st.segmented_control(
        "Where are the pictures", ways, default=_FILES, required=True, key="import_way", help=_LAYOUT_HELP
    )
    suggestion, work = _from_server(bench) if way == _SERVER else _from_browser(bench, folder=way == _FOLDER)
    if suggestion:
        suggestion = bench.datasets.free_name(suggestion)
    name = st.text_input("Name of the dataset", value=suggestion, max_chars=80, key=f"import_name_{suggestion}")
    missing = "Give pictures first" if work is None else "" if name.strip() else "Give it a name first"
    pressed = st.button(
        "Import",
        type="primary" if primary else "secondary",
        icon=":material/download:",
        disabled=bool(missing),
        help=missing or None,
    )
    if pressed and work is not None:
        job = start_import(name, partial(work, name))
        st.query_params["import"] = job.id
        st.rerun()


def _from_browser(bench: Workbench, *, folder: bool) -> tuple[str, NamedImport | None]:
    if folder:
        files = st.file_uploader(
            "A folder from your computer",
            accept_multiple_files="directory",
            key="import_directory",
            help=f"{_LAYOUT_HELP} For more than a few hundred pictures a zip archive is much faster.",
        )
    else:
        single = st.file_uploader("A zip archive", ["zip"], key="import_archive", help=_LAYOUT_HELP)
        files = [single] if single else []
    if not files:
        return "", None
    given = [(file.name, file) for file in files]
    first = files[0].name
    suggestion = first.rsplit(".", 1)[0] if not folder else first.split("/", 1)[0]

    def work(name: str, progress: Progress, cancelled: Cancelled) -> ImportReport:
        return bench.imports.files(given, name, progress=progress, cancelled=cancelled)

    return suggestion, work


def _from_server(bench: Workbench) -> tuple[str, NamedImport | None]:
    typed = st.text_input(
        "Path of a folder or zip archive on the machine the studio runs on",
        key="import_path",
        placeholder="~/pictures",
        help=_LAYOUT_HELP,
    ).strip()
    if not typed:
        return "", None

    def work(name: str, progress: Progress, cancelled: Cancelled) -> ImportReport:
        path = bench.imports.check_folder(typed)
        return bench.imports.path(path, name, progress=progress, cancelled=cancelled)

    return Path(typed).stem, work
