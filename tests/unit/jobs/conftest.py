from types import SimpleNamespace

import pytest

from clf_core.config import TrainConfig
from clf_core.jobs import process
from clf_core.results import DatasetSummary
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory


@pytest.fixture
def pets() -> DatasetSummary:
    """A dataset that is not there."""
    return DatasetSummary(
        id="d-" + "0" * 20,
        name="Pets",
        version=1,
        created=0.0,
        pictures=30,
        classes={"a": 15, "b": 15},
        splits={"train": 16, "val": 4, "test": 10},
        class_splits={},
        skipped=(),
        ignored_count=0,
        notices=(),
    )


@pytest.fixture
def run(tmp_path, pets) -> RunDirectory:
    """A new run made by this process."""
    return Workspace(tmp_path).runs.create(pets, TrainConfig(), None, process.current())


@pytest.fixture
def in_state():
    """``in_state(state)`` returns a launcher that says so of every run."""
    return lambda state: SimpleNamespace(state=lambda _run: state)
