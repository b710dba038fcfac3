"""The background health check as a process: done, killed, started again, superseded, and sparing with work."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.jobs import process
from clf_core.jobs.health import read_work
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.health import HealthStore
from tests.stored_pictures import damage_picture


@pytest.fixture
def bench(make_workspace, write_pictures, tmp_path):
    bench = Workbench(Settings(workspace=make_workspace()))
    write_pictures(tmp_path / "small", {"red": 30, "blue": 30})
    bench.imports.path(tmp_path / "small", "Small")
    yield bench
    for dataset in bench.datasets.list():
        bench.health.stop_slow(dataset.id)


@pytest.fixture(scope="module")
def known_features(make_workspace, write_pictures, tmp_path_factory) -> Path:
    """What the network makes of the pictures of 'Small': most tests are about the process, not about computing it."""
    bench = Workbench(Settings(workspace=make_workspace()))
    bench.imports.path(write_pictures(tmp_path_factory.mktemp("small") / "small", {"red": 30, "blue": 30}), "Small")
    bench.health.start_slow("Small")
    _wait(bench, "Small", "done")
    return bench.settings.workspace / "features"


@pytest.fixture
def known(bench, known_features) -> None:
    """Let these features be known in the workspace of ``bench``."""
    shutil.copytree(known_features, bench.settings.workspace / "features")


def _wait(bench, ref, *states, seconds=150.0):
    """Wait for a state; the check runs at the lowest priority, so a busy machine takes its time."""
    deadline = time.monotonic() + seconds
    while (report := bench.health.report(ref)).slow_checks not in states:
        assert time.monotonic() < deadline, f"waited in vain: {report}"
        time.sleep(0.02)
    return report


def _folder(bench, ref):
    return HealthStore(Workspace(bench.settings.workspace).datasets).work_folder(bench.datasets.get(ref).id)


def _shards(bench) -> set[str]:
    return {path.name for path in bench.settings.workspace.glob("features/*/*.npz")}


def _large(bench, write_pictures, folder, each):
    """Enough pictures for some seconds of work, so that there is something to interrupt."""
    write_pictures(folder, {"red": each, "blue": each}, size=24, seed=1)
    return bench.imports.path(folder, "Large").dataset_id


def test_from_start_to_end_with_a_wrong_label_found(bench):
    red = bench.datasets.pictures("Small", label="red", limit=2).pictures
    bench.editing.relabel("Small", [picture.id for picture in red], "blue")
    assert bench.health.report("Small").slow_checks == "waiting"
    bench.health.start_slow("Small")
    assert bench.health.report("Small").slow_checks == "running"
    report = _wait(bench, "Small", "done", "failed")
    assert (report.slow_checks, report.slow_done, report.slow_total, report.slow_note) == ("done", 60, 60, "")
    assert report.leak.without_leak > 0.9
    assert report.leak.without_leak_low < report.leak.without_leak
    suspects = next(finding for finding in report.findings if finding.kind == "label-suspects")
    assert {suspect.id for suspect in suspects.examples} == {picture.id for picture in red}
    assert {suspect.suggestion for suspect in suspects.examples} == {"red"}
    launched = (_folder(bench, "Small") / "launched.json").read_text()
    bench.health.start_slow("Small")  # nothing to do any more
    assert (_folder(bench, "Small") / "launched.json").read_text() == launched
    other = Workbench(Settings(workspace=bench.settings.workspace))
    assert other.health.report("Small") == report
    made = bench.health.fix("Small", "label-suspects")
    assert made.excluded == 2


@pytest.mark.usefixtures("known")
def test_the_next_version_computes_only_what_is_new(bench, write_pictures, tmp_path):
    bench.health.start_slow("Small")
    _wait(bench, "Small", "done")
    before = _shards(bench)
    picture = bench.datasets.pictures("Small", limit=1).pictures[0]
    bench.editing.exclude("Small", [picture.id])
    bench.health.start_slow("Small")
    assert _wait(bench, "Small", "done").slow_total == 59
    assert _shards(bench) == before
    write_pictures(tmp_path / "more", {"red": 3, "blue": 2}, seed=9)
    bench.imports.path(tmp_path / "more", into="Small")
    bench.health.start_slow("Small")
    assert _wait(bench, "Small", "done").slow_total == 64
    (new,) = _shards(bench) - before
    with np.load(next(bench.settings.workspace.glob(f"features/*/{new}"))) as shard:
        assert len(shard["keys"]) == 5


@pytest.mark.fault("A2")
def test_a_killed_check_is_noticed_and_goes_on_where_it_was(bench, write_pictures, tmp_path):
    ref = _large(bench, write_pictures, tmp_path / "large", each=270)  # one shard of 512, and a rest
    bench.health.start_slow(ref)
    deadline = time.monotonic() + 150
    while not (len(_shards(bench)) and bench.health.report(ref).slow_done):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(read_work(_folder(bench, ref)).worker.pid, signal.SIGKILL)
    report = _wait(bench, ref, "failed", "done")
    if report.slow_checks == "failed":  # it may just have ended
        assert "interrupted" in report.slow_note
        kept = _shards(bench)
        bench.health.start_slow(ref)
        assert _wait(bench, ref, "done").slow_total == 540
        assert kept <= _shards(bench)
        assert len(list(bench.settings.workspace.glob("features/*/*.npz"))) <= 2  # of 512 each, and none twice


@pytest.mark.fault("A2")
@pytest.mark.usefixtures("known")
def test_the_check_outlives_whoever_started_it(bench):
    child = os.fork()
    if child == 0:  # a server that starts a check and dies at once
        bench.health.start_slow("Small")
        os._exit(0)
    os.waitpid(child, 0)
    assert _wait(bench, "Small", "done").slow_done == 60


def test_a_newer_version_takes_over(bench, write_pictures, tmp_path):
    ref = _large(bench, write_pictures, tmp_path / "large", each=60)
    bench.health.start_slow(ref)
    first = read_work(_folder(bench, ref))
    deadline = time.monotonic() + 60
    while first is None:
        assert time.monotonic() < deadline
        first = read_work(_folder(bench, ref))
    picture = bench.datasets.pictures(ref, limit=1).pictures[0]
    bench.editing.exclude(ref, [picture.id])
    bench.health.start_slow(ref)
    second = _wait(bench, ref, "done")
    assert (second.version, second.slow_total) == (2, 119)
    assert not process.is_alive(first.worker)


@pytest.mark.usefixtures("known")
def test_a_network_that_cannot_be_had_is_told_in_words_and_tried_again_when_asked(bench):
    backbones = bench.settings.workspace / "backbones"
    prepared = backbones.readlink()
    backbones.unlink()
    backbones.write_text("no folder")  # the network can be neither found nor prepared here
    bench.health.start_slow("Small")
    report = _wait(bench, "Small", "failed", "done")
    assert report.slow_checks == "failed"
    assert "backbones" in report.slow_note
    assert "fault of the studio" not in report.slow_note
    backbones.unlink()
    backbones.symlink_to(prepared, target_is_directory=True)
    bench.health.start_slow("Small")
    assert _wait(bench, "Small", "failed", "done").slow_checks == "done"


def test_a_picture_that_can_no_longer_be_read_is_left_aside_and_told(bench):
    picture = bench.datasets.pictures("Small", limit=1).pictures[0]
    damage_picture(Workspace(bench.settings.workspace).pictures, picture.sha256, b"gone")
    bench.health.start_slow("Small")
    report = _wait(bench, "Small", "done", "failed")
    assert report.slow_checks == "done"
    assert (report.slow_done, report.slow_note) == (59, "1 stored picture can no longer be read.")


def test_it_runs_at_low_priority(bench):
    bench.health.start_slow("Small")
    deadline = time.monotonic() + 60
    while (work := read_work(_folder(bench, "Small"))) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    if process.is_alive(work.worker) and hasattr(os, "getpriority"):
        assert os.getpriority(os.PRIO_PROCESS, work.worker.pid) >= 15


def test_one_class_or_even_pictures_do_not_break_the_check(bench, tmp_path):
    (tmp_path / "odd" / "a").mkdir(parents=True)
    (tmp_path / "odd" / "b").mkdir()
    for n in range(4):
        Image.new("RGB", (20, 20), (n, n, n)).save(tmp_path / "odd" / "a" / f"{n}.png")
    Image.new("RGB", (20, 20), (90, 0, 0)).save(tmp_path / "odd" / "b" / "0.png")
    bench.imports.path(tmp_path / "odd", "Odd")
    bench.health.start_slow("Odd")
    assert _wait(bench, "Odd", "done", "failed").slow_checks == "done"
