import os
import subprocess
import sys
import time

import pytest

from clf_core.errors import StorageError
from clf_core.jobs import process
from clf_core.jobs.local import RUN_VARIABLE, LocalLauncher, _environment
from clf_core.jobs.summary import summarise
from clf_core.results import ErrorWords
from clf_core.workspace.records import RunStatus


@pytest.fixture
def launcher():
    return LocalLauncher()


@pytest.fixture
def worker():
    """A process that does nothing, in a session of its own as workers are; it ignores requests to stop."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield child
    child.kill()
    child.communicate()


def _kill(child):
    child.kill()
    child.wait()


def _running(worker):
    return RunStatus(state="running", worker=process.identify(worker.pid), began=time.time())


def test_a_run_is_starting_until_its_worker_says_so(launcher, run, worker):
    assert launcher.state(run) == "starting"
    run.write_launched(process.identify(worker.pid))
    assert launcher.state(run) == "starting"
    run.write_status(_running(worker))
    assert launcher.state(run) == "running"


@pytest.mark.parametrize("began", [True, False])
def test_a_run_whose_worker_died_is_interrupted(launcher, run, worker, began):
    run.write_launched(process.identify(worker.pid))
    if began:
        run.write_status(_running(worker))
    _kill(worker)
    assert launcher.state(run) == "interrupted"
    assert "interrupted" in summarise(run, launcher).error.what


def test_a_run_whose_maker_died_before_it_started_a_worker_is_interrupted(launcher, run, worker):
    maker = process.identify(worker.pid)
    record = run.record.model_copy(update={"created_by": maker})
    run.write_new(record, run.config)
    run.__dict__.pop("record")
    assert launcher.state(run) == "starting"
    _kill(worker)
    assert launcher.state(run) == "interrupted"


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_the_workers_last_word_counts_whether_it_lives_or_not(launcher, run, worker, state):
    run.write_status(_running(worker).model_copy(update={"state": state}))
    assert launcher.state(run) == state
    _kill(worker)
    assert launcher.state(run) == state


def test_a_worker_that_does_not_listen_is_killed_within_two_seconds(launcher, run, worker):
    run.write_status(_running(worker))
    started = time.monotonic()
    launcher.cancel(run)
    assert time.monotonic() - started < 2
    assert launcher.state(run) == "cancelled"
    assert worker.wait(timeout=1) < 0


def test_a_killed_worker_worked_until_it_was_asked_to_stop(launcher, run, worker):
    run.events_path.touch()
    began = time.time() - 60
    os.utime(run.events_path, (began + 1, began + 1))
    run.write_status(_running(worker).model_copy(update={"began": began}))
    launcher.cancel(run)
    assert 60 <= summarise(run, launcher).seconds < 70


def test_a_worker_cancelled_as_it_died_counts_as_cancelled(launcher, run, worker):
    run.write_status(_running(worker))
    run.request_cancel()
    _kill(worker)
    assert launcher.state(run) == "cancelled"


def test_cancel_never_kills_another_process_with_the_same_number(launcher, run, worker):
    stranger = process.identify(worker.pid).model_copy(update={"started": "another time"})
    run.write_status(_running(worker).model_copy(update={"worker": stranger}))
    launcher.cancel(run)
    assert worker.poll() is None


def test_a_start_that_fails_is_a_failed_run(launcher, run, monkeypatch):
    def refuse(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(StorageError):
        launcher.submit(run)
    assert launcher.state(run) == "failed"
    assert "could not be started" in run.status().error.what


def test_seconds_are_sane_whatever_the_clock_says(run, worker, in_state):
    ahead = _running(worker).model_copy(update={"began": time.time() + 365 * 86400})
    run.write_status(ahead)
    assert summarise(run, in_state("running")).seconds == 0
    assert summarise(run, in_state("interrupted")).seconds == 0


def test_an_error_is_part_of_the_summary(run, worker, in_state):
    words = ErrorWords(what="No")
    run.write_status(_running(worker).model_copy(update={"state": "failed", "error": words, "seconds": 2.5}))
    summary = summarise(run, in_state("failed"))
    assert (summary.error, summary.seconds) == (words, 2.5)


@pytest.mark.parametrize("name", ["status.json", "launch.json"])
def test_a_run_that_cannot_be_read_is_listed_as_failed_with_the_reason(launcher, run, name):
    (run.path / name).write_text("{")
    summary = summarise(run, launcher)
    assert summary.state == "failed"
    assert summary.error.kind == "storage"
    assert name in summary.error.why


def test_a_cancel_ends_what_torchrun_put_into_other_sessions(launcher, run, worker):
    run.write_status(_running(worker))
    environment = {**os.environ, RUN_VARIABLE: run.record.id}
    orphan = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environment)
    with orphan:
        while not process.marked(RUN_VARIABLE, run.record.id):
            time.sleep(0.01)
        launcher.cancel(run)
        assert orphan.wait(timeout=5) < 0


def test_a_cancel_never_ends_who_is_to_start_the_worker(launcher, run, worker):
    run.write_starter(process.identify(worker.pid))
    launcher.cancel(run)
    assert worker.poll() is None


def test_how_a_worker_ended_is_noted_by_who_started_it(launcher, run):
    launcher.submit(run)
    os.kill(run.launched().pid, 9)
    deadline = time.monotonic() + 10
    while launcher.state(run) != "interrupted":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert run.exit_code() == -9


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator's settings are those of Linux")
def test_what_is_set_for_a_worker_is_not_handed_on_to_the_next(run, monkeypatch):
    full = run.config.model_copy(update={"preset": "full"})
    run.write_new(run.record, full)
    environment = _environment(type(run)(run.path), 1)
    assert environment[RUN_VARIABLE] == run.record.id
    assert "GLIBC_TUNABLES" in environment
    for name, value in environment.items():  # as the worker of that run sees them, which starts a quick one
        monkeypatch.setenv(name, value)
    run.write_new(run.record, run.config.model_copy(update={"preset": "quick"}))
    assert "GLIBC_TUNABLES" not in _environment(type(run)(run.path), 1)


def test_runs_side_by_side_divide_the_cores_unless_a_person_chose_otherwise(run, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("clf_core.jobs.local.cpu_count", lambda: 9)
    assert "OMP_NUM_THREADS" not in _environment(run, 1)
    for sharing, threads in ((2, "4"), (4, "2"), (100, "1")):
        assert _environment(run, sharing)["OMP_NUM_THREADS"] == threads
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert _environment(run, 4)["OMP_NUM_THREADS"] == "7"


def test_a_run_somebody_asked_to_go_on_is_starting_until_its_worker_speaks(launcher, run, worker):
    run.write_launched(process.identify(worker.pid))
    run.begin_again(RunStatus(state="queued", worker=process.current(), began=time.time()))
    assert launcher.state(run) == "starting"
    run.write_starter(process.identify(worker.pid))
    _kill(worker)
    assert launcher.state(run) == "interrupted"


def test_a_paused_run_is_paused_whether_its_worker_lives_or_not(launcher, run, worker):
    run.write_status(_running(worker).model_copy(update={"state": "paused", "seconds": 5.0}))
    assert launcher.state(run) == "paused"
    assert summarise(run, launcher).seconds == 5.0
