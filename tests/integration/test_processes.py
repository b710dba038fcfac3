"""What happens when processes are killed: training outlives its server, and nothing runs for ever on paper."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clf_core.api import Workbench
from clf_core.config import ImportOptions, SplitConfig, TrainConfig
from clf_core.jobs import process
from clf_core.results import FINAL_STATES
from clf_core.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench(make_workspace, write_pictures, tmp_path_factory) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    small = write_pictures(tmp_path_factory.mktemp("small"), {"red": 12, "blue": 12})
    bench.imports.path(small, "Small")
    # Enough pictures for a second or more in each stage, so that there is something to interrupt.
    large = write_pictures(tmp_path_factory.mktemp("large"), {"red": 500, "blue": 500}, size=24, seed=1)
    bench.imports.path(large, "Large", options=ImportOptions(split=SplitConfig(train=0.3, val=0.1, test=0.6)))
    return bench


def _wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def _worker(bench, run):
    return bench.runs.directory(run.id).status().worker


def test_training_outlives_a_server_that_is_killed(bench):
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from clf_core.api import open_workbench; from clf_core.config import TrainConfig; import time\n"
            "open_workbench().runs.start('Small', TrainConfig(), name='orphan'); print('started', flush=True)\n"
            "time.sleep(600)",
        ],
        cwd=ROOT,
        env={**os.environ, "CLF_WORKSPACE": str(bench.settings.workspace)},
        stdout=subprocess.PIPE,
    )
    with server:
        server.stdout.readline()
        server.kill()
    assert bench.runs.wait("orphan").state == "done"


@pytest.mark.parametrize("stage", ["starting", "prepare", "features"])
def test_a_killed_worker_is_interrupted_and_the_next_run_is_not_disturbed(bench, stage):
    run = bench.runs.start("Large", TrainConfig())
    if stage == "starting":
        worker = bench.runs.directory(run.id).launched()
    else:
        _wait_for(lambda: bench.runs.get(run.id).state == "running" and bench.runs.progress(run.id).stage == stage)
        worker = _worker(bench, run)
    os.kill(worker.pid, signal.SIGKILL)
    _wait_for(lambda: bench.runs.get(run.id).state == "interrupted", 2)
    assert "interrupted" in bench.runs.get(run.id).error.what
    assert Workbench(bench.settings).runs.get(run.id).state == "interrupted"


@pytest.mark.parametrize("stage", ["starting", "prepare", "features", "head", "test"])
def test_cancel_takes_less_than_two_seconds_in_any_stage(bench, stage):
    quick_head = TrainConfig(strengths=(1.0,), selection="validation", refit=False)
    run = bench.runs.start("Large", quick_head if stage == "test" else TrainConfig())
    if stage != "starting":
        _wait_for(lambda: bench.runs.progress(run.id).stage == stage)
    started = time.monotonic()
    assert bench.runs.cancel(run.id).state == "cancelled"
    assert time.monotonic() - started < 2
    status = bench.runs.directory(run.id).status()
    assert status is None or not process.is_alive(status.worker)
    assert bench.runs.cancel(run.id).state == "cancelled"


def test_a_run_is_cancelled_from_another_process(bench, in_terminal):
    run = bench.runs.start("Large", TrainConfig())
    done = in_terminal(bench.settings.workspace, "runs", "cancel", run.name)
    assert done.returncode == 0, done.stderr
    assert bench.runs.get(run.id).state == "cancelled"


def test_an_import_that_is_killed_lists_nothing_and_can_be_repeated(bench, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "many", {"red": 400, "blue": 400}, size=24, seed=2)
    before = bench.datasets.list()
    importer = subprocess.Popen(
        [sys.executable, "-m", "clf_core", "datasets", "import", folder, "--name", "Killed"],
        cwd=ROOT,
        env={**os.environ, "CLF_WORKSPACE": str(bench.settings.workspace)},
    )
    pictures = bench.settings.workspace / "pictures"
    known = sum(pack.stat().st_size for pack in pictures.rglob("*.pack"))
    _wait_for(lambda: sum(pack.stat().st_size for pack in pictures.rglob("*.pack")) > known + 50_000)
    importer.kill()
    importer.wait()
    assert bench.datasets.list() == before
    assert bench.imports.path(folder, "Killed").accepted == 800


def test_a_run_keeps_the_dataset_version_it_was_started_with(bench):
    run = bench.runs.start("Small", TrainConfig())
    record = bench.runs.directory(run.id).record
    assert (record.dataset_id, record.version) == (bench.datasets.get("Small").id, 1)
    assert bench.runs.wait(run.id).state in FINAL_STATES
