import time

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import StorageError
from clf_core.jobs import process
from clf_core.jobs.queue import WorkQueue
from clf_core.jobs.searches import SearchJobs
from clf_core.workspace import Workspace
from clf_core.workspace.records import ProcessIdentity, RunStatus
from clf_core.workspace.search_directory import SearchStatus
from tests.pretended_workers import PretendedWorkers, end

GONE = ProcessIdentity(pid=2**22 - 1, started="long ago")


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def workers():
    return PretendedWorkers()


@pytest.fixture
def queue(workspace, workers):
    return WorkQueue(workspace, workers)


@pytest.fixture
def make(workspace, pets):
    """``make("a")`` returns a new run of that name, made by a process that is gone."""
    return lambda name: workspace.runs.create(pets, TrainConfig(), f"run {name}", GONE)


def test_one_starts_and_the_others_wait_their_turn(queue, workers, make):
    first, second, third = (make(name) for name in "abc")
    for run in (first, second, third):
        queue.add(run)
    assert workers.started == ["run a"]
    assert queue.places() == {second.record.id: 1, third.record.id: 2}
    end(first, "done")
    queue.start_next()
    assert workers.started == ["run a", "run b"]
    assert not second.is_waiting()
    assert third.is_waiting()


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "paused"])
def test_whoever_looks_starts_the_next(queue, workers, make, workspace, state):
    first, second = make("a"), make("b")
    queue.add(first)
    queue.add(second)
    end(first, state)
    assert WorkQueue(workspace, workers).places() == {}
    assert workers.started == ["run a", "run b"]


def test_a_worker_that_was_killed_gives_its_slot_back(queue, workers, make):
    first, second = make("a"), make("b")
    queue.add(first)
    queue.add(second)
    first.write_status(RunStatus(state="running", worker=GONE, began=time.time()))
    queue.start_next()
    assert workers.started == ["run a", "run b"]


def test_a_starter_that_was_killed_before_the_worker_was_there_costs_nothing(queue, workers, make, workspace):
    run = make("a")
    run.mark_waiting()
    workspace.queue.add(run.record.id)
    assert workspace.queue.take(GONE, lambda _: True) == run.record.id
    run.write_starter(GONE)
    run.clear_waiting()
    queue.start_next()
    assert workers.started == ["run a"]


def test_one_that_is_just_being_started_keeps_its_slot(queue, workers, make, workspace):
    run, second = make("a"), make("b")
    workspace.queue.add(run.record.id)
    assert workspace.queue.take(process.current(), lambda _: True) == run.record.id
    queue.add(second)
    assert workers.started == []


def test_a_run_that_cannot_be_started_does_not_hold_up_the_others(queue, workers, make, monkeypatch):
    begin = workers.submit

    def refuse_the_first(run, sharing):
        if run.record.name == "run a":
            raise StorageError("The disk is full")
        begin(run)

    monkeypatch.setattr(workers, "submit", refuse_the_first)
    queue.add(make("a"))
    queue.add(make("b"))
    assert workers.started == ["run b"]


def test_a_lost_file_of_the_queue_is_filled_from_the_directories(queue, workers, make, workspace):
    runs = [make(name) for name in "abc"]
    for run in runs:
        queue.add(run)
    (workspace.root / "queue.sqlite3").unlink()
    anew = WorkQueue(Workspace(workspace.root), workers)
    assert anew.places() == {runs[1].record.id: 1, runs[2].record.id: 2}
    assert workers.started == ["run a"]


def test_order_slots_and_withdrawal(queue, workers, make):
    queue.add(make("a"))
    second, third, fourth = (make(name) for name in "bcd")
    for run in (second, third):
        queue.add(run)
    queue.add(fourth, priority=1)
    ids = {run.record.id: run.record.name for run in (second, third, fourth)}
    assert [ids[run] for run in queue.places()] == ["run d", "run b", "run c"]
    assert queue.move(third, 1)
    assert queue.prioritise(second, 9)
    assert [ids[run] for run in queue.places()] == ["run b", "run c", "run d"]
    assert queue.withdraw(second)
    assert not second.is_waiting()
    assert not queue.withdraw(second)
    queue.set_slots(3)
    assert queue.slots == 3
    assert workers.started == ["run a", "run c", "run d"]


class PretendedSearches(SearchJobs):
    """Each 'worker' is the test's own process; ``started`` names the searches in the order they were started."""

    def __init__(self):
        super().__init__()
        self.started = []

    def submit(self, search, sharing=1):
        self.started.append(search.record.name)
        search.write_status(SearchStatus(state="running", worker=process.current()))


@pytest.fixture
def search(workspace, pets, queue):
    queue.searches = PretendedSearches()
    return workspace.searches.create(pets, SearchConfig(trials=2), "search", GONE)


def test_a_search_waits_for_its_turn_among_runs_and_takes_a_slot(queue, workers, make, search):
    first, last = make("a"), make("b")
    for work in (first, search, last):
        queue.add(work)
    assert queue.places() == {search.record.id: 1, last.record.id: 2}
    end(first, "done")
    queue.start_next()
    assert (queue.searches.started, workers.started) == (["search"], ["run a"])
    assert queue.places() == {last.record.id: 1}
    search.write_status(SearchStatus(state="done", worker=GONE))
    queue.start_next()
    assert workers.started == ["run a", "run b"]


def test_a_search_that_waits_or_works_is_found_again_where_the_queue_was_lost(
    queue, workers, make, search, workspace, pets
):
    run, other = make("a"), workspace.searches.create(pets, SearchConfig(trials=2), "other", GONE)
    for work in (search, run, other):
        queue.add(work)
    (workspace.root / "queue.sqlite3").unlink()
    anew = WorkQueue(Workspace(workspace.root), workers)
    anew.searches = queue.searches
    assert anew.places() == {run.record.id: 1, other.record.id: 2}
    assert anew.move(other, 1)
    assert anew.withdraw(run)
    search.write_status(SearchStatus(state="running", worker=GONE))  # killed
    anew.start_next()
    assert queue.searches.started == ["search", "other"]
