"""What befalls trainings from outside: reboots, two people at once, no memory, no finite loss, a clock that is set."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from clf_core.api import Workbench
from clf_core.api.runs import Runs
from clf_core.config import Convolution, GlobalPooling, NetworkConfig, Pooling, TrainConfig
from clf_core.errors import CancelledError
from clf_core.jobs import process, worker
from clf_core.jobs.event_callbacks import EventCallbacks
from clf_core.jobs.local import LocalLauncher
from clf_core.jobs.progress import ProgressReader
from clf_core.jobs.summary import summarise
from clf_core.results import StepPoint
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.records import ProcessIdentity, RunStatus
from tests.pretended_workers import PretendedWorkers, end

YEAR = 365 * 86400.0
BALANCED = TrainConfig(preset="balanced")
SMALL = TrainConfig(
    preset="scratch",
    network=NetworkConfig(input_size=16, layers=(Convolution(filters=4), Pooling(), GlobalPooling())),
    epochs=4,
    batch_size=8,
    device="cpu",
)


@pytest.fixture(scope="module")
def imported(write_pictures, tmp_path_factory):
    """A workspace with a dataset, for runs that are trained."""
    root = tmp_path_factory.mktemp("faults")
    write_pictures(root / "pets", {"red": 15, "blue": 15}, size=20)
    Workbench(Settings(workspace=root)).imports.path(root / "pets", "Pets")
    return root


@pytest.fixture
def workspace(imported):
    """The same without runs."""
    for path in [*imported.glob("runs/r-*/run.json"), *imported.glob("queue.sqlite3")]:
        path.unlink()
    for folder in imported.glob("runs/r-*"):
        folder.rename(imported / f"gone-{folder.name}")
    return Workspace(imported)


@pytest.fixture
def workers():
    return PretendedWorkers()


@pytest.fixture
def make(workspace):
    """``make(config)`` returns a new run that nobody has started."""
    return lambda config=BALANCED: workspace.runs.create(
        workspace.datasets.find("Pets"), config, None, process.current()
    )


# A3: a reboot, a stale or reused process number


def _another(**changes):
    return process.current().model_copy(update=changes)


@pytest.mark.fault("A3")
@pytest.mark.parametrize(
    "identity",
    [
        _another(started="00000000-0000-0000-0000-000000000000:12345"),
        _another(started=process.current().started + "1"),
        _another(pid=2**22 - 1),
    ],
    ids=["rebooted", "reused", "stale"],
)
@pytest.mark.parametrize("spoke", [True, False], ids=["at work", "just started"])
def test_a_worker_that_is_no_longer_there_left_an_interrupted_run(make, workspace, identity, spoke):
    run = make()
    run.write_launched(identity)
    if spoke:
        run.write_status(RunStatus(state="running", worker=identity, began=time.time() - 100, ticks=5.0, epochs=3))
    summary = Runs(workspace).get(run.record.id)
    assert summary.state == "interrupted"
    assert summary.resumable
    assert summary.seconds < 60
    if spoke:
        assert "at epoch 3" in summary.error.what


@pytest.mark.fault("A3")
def test_runs_that_waited_over_a_reboot_begin_when_somebody_looks(make, workspace, workers):
    first, second = make(), make()
    runs = Runs(workspace, workers)
    before = ProcessIdentity(pid=os.getpid(), started="another boot:1")
    for run in (first, second):
        run.mark_waiting()
        workspace.queue.add(run.record.id)
    workspace.queue.take(before, lambda _: True)
    first.clear_waiting()
    first.write_status(RunStatus(state="running", worker=before, began=time.time()))
    assert runs.get(second.record.id).state == "running"
    assert runs.get(first.record.id).state == "interrupted"


# A5: two browsers, a double click


@pytest.mark.fault("A5")
@pytest.mark.parametrize("browsers", [2, 6])
def test_of_many_who_start_at_once_one_is_at_work_and_the_others_wait(workspace, workers, browsers):
    made, ready = [], threading.Barrier(browsers)

    def click() -> None:
        mine = Runs(Workspace(workspace.root), workers)
        ready.wait()
        made.append(mine.start("Pets", BALANCED).id)

    threads = [threading.Thread(target=click) for _ in range(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = Runs(workspace, workers).list()
    assert len(made) == len(listed) == browsers
    assert sorted(run.state for run in listed) == ["queued"] * (browsers - 1) + ["running"]
    assert sorted(run.place for run in listed) == list(range(browsers))
    assert len(workers.started) == 1
    for _ in range(browsers):  # each gets its turn, and none twice
        end(
            next(workspace.runs.find(run.id) for run in Runs(workspace, workers).list() if run.state == "running"),
            "done",
        )
    assert {run.state for run in Runs(workspace, workers).list()} == {"done"}
    assert len(set(workers.started)) == len(workers.started) == browsers


@pytest.mark.fault("A5")
def test_a_worker_started_twice_for_a_run_works_once(make, monkeypatch):
    """As when whoever started it died before noting so, and the next to look starts it again."""
    import filelock

    run = make(SMALL)
    with filelock.FileLock(run.lock_path):
        assert worker.main([str(run.path)]) == 0
    assert run.status() is None


@pytest.mark.fault("A5")
def test_a_worker_that_ends_starts_the_next_with_nobody_looking(workspace, make):
    runs = Runs(workspace)
    impossible = TrainConfig(continue_from="")
    first, second = make(impossible), make(impossible)
    for run in (first, second):  # both fail at once, as their dataset version is not there
        record = run.record.model_copy(update={"version": 99})
        run.write_new(record, run.config)
    runs.turns.add(first)
    runs.turns.add(second)
    deadline = time.monotonic() + 60
    while second.status() is None or second.status().state != "failed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert first.status().state == "failed"


# A7: no memory, a killed worker


@pytest.mark.fault("A7")
def test_a_worker_that_the_system_kills_is_told_as_out_of_memory_with_a_smaller_batch(make, workspace):
    run = make(SMALL)
    launcher = LocalLauncher()
    launcher.submit(run)
    os.kill(run.launched().pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while launcher.state(run) != "interrupted":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    words = summarise(run, launcher).error
    assert "memory runs out" in words.why
    assert "smaller batch" in words.remedy
    assert Runs(workspace, launcher).with_smaller_batch(run.record.id).batch_size == 4


@pytest.mark.fault("A7")
def test_who_did_not_see_it_end_hears_of_memory_from_the_systems_count(make, workspace, monkeypatch):
    run = make(SMALL)
    gone = _another(pid=2**22 - 1)
    run.write_status(RunStatus(state="running", worker=gone, began=time.time(), memory_kills=3))
    monkeypatch.setattr(process, "memory_kills", lambda: 3)
    assert "perhaps" in Runs(workspace).get(run.record.id).error.why
    monkeypatch.setattr(process, "memory_kills", lambda: 4)
    words = Runs(workspace).get(run.record.id).error
    assert "memory runs out" in words.why
    assert "smaller batch" in words.remedy


@pytest.mark.fault("A7")
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_memory_refused_inside_the_worker_is_told_with_a_smaller_batch(make, monkeypatch, error):
    def fail(*_):
        raise error

    run = make(SMALL)
    monkeypatch.setattr(worker._Worker, "_train_and_test", fail)
    assert worker.main([str(run.path)]) == 1
    assert "out of memory" in run.status().error.what
    assert "smaller batch" in run.status().error.remedy


# A8: a NaN or infinite loss


def _spoil(monkeypatch, from_epoch, value):
    from clf_core.training.pixels import PixelInputs

    learn = PixelInputs.learn

    def spoiled(self, rows, epoch):
        inputs = learn(self, rows, epoch)
        return inputs * value if epoch >= from_epoch else inputs

    monkeypatch.setattr(PixelInputs, "learn", spoiled)


@pytest.mark.fault("A8")
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_the_run_with_the_best_finite_weights(make, workspace, monkeypatch, value):
    from safetensors.numpy import load_file

    run = make(SMALL)
    _spoil(monkeypatch, 3, value)
    assert worker.main([str(run.path)]) == 0
    summary = Runs(workspace).get(run.record.id)
    assert (summary.state, summary.epochs) == ("done", 2)
    tensors = load_file(run.model_folder / "backbone" / "weights.safetensors").values()
    assert all(np.isfinite(tensor).all() for tensor in tensors)
    assert any("learning rate" in message for message in ProgressReader().read(run, summary).messages)


@pytest.mark.fault("A8")
def test_a_loss_that_never_was_a_number_is_a_failure_in_words(make, monkeypatch):
    run = make(SMALL)
    _spoil(monkeypatch, 1, float("nan"))
    worker.main([str(run.path)])
    error = run.status().error
    assert run.status().state == "failed"
    assert "fault of the studio" not in error.what
    assert "learning rate" in error.remedy


# A9: the clock is set


@pytest.fixture(params=[YEAR, -YEAR], ids=["ahead", "back"])
def jump(request, monkeypatch):
    """``jump()`` sets the clock by a year."""
    real = time.time

    def by_a_year() -> None:
        monkeypatch.setattr(time, "time", lambda: real() + request.param)

    return by_a_year


@pytest.mark.fault("A9")
def test_the_time_left_and_the_time_spent_do_not_follow_the_clock(make, workspace, workers, jump):
    run = make()
    workers.submit(run)
    run.write_status(run.status().model_copy(update={"ticks": time.monotonic()}))
    callbacks = EventCallbacks(run)
    callbacks.stage("tune", 20)
    for done in range(1, 11):
        if done == 5:
            jump()
        time.sleep(0.02)
        callbacks.step(done, StepPoint(epoch=1, epochs=1, batch=done, batches=20, loss=1.0, learning_rate=0.1))
        callbacks._last_written = 0.0
    runs = Runs(workspace, workers)
    progress = runs.progress(run.record.id)
    assert progress.eta_seconds is None or 0 <= progress.eta_seconds < 60
    assert 0 <= progress.run.seconds < 60
    end(run, "running", worker=_another(pid=2**22 - 1))
    assert 0 <= runs.get(run.record.id).seconds < 60


@pytest.mark.fault("A9")
def test_runs_keep_their_order_and_show_what_the_clock_said(make, workspace, jump):
    first = make()
    jump()
    second, third = make(), make()
    listed = Runs(Workspace(workspace.root)).list()
    assert [run.id for run in listed] == [run.record.id for run in (third, second, first)]
    assert all(abs(run.created - time.time()) < 60 for run in listed[:2])


@pytest.mark.fault("A9")
def test_a_cancel_is_heard_whatever_the_clock_says(make, monkeypatch, jump):
    run = make()
    callbacks = EventCallbacks(run)
    callbacks.stage("tune", 2)
    jump()
    run.request_cancel()
    time.sleep(0.06)
    with pytest.raises(CancelledError):
        callbacks.check_cancelled()


# A1, through the facade's own eyes


@pytest.mark.fault("A1")
@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "gone"])
def test_a_damaged_latest_checkpoint_falls_back_to_the_earlier(make, undisturbed, damage):
    run = make(SMALL)
    _two_epochs_then_pause(run)
    latest = run.path / "checkpoints" / "latest.safetensors"
    sound = latest.read_bytes()
    spoiled = {"empty": b"", "cut": sound[: len(sound) // 2], "noise": os.urandom(len(sound))}
    latest.unlink()
    if damage in spoiled:
        latest.write_bytes(spoiled[damage])
    run.clear_wish()
    assert worker.main([str(run.path)]) == 0
    assert run.status().state == "done"
    assert _weights_of(run) == undisturbed


@pytest.fixture(scope="module")
def undisturbed(imported):
    """The weights of a run that nothing befell."""
    workspace = Workspace(imported)
    run = workspace.runs.create(workspace.datasets.find("Pets"), SMALL, None, process.current())
    assert worker.main([str(run.path)]) == 0
    return _weights_of(run)


def _weights_of(run):
    return [(run.model_folder / name).read_bytes() for name in ("head.safetensors", "backbone/weights.safetensors")]


def _two_epochs_then_pause(run) -> None:
    """Let it go on until two epochs are done, then pause it."""
    run.clear_wish()
    done = EventCallbacks.epoch

    def pausing(self, point):
        done(self, point)
        if point.epoch == 2:
            run.request("pause")

    EventCallbacks.epoch = pausing
    try:
        assert worker.main([str(run.path)]) == 0
    finally:
        EventCallbacks.epoch = done
    assert (run.status().state, run.status().epochs) == ("paused", 2)
