"""One search on disk: every file of ``searches/<id>/`` is read and written here, but for the sampler's journal.

search.json      what the search is (SearchRecord)
config.json      its settings (SearchConfig); the budget in it grows when it is gone on with
waiting, starter.json, launch.json    that it waits for its turn, who starts it, what was started (``turn_files``)
status.json      how far that process got (SearchStatus)
wish             'stop' or 'cancel' once somebody asked for that
journal.log      what was tried and how it went, as the sampler keeps it (``jobs.search_study``)
trials/          <number>.json (Trial) and <number>.config.json (TrainConfig) of each trial
importances.json what each setting explains
shared/          what trials have in common: features, pixels; gone once the search has ended
worker.log       what the process printed
"""

import contextlib
import re
import shutil
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_text
from clf_core.results import ErrorWords, SearchState, Trial
from clf_core.values import Value
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.turn_files import TurnFiles
from clf_core.workspace.value_files import ValueFiles

_TRIAL = re.compile(r"(\d{4,})\.json")

SearchWish = Literal["", "stop", "cancel"]
"""stop: end here and train the best so far; cancel: end here, nothing more."""


class SearchRecord(Value):
    """search.json."""

    id: str
    name: str
    dataset: str = Field(description="Name of the dataset at that time.")
    dataset_id: str
    version: int = Field(ge=1)
    created: float = Field(description="Unix seconds.")
    created_by: ProcessIdentity = Field(description="The process that made it and is to start its worker.")
    validation_pictures: int = Field(ge=1)


class SearchStatus(Value):
    """status.json. Only the worker writes it, or whoever could not start it."""

    state: SearchState
    worker: ProcessIdentity
    seconds: float = Field(0.0, ge=0, description="At work, over all starts, by a clock that never jumps.")
    seconds_before: float = Field(0.0, ge=0, description="Of it, before the present budget began.")
    trials_before: int = Field(0, ge=0, description="Trials that had ended when the present budget began.")
    winner_run: str = ""
    error: ErrorWords | None = None
    messages: tuple[str, ...] = ()


class _Importances(Value):
    """importances.json."""

    shares: tuple[tuple[str, float], ...]


class SearchDirectory(TurnFiles):
    """The files of one search. Trials that have ended are read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values = ValueFiles(path, "a search")
        self.log_path = path / "worker.log"
        self.journal_path = path / "journal.log"
        self.shared_folder = path / "shared"
        self._trials_folder = path / "trials"
        self._ended: dict[int, Trial] = {}

    @cached_property
    def record(self) -> SearchRecord:
        """What the search is.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._values.read("search.json", SearchRecord)

    def config(self) -> SearchConfig:
        """The settings as they are now.

        Raises:
            StorageError: the file is missing or damaged.
        """
        return self._values.read("config.json", SearchConfig)

    def write_config(self, config: SearchConfig) -> None:
        """Note the settings, at the start and when the budget grows."""
        self._values.write("config.json", config)

    def write_record(self, record: SearchRecord) -> None:
        """Write what a new search is."""
        self._values.write("search.json", record)

    def begin_again(self, status: SearchStatus) -> None:
        """Make ready for one more session; ``status`` is what is known until its worker speaks.

        Raises:
            StorageError: the disk refuses.
        """
        self.clear_wish()
        self.write_starter(status.worker)
        self.write_status(status)

    def status(self) -> SearchStatus | None:
        """Return how far the worker got, None before it began."""
        return self._values.find("status.json", SearchStatus)

    def write_status(self, status: SearchStatus) -> None:
        """Note how far the worker got."""
        self._values.write("status.json", status)

    def request(self, wish: Literal["stop", "cancel"]) -> None:
        """Leave the mark that asks the worker to end.

        Raises:
            StorageError: the disk refuses.
        """
        write_text(self.path / "wish", wish)

    def wish(self) -> SearchWish:
        """Return what somebody asked for and the worker has not heeded yet."""
        try:
            text = (self.path / "wish").read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return ""
        return "stop" if text == "stop" else "cancel" if text == "cancel" else ""

    def clear_wish(self) -> None:
        """Remove the mark."""
        (self.path / "wish").unlink(missing_ok=True)

    def write_trial(self, trial: Trial, config: TrainConfig | None = None) -> None:
        """Note how a trial stands, and, at its start, its settings."""
        if config is not None:
            self._values.write(f"trials/{trial.number:04d}.config.json", config)
        self._values.write(f"trials/{trial.number:04d}.json", trial)

    def trials(self) -> tuple[Trial, ...]:
        """Return all trials in the order of their start; one whose file is damaged is passed over."""
        numbers = set()
        with contextlib.suppress(OSError):
            numbers = {
                int(found[1]) for path in self._trials_folder.iterdir() if (found := _TRIAL.fullmatch(path.name))
            }
        trials = []
        for number in sorted(numbers):
            trial = self._ended.get(number)
            if trial is None:
                with contextlib.suppress(StorageError):
                    trial = self._values.find(f"trials/{number:04d}.json", Trial)
            if trial is not None:
                trials.append(trial)
                if trial.state != "running":
                    self._ended[number] = trial
        return tuple(trials)

    def trial_config(self, number: int) -> TrainConfig:
        """Return the settings of a trial.

        Raises:
            NotFoundError: there is no such trial.
            StorageError: its file is damaged.
        """
        config = self._values.find(f"trials/{number:04d}.config.json", TrainConfig)
        if config is None:
            raise NotFoundError(f"There is no trial {number} in the search '{self.record.name}'")
        return config

    def importances(self) -> tuple[tuple[str, float], ...]:
        """Return what each setting explains, the most first; empty while too little is known."""
        found = None
        with contextlib.suppress(StorageError):  # it can be computed again
            found = self._values.find("importances.json", _Importances)
        return found.shares if found else ()

    def write_importances(self, shares: tuple[tuple[str, float], ...]) -> None:
        """Note what each setting explains."""
        self._values.write("importances.json", _Importances(shares=shares))

    def remove_shared(self) -> None:
        """Remove what the trials had in common."""
        shutil.rmtree(self.shared_folder, ignore_errors=True)

    def _maker(self) -> ProcessIdentity:
        return self.record.created_by
