"""Trainings in epochs through the facade, in real worker processes: paused, gone on with, stopped, extended, shared."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from clf_core.api import Workbench
from clf_core.api.runs import Runs
from clf_core.config import Convolution, GlobalPooling, NetworkConfig, Pooling, TrainConfig
from clf_core.jobs import process
from clf_core.jobs.local import LocalLauncher
from clf_core.settings import Settings
from clf_core.workspace import Workspace

ROOT = Path(__file__).parents[2]
SMALL = TrainConfig(
    preset="scratch",
    network=NetworkConfig(input_size=16, layers=(Convolution(filters=4), Pooling(), GlobalPooling())),
    epochs=4,
    batch_size=8,
    device="cpu",
)
ENDLESS = SMALL.model_copy(update={"epochs": 1000, "patience": 1000})


pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Workers that share the cores with a busy test machine wait for each other's threads more than they compute."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def bench(make_workspace, write_pictures, tmp_path_factory) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    bench.imports.path(write_pictures(tmp_path_factory.mktemp("pets"), {"red": 20, "blue": 20}, size=20), "Pets")
    return bench


def _wait_for(condition, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_run_is_paused_resumed_stopped_with_its_best_and_extended(bench):
    run = bench.runs.start("Pets", ENDLESS, name="long")
    _wait_for(lambda: bench.runs.get("long").epochs >= 2)
    bench.runs.pause("long")
    paused = bench.runs.wait("long")
    assert (paused.state, paused.resumable) == ("paused", True)
    assert paused.kept_bytes > 0
    assert bench.runs.resume("long").state in ("queued", "starting", "running")
    _wait_for(lambda: bench.runs.get("long").epochs > paused.epochs)
    bench.runs.stop("long")
    done = bench.runs.wait("long")
    assert (done.state, done.id) == ("done", run.id)
    assert done.seconds > paused.seconds
    assert 0 <= done.metrics["accuracy"] <= 1
    epochs = [point.epoch for point in bench.runs.progress("long").epochs]
    assert epochs == list(range(done.epochs + 1))
    longer = bench.runs.wait(bench.runs.extend("long", 2, name="longer").id)
    assert (longer.state, longer.epochs) == ("done", done.epochs + 2)
    assert [point.epoch for point in bench.runs.progress("longer").epochs] == list(range(done.epochs + 3))
    assert bench.runs.get("long") == done.model_copy(update={"kept_bytes": 0})
    assert longer.kept_bytes > 0
    directory = bench.runs.directory("longer")
    _wait_for(lambda: not directory.scratch_folder.exists(), 10)


def test_a_quick_worker_on_a_prepared_network_never_imports_torch(bench):
    workspace = Workspace(bench.settings.workspace)
    quick = TrainConfig(strengths=(1.0,), selection="validation", device="cpu")
    run = workspace.runs.create(bench.datasets.get("Pets"), quick, None, process.current())
    code = (
        "import sys; from clf_core.jobs import worker\n"
        "status = worker.main([sys.argv[1]])\n"
        "heavy = {'torch', 'timm', 'torchvision', 'optuna', 'accelerate'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(heavy)) or status)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(run.path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert run.status().state == "done"


def test_two_processes_train_one_run_and_one_of_them_writes(bench):
    runs = Runs(Workspace(bench.settings.workspace), LocalLauncher(processes=2))
    run = runs.wait(runs.start("Pets", SMALL, name="shared").id)
    log = runs.directory("shared").log_path.read_text()
    assert run.state == "done", log[-3000:]
    assert run.epochs == 4
    assert [point.epoch for point in runs.progress("shared").epochs] == [0, 1, 2, 3, 4]
    assert bench.evaluation.report("shared").n > 0
