"""The worker: ``python -m clf_core.jobs.worker RUN_DIR`` trains, tests and writes only into that directory.

It needs no index and no server: the directory says what to do, and takes what came of it.
"""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from clf_core.errors import CancelledError, ClfError, PausedError
from clf_core.jobs import process
from clf_core.jobs.event_callbacks import EventCallbacks
from clf_core.jobs.examination import Examination
from clf_core.jobs.failure import in_words
from clf_core.jobs.local import QUEUE_VARIABLE
from clf_core.jobs.presets import Places, train_run
from clf_core.results import RunState
from clf_core.training.callbacks import SilentCallbacks, Wish
from clf_core.workspace import Workspace
from clf_core.workspace.events import EventTail
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory

_log = logging.getLogger(__name__)

_HEADLINES = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "nll", "brier", "ece")

_RANK = "RANK"
"""Set by torchrun: the number of this process among those that train together."""


def main(arguments: list[str]) -> int:
    """Do the run in the directory given; the exit status is 0 when it is done, paused or was cancelled."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1 or not Path(arguments[0], "run.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.worker RUN_DIR\n")
        return 2
    run = RunDirectory(Path(arguments[0]).absolute())
    if int(os.environ.get(_RANK, "0")) > 0:
        return _help(run, int(os.environ[_RANK]))
    with _only_one(run) as alone:
        if not alone:
            _log.warning("Another worker is at this run")
            return 0
        exit_status = _Worker(run).work()
    if QUEUE_VARIABLE in os.environ:
        _start_next(run)
    return exit_status


class _Worker:
    """Takes one run from its start to its end, and says in status.json how it went."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._started = time.monotonic()
        self._events = EventCallbacks(run, self._epoch_done)
        self._status = RunStatus(
            state="running",
            worker=process.current(),
            began=time.time(),
            ticks=self._started,
            memory_kills=process.memory_kills(),
        )

    def work(self) -> int:
        """Run all stages; whatever happens, the last thing written is a status in which no worker is at work."""
        try:
            if not self._take_up():
                return 0
            self._train_and_test()
        except CancelledError:
            return self._end("cancelled")
        except PausedError:
            return self._end("paused")
        except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
            _log.exception("The run failed")
            self._status = self._status.model_copy(update={"error": in_words(error)})
            return self._end("failed", exit_status=1)
        return self._end("done")

    def _take_up(self) -> bool:
        """Begin, or go on where an earlier session ended; False where there is nothing left to do."""
        run, earlier = self._run, self._run.status()
        if earlier is not None and earlier.state in ("done", "cancelled"):
            return False
        if earlier is not None:
            kept = {name: getattr(earlier, name) for name in ("seconds", "sessions", "epochs", "chosen")}
            self._status = self._status.model_copy(update=kept)
        run.write_status(self._status)
        run.tidy()
        if earlier is None and run.record.extends:
            self._take_over_epochs()
        return True

    def _take_over_epochs(self) -> None:
        """Tell the epochs of the run this one extends, so that the course is seen from its beginning."""
        earlier = RunDirectory(self._run.path.parent / self._run.record.extends)
        for event in EventTail(earlier.events_path).read_new():
            if event.kind == "epoch" and event.epoch is not None:
                self._events.epoch(event.epoch)

    def _epoch_done(self, epochs: int) -> None:
        self._status = self._status.model_copy(update={"epochs": epochs})
        self._run.write_status(self._status)

    def _end(self, state: RunState, exit_status: int = 0) -> int:
        run, seconds = self._run, self._status.seconds + time.monotonic() - self._started
        if state == "done":
            run.checkpoints.keep_latest()
            run.clear_scratch()
        run.write_status(self._status.model_copy(update={"state": state, "seconds": seconds}))
        run.clear_wish()
        if state == "cancelled":
            run.checkpoints.drop()
        if state == "cancelled" or (state == "failed" and not run.checkpoints):
            run.clear_scratch()
        if state == "done" and run.record.extends:  # from here on it is this run that can be extended
            RunDirectory(run.path.parent / run.record.extends).checkpoints.drop()
        return exit_status

    def _train_and_test(self) -> None:
        run, events = self._run, self._events
        events.stage("prepare", 0)
        events.check_cancelled()  # before the imports, which take a moment
        workspace = Workspace(run.path.parent.parent)
        manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
        trained = train_run(run, workspace, manifest, events, Places(run.scratch_folder, run.model_folder))
        events.check_cancelled()
        report = Examination(run, workspace, manifest, trained, events).hold()
        quick = run.config.preset == "quick"
        self._status = self._status.model_copy(
            update={
                "metrics": {} if report is None else {name: getattr(report, name) for name in _HEADLINES},
                "images_per_second": events.pictures_per_second if quick else trained.result.images_per_second,
                "chosen": dict(trained.result.chosen),
            }
        )


class _HelperCallbacks(SilentCallbacks):
    """Of a process that trains along under torchrun: it says nothing, but hears what is asked of the run."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run

    def wish(self) -> Wish:
        """What somebody asks of this run."""
        return self._run.wish()

    def check_cancelled(self) -> None:
        """Raise if somebody asked to stop.

        Raises:
            CancelledError: somebody did.
        """
        if self._run.cancel_requested():
            raise CancelledError("The training was cancelled")


def _help(run: RunDirectory, rank: int) -> int:
    """Train along; the first process writes, tests and tells."""
    workspace = Workspace(run.path.parent.parent)
    manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
    mine = run.scratch_folder / f"process-{rank}"
    try:
        train_run(run, workspace, manifest, _HelperCallbacks(run), Places(mine, mine / "model"))
    except (CancelledError, PausedError):
        return 0
    except Exception:  # noqa: BLE001 - the first process tells the person
        _log.exception("Process %d failed", rank)
        return 1
    return 0


@contextlib.contextmanager
def _only_one(run: RunDirectory) -> Iterator[bool]:
    """Whether this process alone works on the run; the lock ends with the process, whatever ends that."""
    import filelock

    lock = filelock.FileLock(run.lock_path, blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _start_next(run: RunDirectory) -> None:
    from clf_core.jobs.queue import start_next

    try:
        start_next(Workspace(run.path.parent.parent))
    except ClfError:  # whoever looks at the runs next starts it
        _log.exception("The next run could not be started")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
