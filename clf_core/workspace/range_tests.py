"""Range tests of learning rates on disk: directories like those of runs, without a name, and the latest only."""

import shutil
import time
from pathlib import Path

from clf_core.config import TrainConfig
from clf_core.errors import NotFoundError
from clf_core.files import storage_error
from clf_core.results import RESTING_STATES, DatasetSummary
from clf_core.workspace.names import is_id, new_id
from clf_core.workspace.records import ProcessIdentity, RunRecord
from clf_core.workspace.run_directory import RunDirectory

_KEPT = 5


class RangeTestStore:
    """The range tests of a workspace, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, dataset: DatasetSummary, config: TrainConfig, created_by: ProcessIdentity) -> RunDirectory:
        """Make the directory of a new test, and remove the oldest that have ended.

        Raises:
            StorageError: the disk refused.
        """
        self._remove_old()
        record = RunRecord(
            id=new_id("r"),
            name=f"Learning rates for {dataset.name}",
            dataset=dataset.name,
            dataset_id=dataset.id,
            version=dataset.version,
            preset=config.preset,
            backbone="" if config.preset == "scratch" else config.backbone,
            created=time.time(),
            created_by=created_by,
            fitted_pictures=dataset.splits.get("train", 0) + dataset.splits.get("val", 0),
            test_pictures=0,
        )
        made = RunDirectory(self._folder / record.id)
        made.write_new(record, config)
        return made

    def find(self, identifier: str) -> RunDirectory:
        """Return a test.

        Raises:
            NotFoundError: there is none of this identifier, or no longer.
        """
        if not is_id(identifier) or not (self._folder / identifier / "run.json").is_file():
            raise NotFoundError("There is no such test of learning rates", remedy="Start it again")
        return RunDirectory(self._folder / identifier)

    def _remove_old(self) -> None:
        try:  # identifiers sort by the time they were made
            tests = sorted(path for path in self._folder.iterdir() if is_id(path.name))
        except OSError as error:
            raise storage_error(error, self._folder) from error
        for path in tests[: -_KEPT + 1]:
            status = RunDirectory(path).status()
            if status is not None and status.state in RESTING_STATES:
                shutil.rmtree(path, ignore_errors=True)
