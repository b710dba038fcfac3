"""What a person does to a run: pause it, go on, stop it, cancel it, extend it, and change its turn."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any, Literal

from clf_core.config import TrainConfig, train_config
from clf_core.errors import ConfigError, StateError, StorageError
from clf_core.jobs import process
from clf_core.jobs.launcher import Launcher
from clf_core.jobs.local import LocalLauncher
from clf_core.jobs.queue import WorkQueue
from clf_core.jobs.summary import summarise
from clf_core.results import FINAL_STATES, RESTING_STATES, RunState, RunSummary
from clf_core.workspace import Workspace
from clf_core.workspace.names import is_search_id
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory

_PAUSE_SECONDS = 1.5
"""How long ``pause`` waits for the run to have paused, so that most often the answer is already 'paused'."""

_POLL_SECONDS = 0.05
_LOCK_SECONDS = 10.0
_DEFAULT_BATCH = 32


class RunControl:
    """Runs of one workspace, as far as they are there already. ``ref`` is a run's name or identifier.

    All methods return the run as it stands afterwards, and raise NotFoundError where there is no such run.

    Attributes:
        turns: the queue, for the other modules of this package.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher | None = None) -> None:
        self._workspace = workspace
        self._launcher = launcher or LocalLauncher()
        self.turns = WorkQueue(workspace, self._launcher)

    def pause(self, ref: str) -> RunSummary:
        """Ask a run to save everything and leave; ``resume`` goes on from there as if nothing had been.

        Returns within two seconds: in state 'paused', or still at work with ``wish`` 'pause'. What is under way may
        have to be finished first, and the stages before and after the epochs are not paused in. Pausing twice
        changes nothing.

        Raises:
            StateError: the run is not at work, or is of the preset quick, which has no epochs to pause between.
        """
        run = self.directory(ref)
        summary = self._summary(run)
        if summary.state == "paused":
            return summary
        if summary.preset == "quick":
            raise StateError(f"'{summary.name}' cannot be paused", why="A quick run is over in seconds")
        self._require_at_work(summary, "paused")
        run.request("pause")
        return self._rest_within(_PAUSE_SECONDS, run)

    def stop(self, ref: str) -> RunSummary:
        """Ask a run to end now with the best it has so far: that is finished, tested and kept, and the run is 'done'.

        A run that is paused, or was interrupted or failed with a checkpoint, is woken to do so. Returns at once, most
        often still at work with ``wish`` 'stop'.

        Raises:
            StateError: the run has ended, waits for its turn, or is of the preset quick, which has no best so far.
        """
        run = self.directory(ref)
        summary = self._summary(run)
        if summary.preset == "quick":
            raise StateError(f"'{summary.name}' cannot be stopped early", why="A quick run has nothing to keep before")
        if summary.resumable and summary.kept_bytes:
            return self._go_on(run, wish="stop")
        self._require_at_work(summary, "stopped")
        run.request("stop")
        return self._summary(run)

    def resume(self, ref: str) -> RunSummary:
        """Let a run go on that was paused, interrupted or failed: from its last checkpoint, as if nothing had been.

        On a CPU the result equals that of the uninterrupted run to the last bit. One that was interrupted before its
        first checkpoint begins again. It waits its turn like any other. Where somebody else has just resumed it,
        nothing changes.

        Raises:
            StateError: the run is not resumable.
            StorageError: the disk refused.
        """
        return self._go_on(self.directory(ref))

    def cancel(self, ref: str) -> RunSummary:
        """End a run and keep nothing of it; returns once it has ended, within two seconds.

        One that waits leaves the queue; one that is paused loses its checkpoints. Cancelling twice changes nothing.

        Raises:
            StateError: the run has already ended in another way.
        """
        run = self.directory(ref)
        with _one_at_a_time(run):
            waited = self.turns.withdraw(run)
            state = self._launcher.state(run)
            if waited or state == "paused":
                status = run.status() or _status("cancelled")
                run.write_status(status.model_copy(update={"state": "cancelled", "error": None}))
            elif state not in FINAL_STATES:
                self._launcher.cancel(run)
            elif state != "cancelled":
                raise StateError(f"The run '{run.record.name}' cannot be cancelled", why=f"It is already {state}")
            if self._launcher.state(run) == "cancelled":  # else it was done a moment before
                run.checkpoints.drop()
                run.clear_scratch()
        self.turns.start_next()
        return self._summary(run)

    def extend(self, ref: str, epochs: int, *, name: str | None = None) -> RunSummary:
        """Go on from where a finished run ended, with more epochs, as a new run.

        A new run, because the old one's verdict was given for the network as it was: it stays beside the new one, so
        that both can be compared, and what was published, predicted or exported with it keeps its meaning. The new
        run sees the same version of the dataset and begins from the last checkpoint, not from the best weights, so
        optimizer and data order go on, too. The old run gives up that checkpoint once the new one is done.

        Args:
            ref: name or identifier of a run that is done and has ``kept_bytes``.
            epochs: how many more, at least 1.
            name: what to call the new run; None makes one.

        Raises:
            StateError: the run is not done, or kept no checkpoint (quick runs have none).
            ConfigError: ``epochs`` or the name cannot be used.
            NameTakenError: a run of that name exists.
            StorageError: the disk refused.
        """
        earlier = self.directory(ref)
        summary = self._summary(earlier)
        if summary.state != "done" or not summary.kept_bytes:
            why = "It kept no checkpoint to go on from" if summary.state == "done" else f"It is {summary.state}"
            remedy = "Train again with more epochs" if summary.state == "done" else ""
            raise StateError(f"The run '{summary.name}' cannot be extended", why=why, remedy=remedy)
        if epochs < 1:
            raise ConfigError("The number of epochs cannot be used", field="epochs", why="It must be at least 1")
        fields = {**earlier.config.model_dump(mode="json"), "epochs": summary.epochs + epochs, "minutes": None}
        dataset = self._workspace.datasets.find(earlier.record.dataset_id, earlier.record.version)
        run = self._workspace.runs.create(dataset, train_config(fields), name, process.current(), extends=earlier)
        self.turns.add(run)
        return self._summary(run)

    def drop_checkpoints(self, ref: str) -> RunSummary:
        """Free what a run keeps to go on from (``kept_bytes``, and caches); it is then neither extended nor resumed.

        Raises:
            StateError: the run is at work or waits.
        """
        run = self.directory(ref)
        with _one_at_a_time(run):
            summary = self._summary(run)
            if summary.state not in RESTING_STATES:
                raise StateError(f"The run '{summary.name}' needs its checkpoints", why=f"It is {summary.state}")
            run.checkpoints.drop()
            run.clear_scratch()
        return self._summary(run)

    def with_smaller_batch(self, ref: str) -> TrainConfig:
        """Return the settings of a run with half its batch, to train again where memory ran out.

        Raises:
            NotFoundError: no such run.
        """
        run = self.directory(ref)
        used = run.config.batch_size or int(self.chosen(ref).get("batch_size", _DEFAULT_BATCH))
        return train_config({**run.config.model_dump(mode="json"), "batch_size": max(1, used // 2)})

    def chosen(self, ref: str) -> dict[str, float | int | str]:
        """Return the settings the studio chose itself: field of ``TrainConfig`` -> value; empty until it is done.

        Raises:
            NotFoundError: no such run.
        """
        status = self.directory(ref).status()
        return dict(status.chosen) if status is not None else {}

    @property
    def slots(self) -> int:
        """How many runs and searches may be at work at a time; the others wait."""
        return self.turns.slots

    def set_slots(self, count: int) -> None:
        """Let so many runs and searches, at least 1, be at work at a time. Those at work now go on in any case.

        Raises:
            StorageError: the disk refused.
        """
        self.turns.set_slots(count)

    def waiting(self) -> tuple[RunSummary, ...]:
        """Return the runs that wait, in the order of their turn; searches may stand between them (``place``)."""
        places = self.turns.places()
        return tuple(self._summary(self.directory(run), places) for run in places if not is_search_id(run))

    def move(self, ref: str, place: int) -> RunSummary:
        """Put a run that waits at another place of the queue, counted from 1.

        Raises:
            StateError: it does not wait (any more).
        """
        run = self.directory(ref)
        self._require_waiting(run, self.turns.move(run, place))
        return self._summary(run)

    def prioritise(self, ref: str, priority: int = 1) -> RunSummary:
        """Give a run that waits a priority: higher ones go first, 0 is the usual one.

        Raises:
            StateError: it does not wait (any more).
        """
        run = self.directory(ref)
        self._require_waiting(run, self.turns.prioritise(run, priority))
        return self._summary(run)

    def directory(self, ref: str) -> RunDirectory:
        """Return the directory of a run; for the other modules of this package.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        return self._workspace.runs.find(ref)

    def _summary(self, run: RunDirectory, places: dict[str, int] | None = None) -> RunSummary:
        places = self.turns.places() if places is None else places
        return summarise(run, self._launcher, places.get(run.record.id, 0))

    def _go_on(self, run: RunDirectory, wish: Literal["", "stop"] = "") -> RunSummary:
        with _one_at_a_time(run):
            summary = self._summary(run)
            if summary.state not in RESTING_STATES:
                return summary
            if not summary.resumable:
                why = "It kept no checkpoint to go on from" if summary.state == "failed" else f"It is {summary.state}"
                raise StateError(f"The run '{summary.name}' cannot go on", why=why, remedy="Train again")
            status = run.status() or _status("queued")
            fresh = {"state": "queued", "error": None, "seconds": summary.seconds, "sessions": status.sessions + 1}
            run.begin_again(_status("queued").model_copy(update={**_lasting(status), **fresh}))
            if wish:
                run.request(wish)
            self.turns.add(run)
        return self._summary(run)

    def _rest_within(self, seconds: float, run: RunDirectory) -> RunSummary:
        deadline = time.monotonic() + seconds
        while (summary := self._summary(run)).state not in RESTING_STATES and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return summary

    def _require_at_work(self, summary: RunSummary, done_to_it: str) -> None:
        if summary.state == "queued":
            why, remedy = "It waits for its turn", "Cancel it, or move it in the queue"
        elif summary.state in RESTING_STATES:
            why, remedy = f"It is {summary.state}", ""
        else:
            return
        raise StateError(f"The run '{summary.name}' cannot be {done_to_it}", why=why, remedy=remedy)

    def _require_waiting(self, run: RunDirectory, waits: bool) -> None:
        if not waits:
            state = self._summary(run).state
            raise StateError(f"The run '{run.record.name}' does not wait for its turn", why=f"It is {state}")


def _status(state: RunState) -> RunStatus:
    """What is known of a run before its worker has spoken."""
    return RunStatus(state=state, worker=process.current(), began=time.time(), ticks=time.monotonic())


def _lasting(status: RunStatus) -> dict[str, Any]:
    """What one session hands on to the next."""
    return {name: getattr(status, name) for name in ("epochs", "chosen", "images_per_second")}


@contextlib.contextmanager
def _one_at_a_time(run: RunDirectory) -> Iterator[None]:
    """Let one person at a time change what becomes of a run: two who resume it shall not start it twice."""
    import filelock

    try:
        with filelock.FileLock(run.path / "control.lock", timeout=_LOCK_SECONDS):
            yield
    except filelock.Timeout as error:
        raise StorageError("Somebody else is just changing this run", remedy="Try again in a moment") from error
