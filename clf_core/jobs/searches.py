"""Searches as processes of this machine: started, watched, ended. All answers come from the directories."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from clf_core.errors import StorageError
from clf_core.files import storage_error
from clf_core.jobs import process
from clf_core.jobs.local import QUEUE_VARIABLE, SHARING_VARIABLE, worker_variables
from clf_core.jobs.search_words import INTERRUPTED
from clf_core.results import SEARCH_FINAL_STATES, ErrorWords, SearchProgress, SearchState, SearchSummary, Trial
from clf_core.training.search_judgement import best_trial
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.search_directory import SearchDirectory, SearchStatus

_GRACE_SECONDS = 4.0
"""How long the worker may take to break off its trials, before it is killed with them."""

_POLL_SECONDS = 0.02


class SearchJobs:
    """Starts the worker of a search in a session of its own, so that it outlives the server."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def submit(self, search: SearchDirectory, sharing: int = 1) -> None:
        """Start the worker of a search and return at once. Two at once do no harm: the second one finds the lock.

        Args:
            search: what to do.
            sharing: how many runs and searches may be at work on the machine at a time, this one included.

        Raises:
            StorageError: the disk refused; the search is marked as failed.
        """
        try:
            child = self._spawn(search, sharing)
        except StorageError as error:
            words = ErrorWords(what=error.what, why=error.why, remedy=error.remedy, kind="storage")
            before = search.status() or SearchStatus(state="failed", worker=process.current())
            search.write_status(before.model_copy(update={"state": "failed", "error": words}))
            raise
        with self._lock:
            self._children.append(child)
        worker = process.identify(child.pid)
        if worker is not None:
            search.write_launched(worker)

    @staticmethod
    def _spawn(search: SearchDirectory, sharing: int) -> subprocess.Popen[bytes]:
        try:
            with search.log_path.open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-m", "clf_core.jobs.search_worker", str(search.path)],
                    cwd=Path(__file__).parents[2],  # where clf_core is found
                    env=worker_variables({QUEUE_VARIABLE: "1", SHARING_VARIABLE: str(sharing)}),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise storage_error(error, search.log_path) from error

    def state(self, search: SearchDirectory) -> SearchState:
        """Return the state of a search as it is now; that it waits in the queue is not told here.

        Raises:
            StorageError: its files cannot be read.
        """
        self._reap()
        status = search.status()
        if status is None or status.state == "queued":  # its worker has not spoken in this session
            if process.is_alive(search.launched() or search.starter()):
                return "starting"
        elif status.state not in SEARCH_FINAL_STATES and process.is_alive(status.worker):
            return "running"
        status = search.status()  # it may have written its last word after it was read above
        if status is not None and status.state in SEARCH_FINAL_STATES:
            return status.state
        return "cancelled" if search.wish() == "cancel" else "interrupted"

    def cancel(self, search: SearchDirectory) -> None:
        """End a search and return once it has ended; what was tried is kept.

        Raises:
            StorageError: the disk refused.
        """
        search.request("cancel")
        deadline = time.monotonic() + _GRACE_SECONDS
        while self.state(search) not in SEARCH_FINAL_STATES:
            if time.monotonic() > deadline:
                _kill(search)
            time.sleep(_POLL_SECONDS)

    def summary(self, search: SearchDirectory, place: int = 0) -> SearchSummary:
        """Return a search as it is listed; one whose files cannot be read counts as failed.

        Args:
            search: which one.
            place: its place in the queue, from 1; 0 where it does not wait.

        Raises:
            StorageError: not even what it is can be read.
        """
        return self._progress(search, place)[0]

    def progress(self, search: SearchDirectory, place: int = 0) -> SearchProgress:
        """Return where a search stands; arguments as of ``summary``.

        Raises:
            StorageError: not even what it is can be read.
        """
        summary, status, trials = self._progress(search, place)
        best = best_trial(trials, search.config().judge) if trials else None
        share, left = _standing(search, summary, status, trials)
        return SearchProgress(
            search=summary,
            trials=trials,
            best=None if best is None else best.number,
            importances=search.importances(),
            validation_pictures=search.record.validation_pictures,
            share=share,
            eta_seconds=left,
            messages=status.messages if status else (),
        )

    def _progress(
        self, search: SearchDirectory, place: int
    ) -> tuple[SearchSummary, SearchStatus | None, tuple[Trial, ...]]:
        record, status, error = search.record, None, None
        try:
            state: SearchState = "queued" if place else self.state(search)
            status, judge = search.status(), search.config().judge
            error = INTERRUPTED if state == "interrupted" else status.error if status else None
        except StorageError as damaged:
            state, judge = "failed", "accuracy"
            error = ErrorWords(what=damaged.what, why=damaged.why, remedy=damaged.remedy, kind="storage")
        trials = search.trials()
        best = best_trial(trials, judge)
        summary = SearchSummary(
            id=record.id,
            name=record.name,
            dataset=record.dataset,
            dataset_id=record.dataset_id,
            version=record.version,
            state=state,
            created=record.created,
            seconds=status.seconds if status else 0.0,
            trials=sum(trial.state != "running" for trial in trials),
            accuracy=best.accuracy if best else None,
            winner_run=status.winner_run if status else "",
            error=error,
            resumable=state in SEARCH_FINAL_STATES and (error is None or error.kind != "storage"),
            place=place,
        )
        return summary, status, trials

    def _reap(self) -> None:
        with self._lock:  # an ended child stays a zombie until its parent asks for it
            self._children = [child for child in self._children if child.poll() is None]


def _standing(
    search: SearchDirectory, summary: SearchSummary, status: SearchStatus | None, trials: tuple[Trial, ...]
) -> tuple[float, float | None]:
    """The share of the budget that is used up, and the seconds left where that can be told."""
    if summary.state in SEARCH_FINAL_STATES or summary.state == "queued" or status is None:
        return (1.0 if summary.state == "done" else 0.0), None
    config = search.config()
    used = status.seconds - status.seconds_before
    shares, left = [0.0], []
    if config.minutes is not None:
        shares.append(used / (config.minutes * 60))
        left.append(config.minutes * 60 - used)
    ended = sum(trial.state in ("done", "pruned", "failed") for trial in trials) - status.trials_before
    if config.trials is not None:
        shares.append(ended / config.trials)
        if ended > 0:
            left.append(used / ended * (config.trials - ended))
    return min(1.0, max(shares)), max(0.0, min(left)) if left else None


def _kill(search: SearchDirectory) -> None:
    status = search.status()
    spoken = status is not None and status.state != "queued"
    worker: ProcessIdentity | None = status.worker if status is not None and spoken else search.launched()
    if worker is None or not process.is_alive(worker):
        return
    try:
        if os.name == "nt":
            os.kill(worker.pid, signal.SIGTERM)
        else:
            os.killpg(worker.pid, signal.SIGKILL)  # the worker leads its session; its trials are in its group
    except (ProcessLookupError, PermissionError):
        return  # ended in the meantime
