"""Runs on disk: made, named, listed and found. What is inside one is the matter of ``run_directory``."""

import time
from pathlib import Path

from clf_core.config import TrainConfig
from clf_core.errors import NameTakenError
from clf_core.files import write_json
from clf_core.results import DatasetSummary
from clf_core.workspace.catalogue import Catalogue
from clf_core.workspace.index import Entry, Index
from clf_core.workspace.looks import LookLog
from clf_core.workspace.names import new_id
from clf_core.workspace.records import ProcessIdentity, RunRecord
from clf_core.workspace.run_directory import RunDirectory

_APART = 1e-3
"""Seconds by which a run comes after the one before it, whatever the clock says."""

_NOTICEABLE_SECONDS = 60.0


class RunStore:
    """The runs of a workspace.

    Attributes:
        looks: counts how often evaluations are asked for.
    """

    def __init__(self, folder: Path, index: Index) -> None:
        self._catalogue = Catalogue(folder, index, "run", _describe, _rename)
        self._opened: dict[str, RunDirectory] = {}
        self.looks = LookLog()

    def create(
        self,
        dataset: DatasetSummary,
        config: TrainConfig,
        name: str | None,
        created_by: ProcessIdentity,
        *,
        extends: RunDirectory | None = None,
    ) -> RunDirectory:
        """Make the directory of a new run. Nothing is started.

        Args:
            dataset: what it learns from, at the version given in it.
            config: its settings.
            name: what to call it; None makes a name from dataset and preset.
            created_by: the process that will start its worker.
            extends: the run whose checkpoints it begins from.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        draft = self._draft(dataset, config, created_by)
        if extends is not None:
            draft = draft.model_copy(update={"extends": extends.record.id})
        if name is not None:
            return self._create(draft.model_copy(update={"name": self._catalogue.check_name(name)}), config, extends)
        while True:
            try:
                made_up = self._catalogue.free_name(f"{dataset.name} {config.preset}")
                return self._create(draft.model_copy(update={"name": made_up}), config, extends)
            except NameTakenError:
                continue  # somebody else took it between the two lines

    def list(self) -> tuple[RunDirectory, ...]:
        """Return all runs, newest first."""
        return tuple(self._open(entry) for entry in self._catalogue.entries())

    def find(self, ref: str) -> RunDirectory:
        """Return the run of this name or identifier.

        Raises:
            NotFoundError: there is none.
        """
        return self._open(self._catalogue.find(ref))

    def _draft(self, dataset: DatasetSummary, config: TrainConfig, created_by: ProcessIdentity) -> RunRecord:
        now = time.time()
        newest = next(iter(self._catalogue.entries()), None)
        created = now if newest is None else max(now, newest.created + _APART)
        return RunRecord(
            id=new_id("r"),
            name="",
            dataset=dataset.name,
            dataset_id=dataset.id,
            version=dataset.version,
            preset=config.preset,
            backbone=self._network_of(config),
            created=created,
            clock=None if created - now < _NOTICEABLE_SECONDS else now,
            created_by=created_by,
            fitted_pictures=dataset.splits.get("train", 0) + dataset.splits.get("val", 0),
            test_pictures=dataset.splits.get("test", 0),
        )

    def _network_of(self, config: TrainConfig) -> str:
        """What the network it begins from is called; empty for one that is built from nothing."""
        if config.preset == "scratch":
            return ""
        return self.find(config.continue_from).record.backbone if config.continue_from else config.backbone

    def _create(self, record: RunRecord, config: TrainConfig, extends: RunDirectory | None) -> RunDirectory:
        entry = Entry(record.id, record.name, record.created)
        with self._catalogue.creating(entry) as folder:
            made = RunDirectory(folder)
            made.write_new(record, config)
            if extends is not None:
                made.checkpoints.begin_from(extends.checkpoints)
        return self._open(entry)

    def _open(self, entry: Entry) -> RunDirectory:
        # The same object each time, so that what it has read of a finished run is kept.
        return self._opened.setdefault(entry.id, RunDirectory(self._catalogue.path(entry.id)))


def _describe(folder: Path) -> tuple[str, float]:
    record = RunDirectory(folder).record
    return record.name, record.created


def _rename(folder: Path, name: str) -> None:
    record = RunDirectory(folder).record.model_copy(update={"name": name})
    write_json(folder / "run.json", record.model_dump(mode="json"))
