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
from pages.components.upload import keep
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
    """One import: how far it is, and what became of it.

    Attributes:
        id: what the address calls it.
        title: what is imported, in a person's words.
        upload: the upload it is made of, if it is; a failed import leaves it to be used again.
        form: the form that started it, to be filled with the upload again.
        done, total, skipped: files looked at, files in all, files that cannot be used.
        report, error: how it ended.
        cancel: set to stop it.
        finished: set at the end.
    """

    id: str
    title: str
    upload: str = ""
    form: str = ""
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


def start_import(title: str, work: Work, *, upload: str = "", form: str = "") -> ImportJob:
    """Start an import in a thread of its own and return at once. See ``ImportJob`` for the arguments."""
    with _lock:
        # Not a counter: after a restart an old address must not lead to somebody else's import.
        job = ImportJob(secrets.token_hex(4), title, upload, form)
        _jobs[job.id] = job
        for old in [key for key, value in _jobs.items() if value.finished.is_set()][:-_KEPT]:
            del _jobs[old]
    threading.Thread(target=job.run, args=(work,), name=f"import-{job.id}", daemon=True).start()
    return job


def being_imported() -> set[str]:
    """Return the uploads that imports are at work on."""
    with _lock:
        return {job.upload for job in _jobs.values() if job.upload and not job.finished.is_set()}


def follow_import() -> Literal["none", "going", "failed"]:
    """Draw the import named in the address and say how it stands; a finished one becomes the page's dataset.

    A failed one stays in the address, so that its words stay on the page until the person goes on.
    """
    job = _jobs.get(st.query_params.get("import", ""))
    if job is not None and not job.finished.is_set():
        st.fragment(_draw_progress, run_every=_TICK_SECONDS)(job)
        return "going"
    if job is not None and job.error is not None:
        _tell_failure(job)
        return "failed"
    if st.query_params.pop("import", None) and job is None:
        st.info(
            "The import in the address is not followed any more. If its pictures are not here, the studio was stopped "
            "before the import was complete, and nothing of it was added: import it again. What you have sent is kept "
            "and need not be sent again.",
            icon=":material/info:",
        )
    if job is not None and job.report is not None:
        st.session_state["last_dataset"] = job.report.dataset_id
        st.session_state["pick_dataset"] = job.report.dataset_id
        st.query_params["dataset"] = job.report.dataset_id
        st.query_params.pop("capture", None)  # what a camera took is in the dataset now
    return "none"


def _tell_failure(job: ImportJob) -> None:
    if isinstance(job.error, CancelledError):
        st.info("Import stopped. Nothing was added.", icon=":material/stop_circle:")
    elif job.error is not None:
        show_error(job.error, ours=isinstance(job.error, InternalError))
    if job.upload:
        quiet("What you have sent is still here and need not be sent again. Remove it if it cannot be used.")
    if job.upload and st.session_state.get("told_failure") != job.id:  # once: the person may well remove it then
        st.session_state["told_failure"] = job.id
        keep(job.form, job.upload)


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
