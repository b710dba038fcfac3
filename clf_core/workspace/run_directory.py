"""One run on disk: every file of ``runs/<id>/`` is read and written here and nowhere else.

run.json       what the run is (RunRecord)
config.json    its settings (TrainConfig)
launch.json    the process that was started for it (ProcessIdentity)
status.json    how far that process got (RunStatus)
events.jsonl   stages, progress, curve: a RunEvent on each line
cancel         there once somebody asked to stop
wish           'pause' or 'stop' once somebody asked for that; the worker that heeds it removes it
checkpoints/   latest.safetensors and the one before it, to go on from
model/         the classifier
evaluation.json, tested.parquet    the look at the test split
looks.log      a line for each time somebody asked for it
worker.log     what the process printed
"""

import contextlib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from clf_core.config import TrainConfig
from clf_core.errors import StorageError
from clf_core.files import storage_error, write_bytes, write_json, write_text
from clf_core.results import FINAL_STATES, EvaluationReport, RunEvent, TestedPicture
from clf_core.values import Value
from clf_core.workspace.records import ProcessIdentity, RunRecord, RunStatus

_V = TypeVar("_V", bound=Value)


class RunDirectory:
    """The files of one run. What never changes any more is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events_path = path / "events.jsonl"
        self.log_path = path / "worker.log"
        self.model_folder = path / "model"
        self._cancel_path = path / "cancel"
        self._wish_path = path / "wish"
        self._checkpoint_path = path / "checkpoints" / "latest.safetensors"
        self._earlier_path = path / "checkpoints" / "earlier.safetensors"
        self._final: RunStatus | None = None

    @cached_property
    def record(self) -> RunRecord:
        """What the run is.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._must_read("run.json", RunRecord)

    @cached_property
    def config(self) -> TrainConfig:
        """The run's settings.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._must_read("config.json", TrainConfig)

    def write_new(self, record: RunRecord, config: TrainConfig) -> None:
        """Write what a new run begins with."""
        self._write("config.json", config)
        self._write("run.json", record)

    def launched(self) -> ProcessIdentity | None:
        """Return the process started for this run, None before that."""
        return self._read("launch.json", ProcessIdentity)

    def write_launched(self, worker: ProcessIdentity) -> None:
        """Note the process started for this run."""
        self._write("launch.json", worker)

    def status(self) -> RunStatus | None:
        """Return how far the worker got, None before it began."""
        if self._final is not None:
            return self._final
        status = self._read("status.json", RunStatus)
        if status is not None and status.state in FINAL_STATES:
            self._final = status
        return status

    def write_status(self, status: RunStatus) -> None:
        """Note how far the worker got."""
        self._write("status.json", status)

    def request_cancel(self) -> None:
        """Leave the mark that asks the worker to stop."""
        try:
            self._cancel_path.touch()
        except OSError as error:
            raise storage_error(error, self._cancel_path) from error

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

    def write_checkpoint(self, data: bytes) -> None:
        """Keep a checkpoint; the one before stays beside it until the next.

        Raises:
            StorageError: the disk refuses; the checkpoint before is whole.
        """
        with contextlib.suppress(FileNotFoundError):
            self._checkpoint_path.replace(self._earlier_path)
        write_bytes(self._checkpoint_path, data)

    def checkpoints(self) -> Iterator[bytes]:
        """Give the checkpoints, the latest first; who finds one damaged takes the next."""
        for path in (self._checkpoint_path, self._earlier_path):
            with contextlib.suppress(FileNotFoundError):
                yield path.read_bytes()

    def has_checkpoint(self) -> bool:
        """True where there is something to go on from."""
        return self._checkpoint_path.exists() or self._earlier_path.exists()

    def append_event(self, event: RunEvent) -> None:
        """Add a line to the events. A reader may see half of it for a moment, and waits for the line's end."""
        try:
            with self.events_path.open("a", encoding="utf-8") as events:
                events.write(event.model_dump_json(exclude_defaults=True) + "\n")
        except OSError as error:
            raise storage_error(error, self.events_path) from error

    def last_sign_of_life(self) -> float | None:
        """Return when the worker last wrote an event or somebody asked it to stop, Unix seconds."""
        times = []
        for path in (self.events_path, self._cancel_path):
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime)
        return max(times, default=None)

    def evaluation(self) -> EvaluationReport | None:
        """Return the look at the test split, None where there was none."""
        return self._read("evaluation.json", EvaluationReport)

    def tested(self) -> tuple[TestedPicture, ...]:
        """Return the test pictures with the model's answers.

        Raises:
            StorageError: the file is missing or damaged.
        """
        path = self.path / "tested.parquet"
        try:
            return _read_tested(path, path.stat().st_mtime_ns)
        except OSError:
            return _read_tested(path, 0)  # which tells what is wrong

    def write_evaluation(self, report: EvaluationReport, tested: tuple[TestedPicture, ...]) -> None:
        """Write the look at the test split; the report last, as it is what says that there is one."""
        from clf_core.evaluation.tested import write_tested

        write_tested(self.path / "tested.parquet", tested)
        self._write("evaluation.json", report)

    def _write(self, name: str, value: Value) -> None:
        write_json(self.path / name, value.model_dump(mode="json"))

    def _read(self, name: str, kind: type[_V]) -> _V | None:
        try:
            return kind.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise StorageError(
                "A run cannot be read",
                why=f"{name} in {self.path} is damaged",
                remedy="Restore the directory from a copy, or delete it",
            ) from error

    def _must_read(self, name: str, kind: type[_V]) -> _V:
        value = self._read(name, kind)
        if value is None:
            raise StorageError(
                "A run cannot be read", why=f"{name} is missing in {self.path}", remedy="Delete the directory"
            )
        return value


@lru_cache(maxsize=4)
def _read_tested(path: Path, _changed: int) -> tuple[TestedPicture, ...]:
    """Pages ask at every rerun; the file never changes once it is written."""
    from clf_core.evaluation.tested import read_tested

    return read_tested(path)
