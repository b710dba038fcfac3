"""Taking a dataset away: a file is written beside the workspace's data and fetched once by an address of its own."""

import re
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from clf_core.api import Workbench
from clf_core.results import DatasetSummary, ExportKind
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.problems import told_in_words
from pages.components.words import size

_WORDS: dict[ExportKind, tuple[str, str]] = {
    "folders": ("Class folders", "A zip with train, val and test, in each one folder per class. Any tool reads it."),
    "csv": ("Table and pictures", "A zip with the pictures and a CSV of their classes and splits."),
    "parquet": ("Parquet", "A zip with pictures and labels in the files that Hugging Face datasets loads."),
}
_KEPT_SECONDS = 3600.0
_UNSAFE = re.compile(r"[^\w\- ]+")


@dataclass(frozen=True)
class _Waiting:
    """A written file that waits to be fetched."""

    path: Path
    name: str
    made: float


_waiting: dict[str, _Waiting] = {}
_lock = threading.Lock()


@st.dialog("Export")
def export_dialog(bench: Workbench, dataset: DatasetSummary) -> None:
    """Choose the form and the version, write the file, fetch it."""
    with told_in_words():
        kind: ExportKind = st.radio(
            "As",
            list(_WORDS),
            format_func=lambda kind: _WORDS[kind][0],
            captions=[words for _, words in _WORDS.values()],
            key="export_kind",
        )
        versions = {version.version: version for version in bench.editing.versions(dataset.id)}
        version = dataset.version
        if len(versions) > 1:
            version = st.selectbox(
                "Version",
                list(versions),
                format_func=lambda number: f"{number}: {plain(versions[number].what, 50)}",
                key="export_version",
            )
        quiet("Pictures left out of use are not exported. The files are as they were given, byte for byte.")
        if st.button("Write the file", type="primary", icon=":material/package_2:", key="export_write"):
            st.session_state["export_ready"] = _write(bench, dataset, kind, version), kind, version, dataset.id
        ready = st.session_state.get("export_ready")
        if ready and ready[1:] == (kind, version, dataset.id):
            _offer(ready[0])


def _write(bench: Workbench, dataset: DatasetSummary, kind: ExportKind, version: int) -> str:
    """Write the file with its progress drawn, and return the token it is fetched by."""
    folder = bench.settings.workspace / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    forget_old(folder)
    token = secrets.token_urlsafe(24)
    path = folder / secrets.token_hex(16)
    bar = st.progress(0.0, "Writing")
    try:
        bench.exporting.write(
            dataset.id,
            kind,
            path,
            version=version,
            split_folders=True,
            progress=lambda done, total: bar.progress(done / max(1, total), f"{done:,} of {total:,} pictures"),
        )
    except BaseException:  # the person closed the dialog or the disk is full: leave nothing behind
        path.unlink(missing_ok=True)
        raise
    bar.empty()
    name = file_name(dataset.name, version)
    with _lock:
        _waiting[token] = _Waiting(path, name, time.time())
    return token


def _offer(token: str) -> None:
    with _lock:
        waiting = _waiting.get(token)
    if waiting is None:
        quiet("The file was fetched. Write it again to have it once more.")
        return
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    address = f"{'/' + base if base else ''}/export/{token}"
    words = f"Download {md(waiting.name, 60)} ({size(waiting.path.stat().st_size)})"
    st.link_button(words, address, icon=":material/download:", type="primary", width="stretch")
    quiet("It can be fetched once and is removed afterwards, at the latest after an hour.")


def file_name(name: str, version: int) -> str:
    """A name for the file that any system can keep, from a dataset's name."""
    kept = " ".join(_UNSAFE.sub(" ", name).split())[:80].strip() or "dataset"
    return f"{kept} version {version}.zip"


def forget_old(folder: Path) -> None:
    """Remove files nobody fetched within the hour, those of an earlier server included."""
    now = time.time()
    with _lock:
        for token in [token for token, waiting in _waiting.items() if now - waiting.made > _KEPT_SECONDS]:
            del _waiting[token]
    for path in folder.iterdir():
        if path.is_file() and now - path.stat().st_mtime > _KEPT_SECONDS:
            path.unlink(missing_ok=True)


def export_routes() -> list[Route]:
    """Return the route that files are fetched by."""
    return [Route("/export/{token}", download, methods=["GET"])]


async def download(request: Request) -> Response:
    """Answer /export/<token> once with the file behind it, and remove that."""
    token = request.path_params["token"]
    with _lock:
        waiting = _waiting.get(token) if request.method == "HEAD" else _waiting.pop(token, None)
    if waiting is None or time.time() - waiting.made > _KEPT_SECONDS or not waiting.path.is_file():
        return PlainTextResponse("This file is not here any more. Write it again.", status_code=404)
    return FileResponse(
        waiting.path,
        filename=waiting.name,  # as an attachment, quoted by Starlette
        media_type="application/octet-stream",
        headers={"Cache-Control": "no-store"},
        background=None if request.method == "HEAD" else BackgroundTask(waiting.path.unlink, missing_ok=True),
    )
