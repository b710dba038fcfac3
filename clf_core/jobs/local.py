"""Workers as processes of this machine, each in a session of its own so that it outlives the server."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from clf_core.device import cpu_count
from clf_core.errors import InternalError
from clf_core.files import storage_error
from clf_core.jobs import process
from clf_core.jobs.summary import session_seconds
from clf_core.results import RESTING_STATES, ErrorWords, RunState
from clf_core.training.allocator import worker_environment
from clf_core.workspace.records import ProcessIdentity, RunStatus
from clf_core.workspace.run_directory import RunDirectory

RUN_VARIABLE = "CLF_RUN_ID"
"""Environment variable that tells of each process which run it works for."""

QUEUE_VARIABLE = "CLF_START_NEXT"
"""Set for workers of this machine's queue: the one that ends starts the next."""

SHARING_VARIABLE = "CLF_SHARING"
"""How many runs and searches may be at work at a time; a search divides the cores by it."""

_SET_VARIABLE = "CLF_WORKER_VARIABLES"
"""Names of what was set for a worker only, so that the worker it starts after itself does not inherit it."""

_THREADS_VARIABLE = "OMP_NUM_THREADS"
"""Threads of one process in torch; a person's own wish wins."""

_GRACE_SECONDS = 1.2
"""How long a worker may take to stop by itself, which leaves its directory tidiest, before it is killed."""

_KILL_SECONDS = 0.6
_POLL_SECONDS = 0.02


class LocalLauncher:
    """Runs each worker as ``python -m clf_core.jobs.worker RUN_DIR``.

    Args:
        processes: of one run; more than one train data-parallel under torchrun.
        module: what is run.
    """

    def __init__(self, processes: int = 1, module: str = "clf_core.jobs.worker") -> None:
        self._processes = processes
        self._module = module
        self._children: list[tuple[RunDirectory, subprocess.Popen[bytes]]] = []
        self._lock = threading.Lock()

    def submit(self, run: RunDirectory, sharing: int = 1) -> None:
        """Start the worker of a run; see ``Launcher``."""
        try:
            if run.status() is not None:  # of an earlier session, some processes may be left
                _end_all(run)
            child = self._spawn(run, sharing)
        except BaseException as error:
            _mark_as_not_started(run, error)
            raise
        # The worker also writes its identity itself, so nothing depends on this line being reached.
        identity = process.identify(child.pid)
        if identity is not None:
            run.write_launched(identity)
        elif has_not_spoken(run.status()):
            _mark_as_not_started(run, InternalError("Its process ended at once"))

    def cancel(self, run: RunDirectory) -> None:
        """Ask the worker to stop, and kill it if it does not; see ``Launcher``."""
        run.request_cancel()
        if not self._gone_within(_GRACE_SECONDS, run):
            worker = _worker_of(run, run.status())
            if worker is not None and process.is_alive(worker):
                _kill_group(worker)
                self._gone_within(_KILL_SECONDS, run)
        _end_all(run)
        status = run.status()
        if status is not None and status.state not in RESTING_STATES:
            seconds = status.seconds + session_seconds(status)
            run.write_status(status.model_copy(update={"state": "cancelled", "seconds": seconds}))

    def state(self, run: RunDirectory) -> RunState:
        """Derive the state from the directory and the worker's process; see ``Launcher``."""
        self._reap()
        status = run.status()
        if status is None or status.state not in RESTING_STATES:
            if _is_alive(run, status):
                return "starting" if has_not_spoken(status) else "running"
            # It may have written its last word, and have ended, after that was looked for above.
            self._reap()
            status = run.status()
        if status is not None and status.state in RESTING_STATES:
            return status.state
        return "cancelled" if run.cancel_requested() else "interrupted"

    def _spawn(self, run: RunDirectory, sharing: int) -> subprocess.Popen[bytes]:
        module = ["-m", self._module]
        if self._processes > 1:
            torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={self._processes}"]
            module = [*torchrun, *module]
        try:
            with run.log_path.open("ab") as log:
                child = subprocess.Popen(
                    [sys.executable, *module, str(run.path)],
                    cwd=Path(__file__).parents[2],  # where clf_core is found
                    env=_environment(run, sharing),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise storage_error(error, run.log_path) from error
        with self._lock:
            self._children.append((run, child))
        return child

    def _gone_within(self, seconds: float, run: RunDirectory) -> bool:
        """Wait for the process itself to end: a worker that has said its last word may still hang on the way out."""
        deadline = time.monotonic() + seconds
        while _is_alive(run, run.status()):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
            self._reap()
        return True

    def _reap(self) -> None:
        # An ended child stays a zombie until its parent asks for it.
        with self._lock:
            for run, child in self._children:
                if child.poll() not in (None, 0):
                    run.write_exit(child.returncode)
            self._children = [(run, child) for run, child in self._children if child.returncode is None]


def has_not_spoken(status: RunStatus | None) -> bool:
    """True before the worker of this session has written anything."""
    return status is None or status.state == "queued"


def _worker_of(run: RunDirectory, status: RunStatus | None) -> ProcessIdentity | None:
    """The worker of this session, None before one was started."""
    return run.launched() if status is None or has_not_spoken(status) else status.worker


def _is_alive(run: RunDirectory, status: RunStatus | None) -> bool:
    """Whether the worker lives, or whoever is to start it."""
    return process.is_alive(_worker_of(run, status) or run.starter())


def worker_variables(wanted: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with what a worker is to know; what was set for this process alone is gone."""
    return {**_inherited(), **wanted, _SET_VARIABLE: ",".join(wanted)}


def _inherited() -> dict[str, str]:
    earlier = os.environ.get(_SET_VARIABLE, "").split(",")
    return {name: value for name, value in os.environ.items() if name not in earlier}


def _environment(run: RunDirectory, sharing: int) -> dict[str, str]:
    """Return this process's environment with what the worker needs before its first line."""
    wanted = {RUN_VARIABLE: run.record.id, QUEUE_VARIABLE: "1", **worker_environment(run.config.preset)}
    if sharing > 1 and _THREADS_VARIABLE not in _inherited():
        # Threads of several runs that wait for each other on the same cores cost more than they bring.
        wanted[_THREADS_VARIABLE] = str(max(1, cpu_count() // sharing))
    return worker_variables(wanted)


def _end_all(run: RunDirectory) -> None:
    """End what still works for a run: torchrun puts its workers into sessions of their own."""
    for pid in process.marked(RUN_VARIABLE, run.record.id):
        process.kill(pid)


def _kill_group(worker: ProcessIdentity) -> None:
    try:
        if os.name == "nt":
            os.kill(worker.pid, signal.SIGTERM)
        else:
            os.killpg(worker.pid, signal.SIGKILL)  # the worker leads its session, hence its group
    except (ProcessLookupError, PermissionError):
        process.kill(worker.pid)  # a worker under torchrun leads none; or it ended in the meantime


def _mark_as_not_started(run: RunDirectory, error: BaseException) -> None:
    fault = error if isinstance(error, Exception) else InternalError("The start was broken off")
    words = ErrorWords(what="The training could not be started", why=str(fault), remedy="Train again", kind="internal")
    run.write_status(RunStatus(state="failed", worker=process.current(), began=time.time(), error=words))
