"""Where the background checks of a dataset stand, told from their files and processes alone."""

import subprocess
import sys

import pytest

from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.jobs import process
from clf_core.jobs.health import HealthJobs, Launched, Work, read_work, write_work


class _Store:
    """What the jobs need of a health store."""

    def __init__(self, folder):
        self.folder = folder
        self.stored = False

    def done(self, _identifier, _version, _part):
        return self.stored

    def work_folder(self, _identifier):
        return self.folder


@pytest.fixture
def store(tmp_path):
    (tmp_path / "dataset" / "checks").mkdir(parents=True)
    return _Store(tmp_path / "dataset" / "checks")


@pytest.fixture
def jobs(store, tmp_path):
    return HealthJobs(tmp_path, store)


@pytest.fixture
def worker():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def launch(store, worker):
    """``launch(version)`` notes the living process as the worker of that version."""

    def note(version: int):
        identity = process.identify(worker.pid)
        write_json(store.folder / "launched.json", Launched(version=version, worker=identity).model_dump(mode="json"))
        return identity

    return note


def _kill(worker):
    worker.kill()
    worker.wait()


def test_nothing_started_is_waiting(jobs):
    assert jobs.state("d", 1) == ("waiting", None)


def test_from_its_start_to_its_end(jobs, store, launch):
    identity = launch(1)
    assert jobs.state("d", 1) == ("running", None)
    write_work(store.folder, Work(version=1, worker=identity, done=3, total=10))
    assert jobs.state("d", 1)[1].done == 3
    store.stored = True
    assert jobs.state("d", 1) == ("done", None)


@pytest.mark.parametrize("began", [True, False])
def test_a_killed_one_is_told_as_interrupted(jobs, store, launch, worker, began):
    identity = launch(1)
    if began:
        write_work(store.folder, Work(version=1, worker=identity, done=3, total=10))
    _kill(worker)
    state, work = jobs.state("d", 1)
    assert state == "failed"
    assert "interrupted" in work.note


def test_a_failed_one_says_why(jobs, store, launch):
    write_work(store.folder, Work(version=1, worker=launch(1), state="failed", note="No weights"))
    assert jobs.state("d", 1)[1].note == "No weights"


def test_what_an_earlier_attempt_said_does_not_count(jobs, store, launch):
    other = process.current()
    write_work(store.folder, Work(version=1, worker=other, state="failed", note="Old"))
    launch(1)
    assert jobs.state("d", 1) == ("running", None)


def test_work_on_another_version_says_nothing_of_this_one(jobs, store, launch):
    write_work(store.folder, Work(version=1, worker=launch(1)))
    assert jobs.state("d", 2) == ("waiting", None)


def test_damaged_files_count_as_not_there(jobs, store):
    (store.folder / "launched.json").write_text("{")
    (store.folder / "work.json").write_bytes(b"\xff")
    assert jobs.state("d", 1) == ("waiting", None)
    assert read_work(store.folder) is None


def test_one_under_way_is_not_started_twice(jobs, launch, monkeypatch):
    launch(1)
    monkeypatch.setattr(subprocess, "Popen", None)
    jobs.start("d", 1)
    assert jobs.state("d", 1)[0] == "running"


def test_a_newer_version_ends_the_work_on_the_older(jobs, launch, worker, monkeypatch):
    launch(1)
    started = []
    monkeypatch.setattr(jobs, "_spawn", lambda *arguments: started.append(arguments[1:]))
    jobs.start("d", 2)
    assert worker.wait(timeout=5) != 0
    assert started == [("d", 2)]


def test_another_process_with_the_same_number_is_left_alone(jobs, store, launch, worker):
    stranger = launch(1).model_copy(update={"started": "another time"})
    write_json(store.folder / "launched.json", Launched(version=1, worker=stranger).model_dump(mode="json"))
    jobs.stop("d")
    assert worker.poll() is None


def test_a_start_that_is_refused_is_told(jobs, monkeypatch):
    def refuse(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(StorageError):
        jobs.start("d", 1)
    assert jobs.state("d", 1)[0] == "waiting"


def test_the_folder_of_a_dataset_that_is_gone_is_not_brought_back(tmp_path):
    with pytest.raises(StorageError):
        write_work(tmp_path / "gone" / "checks", Work(version=1, worker=process.current()))
    assert not (tmp_path / "gone").exists()
