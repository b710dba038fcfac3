"""One run on disk: every file of ``runs/<id>/`` is read and written here and nowhere else.

run.json       what the run is (RunRecord)
config.json    its settings (TrainConfig)
waiting, starter.json, launch.json    that it waits for its turn, who starts it, what was started (``turn_files``)
worker.lock    held by that process, so that there is one
control.lock   held by whoever changes what becomes of the run, so that two who resume it start it once
exit           how that process ended, as the one that started it saw it
status.json    how far that process got (RunStatus)
events.jsonl   stages, progress, curve: a RunEvent on each line
cancel         there once somebody asked to stop
wish           'pause' or 'stop' once somebody asked for that; the worker that heeds it removes it
checkpoints/   to go on from (``checkpoints``)
scratch/       caches that live as long as the run is at work
model/         the classifier
report.json    what a range test of learning rates found; a range test is a run that trains nothing
evaluation.json  the look at the test split; beside it, of earlier versions, tested.parquet in the place of answers
answers/       val.npz and test.npz: what it said of each picture it had not learned from (``evaluation.answers``)
figures.json   what was worked out from them; it can be worked out again (``evaluation_files``)
slice_table.json  a table a person gave to sort test pictures by (SliceTable)
looks.log      a line for each time somebody asked for it
worker.log     what the process printed
"""

import contextlib
import os
import shutil
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from clf_core.config import TrainConfig
from clf_core.errors import StorageError
from clf_core.files import remove_unfinished, storage_error, write_text
from clf_core.results import RunEvent, RunState
from clf_core.results.range_tests import RangeTestReport
from clf_core.workspace.checkpoints import Checkpoints
from clf_core.workspace.evaluation_files import EvaluationFiles
from clf_core.workspace.records import ProcessIdentity, RunRecord, RunStatus
from clf_core.workspace.turn_files import TurnFiles, touch

_LAST_BYTES = 65536
"""At the end of the events, within which the last one begins."""

_SETTLED: frozenset[RunState] = frozenset({"done", "cancelled"})
"""States no run leaves; one that failed, was paused or interrupted may be gone on with."""


class RunDirectory(EvaluationFiles, TurnFiles):
    """The files of one run. What never changes any more is read once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.events_path = path / "events.jsonl"
        self.log_path = path / "worker.log"
        self.model_folder = path / "model"
        self._cancel_path = path / "cancel"
        self._wish_path = path / "wish"
        self._exit_path = path / "exit"
        self.lock_path = path / "worker.lock"
        self.scratch_folder = path / "scratch"
        self.checkpoints = Checkpoints(path / "checkpoints")
        self._final: RunStatus | None = None

    @cached_property
    def record(self) -> RunRecord:
        """What the run is.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._values.read("run.json", RunRecord)

    @cached_property
    def config(self) -> TrainConfig:
        """The run's settings.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._values.read("config.json", TrainConfig)

    def write_new(self, record: RunRecord, config: TrainConfig) -> None:
        """Write what a new run begins with."""
        self._values.write("config.json", config)
        self._values.write("run.json", record)

    def _maker(self) -> ProcessIdentity:
        return self.record.created_by

    def write_exit(self, code: int) -> None:
        """Note how the worker's process ended: its exit status, or minus the signal."""
        with contextlib.suppress(StorageError):  # it only explains
            write_text(self._exit_path, str(code))

    def exit_code(self) -> int | None:
        """Return how the worker's process ended, None where nobody saw it."""
        try:
            return int(self._exit_path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def begin_again(self, status: RunStatus) -> None:
        """Make ready for one more session; ``status`` is what is known until its worker speaks.

        Raises:
            StorageError: the disk refuses.
        """
        for path in (self._wish_path, self._exit_path, self._cancel_path):
            path.unlink(missing_ok=True)
        self.write_starter(status.worker)
        self.write_status(status)

    def status(self) -> RunStatus | None:
        """Return how far the worker got, None before it began."""
        if self._final is not None:
            return self._final
        status = self._values.find("status.json", RunStatus)
        if status is not None and status.state in _SETTLED:
            self._final = status
        return status

    def write_status(self, status: RunStatus) -> None:
        """Note how far the worker got."""
        self._values.write("status.json", status)

    def request_cancel(self) -> None:
        """Leave the mark that asks the worker to stop."""
        touch(self._cancel_path)

    def cancel_requested(self) -> bool:
        """True once somebody asked to stop."""
        return self._cancel_path.exists()

    def request(self, wish: Literal["pause", "stop"]) -> None:
        """Leave the mark that asks the worker to pause, or to stop and keep the best.

        Raises:
            StorageError: the disk refuses.
        """
        write_text(self._wish_path, wish)

    def wish(self) -> Literal["", "pause", "stop"]:
        """Return what somebody asked for and the worker has not heeded yet."""
        try:
            text = self._wish_path.read_text("ascii")
        except OSError:
            return ""
        return "pause" if text == "pause" else "stop" if text == "stop" else ""

    def clear_wish(self) -> None:
        """Remove the mark: it is heeded, or no longer meant."""
        self._wish_path.unlink(missing_ok=True)

    def clear_scratch(self) -> None:
        """Remove the caches."""
        shutil.rmtree(self.scratch_folder, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what a killed worker left half written; for the worker that comes after it."""
        remove_unfinished(self.path)

    def append_event(self, event: RunEvent) -> None:
        """Add a line to the events. A reader may see half of it for a moment, and waits for the line's end."""
        try:
            with self.events_path.open("a", encoding="utf-8") as events:
                events.write(event.model_dump_json(exclude_defaults=True) + "\n")
        except OSError as error:
            raise storage_error(error, self.events_path) from error

    def last_sign_of_life(self) -> float | None:
        """Return the time of the worker's last event, Unix seconds by the worker's own clock, which never jumps.

        Where it wrote none, or that cannot be read: when the file was last written.
        """
        try:
            with self.events_path.open("rb") as events:
                written = os.fstat(events.fileno()).st_mtime
                events.seek(max(0, events.seek(0, os.SEEK_END) - _LAST_BYTES))
                lines = events.read().split(b"\n")
        except OSError:
            return None
        for line in reversed(lines):
            with contextlib.suppress(ValidationError):
                return RunEvent.model_validate_json(line).time
        return written

    def range_report(self) -> RangeTestReport | None:
        """Return what a range test found, None before that."""
        return self._values.find("report.json", RangeTestReport)

    def write_range_report(self, report: RangeTestReport) -> None:
        """Keep what a range test found."""
        self._values.write("report.json", report)
