"""Workers as processes of this machine, each in a session of its own so that it outlives the server."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from clf_core.errors import InternalError
from clf_core.files import storage_error
from clf_core.jobs import process
from clf_core.results import FINAL_STATES, ErrorWords, RunState
from clf_core.workspace.records import ProcessIdentity, RunStatus
from clf_core.workspace.run_directory import RunDirectory

_GRACE_SECONDS = 1.2
"""How long a worker may take to stop by itself, which leaves its directory tidiest, before it is killed."""

_KILL_SECONDS = 0.6
_POLL_SECONDS = 0.02


class LocalLauncher:
    """Runs each worker as ``python -m clf_core.jobs.worker RUN_DIR``."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def submit(self, run: RunDirectory) -> None:
        """Start the worker of a run; see ``Launcher``."""
        try:
            child = self._spawn(run)
        except BaseException as error:
            _mark_as_not_started(run, error)
            raise
        # The worker also writes its identity itself, so nothing depends on this line being reached.
        identity = process.identify(child.pid)
        if identity is not None:
            run.write_launched(identity)

    def cancel(self, run: RunDirectory) -> None:
        """Ask the worker to stop, and kill it if it does not; see ``Launcher``."""
        run.request_cancel()
        if not self._gone_within(_GRACE_SECONDS, run):
            worker = _worker_of(run)
            if worker is not None and process.is_alive(worker):
                _kill(worker)
                self._gone_within(_KILL_SECONDS, run)

    def state(self, run: RunDirectory) -> RunState:
        """Derive the state from the directory and the worker's process; see ``Launcher``."""
        self._reap()
        status = run.status()
        if status is None or status.state not in FINAL_STATES:
            worker = _worker_of(run)
            if process.is_alive(worker or run.record.created_by):
                return "starting" if status is None else "running"
            # It may have written its last word after it was read above.
            status = run.status()
        if status is not None and status.state in FINAL_STATES:
            return status.state
        return "cancelled" if run.cancel_requested() else "interrupted"

    def _spawn(self, run: RunDirectory) -> subprocess.Popen[bytes]:
        try:
            with run.log_path.open("ab") as log:
                child = subprocess.Popen(
                    [sys.executable, "-m", "clf_core.jobs.worker", str(run.path)],
                    cwd=Path(__file__).parents[2],  # where clf_core is found
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise storage_error(error, run.log_path) from error
        with self._lock:
            self._children.append(child)
        return child

    def _gone_within(self, seconds: float, run: RunDirectory) -> bool:
        """Wait for the process itself to end: a worker that has said its last word may still hang on the way out."""
        deadline = time.monotonic() + seconds
        while process.is_alive(_worker_of(run) or run.record.created_by):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
            self._reap()
        return True

    def _reap(self) -> None:
        # An ended child stays a zombie until its parent asks for it.
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]


def _worker_of(run: RunDirectory) -> ProcessIdentity | None:
    status = run.status()
    return status.worker if status is not None else run.launched()


def _kill(worker: ProcessIdentity) -> None:
    try:
        if os.name == "nt":
            os.kill(worker.pid, signal.SIGTERM)
        else:
            os.killpg(worker.pid, signal.SIGKILL)  # the worker leads its session, hence its group
    except (ProcessLookupError, PermissionError):
        return  # ended in the meantime


def _mark_as_not_started(run: RunDirectory, error: BaseException) -> None:
    fault = error if isinstance(error, Exception) else InternalError("The start was broken off")
    words = ErrorWords(what="The training could not be started", why=str(fault), remedy="Train again", kind="internal")
    run.write_status(RunStatus(state="failed", worker=process.current(), began=time.time(), error=words))
