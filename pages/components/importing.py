"""Imports in the background of the server: they go on when a tab is closed or another page is opened."""

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from clf_core.errors import CancelledError, ClfError, InternalError
from clf_core.results import ImportReport
from pages.components.escaping import md
from pages.components.heading import quiet, title
from pages.components.problems import show_error, told_in_words
from pages.components.words import count

_KEPT = 50
_TICK_SECONDS = 0.3

_log = logging.getLogger(__name__)
_jobs: "dict[str, ImportJob]" = {}
_lock = threading.Lock()

Progress = Callable[[int, int, int], None]
Cancelled = Callable[[], bool]
Work = Callable[[Progress, Cancelled], ImportReport]
"""An import, given its progress callback and the question whether it was cancelled."""


@dataclass
class ImportJob:
    """One import: how far it is, and what became of it."""

    id: str
    title: str
    done: int = 0
    total: int = 0
    skipped: int = 0
    report: ImportReport | None = None
    error: ClfError | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)

    def run(self, work: Work) -> None:
        """Do the import; whatever happens, ``finished`` is set at the end."""
        try:
            self.report = work(self._progress, self.cancel.is_set)
        except ClfError as error:
            self.error = error
        except Exception:  # the thread's last net; the page tells the person  # noqa: BLE001
            _log.exception("import failed")
            self.error = InternalError("The import failed inside the studio", remedy="The server's log has the details")
        finally:
            self.finished.set()

    def _progress(self, done: int, total: int, skipped: int) -> None:
        self.done, self.total, self.skipped = done, total, skipped


def start_import(title: str, work: Work) -> ImportJob:
    """Start an import in a thread of its own and return at once."""
    with _lock:
        # Not a counter: after a restart an old address must not lead to somebody else's import.
        job = ImportJob(secrets.token_hex(4), title)
        _jobs[job.id] = job
        for old in [key for key, value in _jobs.items() if value.finished.is_set()][:-_KEPT]:
            del _jobs[old]
    threading.Thread(target=job.run, args=(work,), name=f"import-{job.id}", daemon=True).start()
    return job


def follow_import() -> Literal["none", "going", "failed"]:
    """Draw the import named in the address and say how it stands; a finished one becomes the page's dataset.

    A failed one stays in the address, so that its words stay on the page until the person goes on.
    """
    job = _jobs.get(st.query_params.get("import", ""))
    if job is not None and not job.finished.is_set():
        st.fragment(_draw_progress, run_every=_TICK_SECONDS)(job)
        return "going"
    if job is not None and isinstance(job.error, CancelledError):
        st.info("Import stopped. Nothing was added.", icon=":material/stop_circle:")
        return "failed"
    if job is not None and job.error is not None:
        show_error(job.error, ours=isinstance(job.error, InternalError))
        return "failed"
    if st.query_params.pop("import", None) and job is None:
        st.info(
            "The import in the address is not followed any more. If its dataset is not in the list, the studio was "
            "stopped before the import was complete, and nothing of it was added: import it again.",
            icon=":material/info:",
        )
    if job is not None and job.report is not None:
        st.session_state["last_dataset"] = job.report.dataset_id
        st.session_state["pick_dataset"] = job.report.dataset_id
        st.query_params["dataset"] = job.report.dataset_id
    return "none"


def _draw_progress(job: ImportJob) -> None:
    with told_in_words():
        if job.finished.is_set():
            st.rerun()
        title(f"Importing {md(job.title)}")
        with st.container(border=True):
            if job.total:
                skipped = f", {count(job.skipped, 'file')} skipped" if job.skipped else ""
                st.progress(min(1.0, job.done / job.total), f"{job.done:,} of {job.total:,} files looked at{skipped}")
            else:
                st.progress(0.0, "Reading the list of files")
            quiet("Every picture is decoded once, so that a broken one shows up now. You can leave this page.")
            stopping = job.cancel.is_set()
            words = "Stopping" if stopping else "Cancel"
            if st.button(words, key="cancel_import", icon=":material/close:", disabled=stopping):
                job.cancel.set()
