"""Where the background work on a run stands, told from files and processes alone."""

import subprocess
import sys

import pytest

from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.jobs import process
from clf_core.jobs.insights import INTERRUPTED, InsightJobs, Launched, Work, folder_of, read_work, write_work


class _Part:
    """A part that is done once its file is there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = f"Part {name}"

    def done(self, run):
        return (folder_of(run, self.name) / "done").exists()

    def make(self, run, _workspace, _model, _tell):
        folder_of(run, self.name).mkdir(parents=True, exist_ok=True)
        (folder_of(run, self.name) / "done").touch()


ONE, TWO = _Part("one"), _Part("two")


@pytest.fixture
def jobs(run):
    (run.path / "insights").mkdir()
    return InsightJobs((ONE, TWO))


@pytest.fixture
def started(jobs, monkeypatch):
    """The command lines of processes that would have been started."""
    lines = []
    monkeypatch.setattr(jobs._background, "start", lambda module, arguments, log: lines.append(arguments[1:]))
    return lines


@pytest.fixture
def worker():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    yield child
    child.kill()
    child.communicate()


@pytest.fixture
def launch(run, worker):
    """``launch()`` notes the living process as the one at work."""

    def note(**skipped: str):
        identity = process.identify(worker.pid)
        launched = Launched(worker=identity, skipped=skipped)
        write_json(run.path / "insights" / "launched.json", launched.model_dump(mode="json"))
        return identity

    return note


def _say(run, identity, **words):
    write_work(run.path / "insights", Work(worker=identity, **words))


def _end(worker):
    worker.kill()
    worker.wait()


def _states(jobs, run):
    return [part.state for part in jobs.state(run).parts]


def test_before_it_is_started_everything_waits(jobs, run):
    assert _states(jobs, run) == ["waiting", "waiting"]
    assert not jobs.state(run).running


def test_what_lies_there_is_done_whoever_made_it(jobs, run, started):
    for part in (ONE, TWO):
        part.make(run, None, None, None)
    assert _states(jobs, run) == ["done", "done"]
    jobs.start(run)
    assert not started


def test_only_open_parts_are_started(jobs, run, started):
    ONE.make(run, None, None, None)
    jobs.start(run)
    assert started == [["two"]]


def test_a_living_process_is_running_and_its_part_says_how_far_it_is(jobs, run, launch, started):
    identity = launch()
    assert jobs.state(run).running
    _say(run, identity, part="one", done=3, total=9, note="Waits")
    one, two = jobs.state(run).parts
    assert (one.state, one.done, one.total, one.note) == ("running", 3, 9, "Waits")
    assert two.state == "waiting"
    jobs.start(run)
    jobs.start(run, again=True)
    assert not started


def test_a_part_that_failed_says_why_and_is_left_aside_until_asked_for(jobs, run, launch, worker, started):
    identity = launch()
    _say(run, identity, state="done", failed={"one": "No memory."})
    _end(worker)
    one, two = jobs.state(run).parts
    assert (one.state, one.note, two.state) == ("failed", "No memory.", "waiting")
    jobs.start(run)
    jobs.start(run, again=True)
    assert started == [["two"], ["one", "two"]]


def test_a_part_at_which_the_process_died_failed_and_is_not_tried_for_ever(jobs, run, launch, worker, started):
    identity = launch()
    _say(run, identity, part="two")
    _end(worker)
    one, two = jobs.state(run).parts
    assert (one.state, two.state, two.note) == ("waiting", "failed", INTERRUPTED)
    jobs.start(run)
    assert started == [["one"]]


def test_a_process_that_died_before_it_spoke_failed_at_its_first_part(jobs, run, launch, worker):
    launch()
    _end(worker)
    assert _states(jobs, run) == ["failed", "waiting"]


def test_what_failed_before_the_last_start_is_still_known(jobs, run, launch):
    identity = launch(two="No room.")
    _say(run, identity, part="one")
    assert [(part.state, part.note) for part in jobs.state(run).parts] == [("running", ""), ("failed", "No room.")]


def test_words_of_an_earlier_process_do_not_count(jobs, run, launch):
    earlier = process.identify(process.current().pid).model_copy(update={"pid": 2**22 - 1})
    _say(run, earlier, part="one", done=5, total=9, failed={"two": "Old."})
    launch()
    assert _states(jobs, run) == ["waiting", "waiting"]
    assert jobs.state(run).running


def test_stopping_ends_the_process(jobs, run, launch, worker):
    launch()
    jobs.stop(run)
    assert worker.wait(timeout=10) != 0


def test_nothing_brings_back_a_run_that_is_gone(run, tmp_path):
    with pytest.raises(StorageError, match="no longer there"):
        write_work(tmp_path / "gone", Work(worker=process.current()))


def test_damaged_files_are_as_good_as_none(jobs, run):
    (run.path / "insights" / "work.json").write_text("{")
    (run.path / "insights" / "launched.json").write_text("[]")
    assert read_work(run.path / "insights") is None
    assert _states(jobs, run) == ["waiting", "waiting"]
