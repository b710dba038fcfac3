from types import SimpleNamespace

import pytest

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.jobs import process
from clf_core.results import DatasetSummary
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory
from tests.pretended_model import pretended_model


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
def colours_workspace(tmp_path, write_pictures) -> Workspace:
    """A workspace with one dataset, 'Colours', of 24 pictures in the classes blue and red."""
    write_pictures(tmp_path / "pictures", {"red": 12, "blue": 12})
    Workbench(Settings(workspace=tmp_path / "workspace")).imports.path(tmp_path / "pictures", "Colours")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def colours_run(colours_workspace) -> RunDirectory:
    """A new run on it, made by this process, that was not tested."""
    dataset = colours_workspace.datasets.find("Colours")
    return colours_workspace.runs.create(dataset, TrainConfig(), None, process.current())


@pytest.fixture
def colours_model():
    """A model of its two classes that needs no network."""
    return pretended_model(("blue", "red"))


@pytest.fixture
def in_state():
    """``in_state(state)`` returns a launcher that says so of every run."""
    return lambda state: SimpleNamespace(state=lambda _run: state)
