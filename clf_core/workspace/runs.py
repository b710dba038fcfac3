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
        self, dataset: DatasetSummary, config: TrainConfig, name: str | None, created_by: ProcessIdentity
    ) -> RunDirectory:
        """Make the directory of a new run. Nothing is started.

        Args:
            dataset: what it learns from, at the version given in it.
            config: its settings.
            name: what to call it; None makes a name from dataset and preset.
            created_by: the process that will start its worker.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        if name is not None:
            return self._create(dataset, config, self._catalogue.check_name(name), created_by)
        while True:
            try:
                made_up = self._catalogue.free_name(f"{dataset.name} {config.preset}")
                return self._create(dataset, config, made_up, created_by)
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

    def _create(
        self, dataset: DatasetSummary, config: TrainConfig, name: str, created_by: ProcessIdentity
    ) -> RunDirectory:
        record = RunRecord(
            id=new_id("r"),
            name=name,
            dataset=dataset.name,
            dataset_id=dataset.id,
            version=dataset.version,
            preset=config.preset,
            backbone=config.backbone,
            created=time.time(),
            created_by=created_by,
            fitted_pictures=dataset.splits.get("train", 0) + dataset.splits.get("val", 0),
            test_pictures=dataset.splits.get("test", 0),
        )
        entry = Entry(record.id, name, record.created)
        with self._catalogue.creating(entry) as folder:
            RunDirectory(folder).write_new(record, config)
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
