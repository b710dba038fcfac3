"""Datasets that are changed while something else happens: kills, a full disk, a training."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.errors import StorageError
from clf_core.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bench(make_workspace, write_pictures, tmp_path_factory) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    folder = write_pictures(tmp_path_factory.mktemp("pets"), {"red": 60, "blue": 60})
    bench.imports.path(folder, "Pets")
    return bench


@pytest.fixture
def pets(bench):
    """The dataset as imported, whatever a test before made of it."""
    bench.editing.return_to("Pets", 1)
    return bench.datasets.get("Pets")


@pytest.mark.fault("D4")
def test_a_run_keeps_the_version_it_was_started_with_whatever_becomes_of_the_dataset(bench, pets):
    quick = TrainConfig(strengths=(1.0,), selection="validation", device="cpu")
    untouched = bench.runs.wait(bench.runs.start("Pets", quick, name="untouched").id)
    run = bench.runs.start("Pets", quick, name="disturbed")
    pictures = bench.datasets.pictures("Pets", limit=1000).pictures
    tested = [picture.id for picture in pictures if picture.split == "test"]
    bench.editing.exclude("Pets", tested[: len(tested) // 2])
    bench.editing.relabel("Pets", [picture.id for picture in pictures if picture.label == "red"][:30], "green")
    bench.editing.rename("Pets", "Renamed")
    try:
        done = bench.runs.wait(run.id)
        assert (done.state, done.version, done.dataset) == ("done", pets.version, "Pets")
        report = bench.evaluation.report(run.id)
        assert report.n == len(tested)
        assert report.classes == ("blue", "red")
        assert done.metrics == untouched.metrics
        assert bench.datasets.get("Renamed").version == pets.version + 2
        assert bench.datasets.get("Renamed", pets.version) == pets.model_copy(update={"name": "Renamed"})
    finally:
        bench.editing.rename("Renamed", "Pets")


@pytest.mark.fault("A2")
def test_kills_while_versions_are_written_leave_whole_versions_only(bench, pets):
    code = (
        "import itertools; from clf_core.api import open_workbench\n"
        "bench = open_workbench(); print('ready', flush=True)\n"
        "for number in itertools.count(): bench.editing.relabel('Pets', [number % 100], f'class {number}')\n"
    )
    for pause in (0.02, 0.1, 0.23):
        server = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "CLF_WORKSPACE": str(bench.settings.workspace)},
            stdout=subprocess.PIPE,
        )
        with server:
            server.stdout.readline()
            time.sleep(pause)
            os.kill(server.pid, signal.SIGKILL)
        again = Workbench(bench.settings)
        history = again.editing.versions("Pets")
        assert [version.version for version in history] == list(range(len(history), 0, -1))
        assert again.datasets.get("Pets").version == len(history)
        for version in history[:3]:
            assert again.datasets.pictures("Pets", version=version.version).total == version.pictures
        assert again.editing.exclude("Pets", [len(history) % 100]).version > len(history)
        again.editing.return_to("Pets", 1)


@pytest.mark.fault("A4")
@pytest.mark.parametrize("refused", [1, 3])
def test_a_full_disk_keeps_the_version_before(bench, pets, monkeypatch, refused):
    """Two files make a version, each synced before its folder; the disk is full at the first or the second file."""
    sync, calls = os.fsync, 0

    def fill(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == refused:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    before = sorted(path.name for path in (bench.settings.workspace / "datasets" / pets.id / "versions").iterdir())
    monkeypatch.setattr("clf_core.files.os.fsync", fill)
    with pytest.raises(StorageError, match=r"disk is full.*Free some space"):
        bench.editing.exclude("Pets", [0])
    monkeypatch.undo()
    assert calls == refused
    after = sorted(path.name for path in (bench.settings.workspace / "datasets" / pets.id / "versions").iterdir())
    assert after == before
    assert bench.datasets.get("Pets") == pets
    assert bench.editing.exclude("Pets", [0]).version == pets.version + 1
