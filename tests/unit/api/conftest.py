import io
import time

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.evaluation.evaluator import evaluate
from clf_core.jobs import process
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.records import RunStatus
from tests.planted_runs import answers_with


@pytest.fixture
def bench(tmp_path) -> Workbench:
    return Workbench(Settings(workspace=tmp_path / "workspace"))


@pytest.fixture(scope="session")
def ready_bench(make_workspace) -> Workbench:
    """A workbench whose default network is prepared, for predictions and heatmaps."""
    return Workbench(Settings(workspace=make_workspace()))


@pytest.fixture
def png():
    """``png(colour)`` returns the bytes of a small picture."""

    def make(colour: str = "red", size: tuple[int, int] = (48, 40)) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", size, colour).save(buffer, "PNG")
        return buffer.getvalue()

    return make


@pytest.fixture
def pets(bench, write_pictures, tmp_path):
    """A dataset with two classes of ten pictures."""
    write_pictures(tmp_path / "pets", {"red": 10, "blue": 10})
    return bench.imports.path(tmp_path / "pets", "Pets")


@pytest.fixture
def run_in_state(bench, pets):
    """``run_in_state(state)`` returns the identifier of a run whose worker left that status; 'done' was tested."""

    def make(state: str) -> str:
        workspace = Workspace(bench.settings.workspace)
        run = workspace.runs.create(bench.datasets.get("Pets"), TrainConfig(), None, process.current())
        if state == "done":
            rows = workspace.datasets.manifest(pets.dataset_id, 1).select("test")
            wrong_once = np.eye(2, dtype=np.float32)[rows.label_index] * 0.6 + 0.2
            wrong_once[0] = wrong_once[0, ::-1]
            report = evaluate(run.record.name, ("blue", "red"), rows.label_index, wrong_once, {"blue": 6, "red": 6})
            classes = ("blue", "red")
            answers = answers_with(rows.sha256, rows.source_name, classes, rows.label_index, wrong_once)
            run.write_answers("test", answers)
            run.write_evaluation(report)
        if state != "starting":
            run.write_status(RunStatus(state=state, worker=process.current(), began=time.time()))
        return run.record.id

    return make
