import sqlite3
import threading

import pytest

from clf_core.workspace.queue import Queue, Ticket
from clf_core.workspace.records import ProcessIdentity

ME = ProcessIdentity(pid=7, started="now")


@pytest.fixture
def queue(tmp_path):
    return Queue(tmp_path / "queue.sqlite3")


def _order(queue):
    return [ticket.run for ticket in queue.tickets() if ticket.starter is None]


def _at_work(_ticket):
    return True


def test_runs_get_a_slot_in_the_order_they_came(queue):
    for run in "abc":
        queue.add(run)
    assert queue.take(ME, _at_work) == "a"
    assert queue.take(ME, _at_work) is None
    assert queue.tickets()[0] == Ticket("a", 0, ME)
    assert _order(queue) == ["b", "c"]
    assert queue.take(ME, lambda _: False) == "b"
    assert [ticket.run for ticket in queue.tickets()] == ["b", "c"]


def test_a_run_is_added_once(queue):
    queue.add("a")
    queue.add("b")
    queue.add("a", 5)
    assert _order(queue) == ["a", "b"]


def test_a_run_that_goes_on_gives_up_the_slot_it_had(queue):
    queue.add("a")
    queue.take(ME, _at_work)
    queue.add("b")
    queue.add("a")
    assert _order(queue) == ["b", "a"]


def test_more_slots_let_more_go_at_a_time(queue):
    assert queue.slots() == 1
    queue.set_slots(2)
    for run in "abc":
        queue.add(run)
    assert [queue.take(ME, _at_work) for _ in range(3)] == ["a", "b", None]
    queue.set_slots(0)
    assert queue.slots() == 1


def test_priorities_go_first_and_behind_their_like(queue):
    for run, priority in (("a", 0), ("b", 0), ("c", 1), ("d", 1)):
        queue.add(run, priority)
    assert _order(queue) == ["c", "d", "a", "b"]
    assert queue.prioritise("b", 1)
    assert _order(queue) == ["c", "d", "b", "a"]
    assert not queue.prioritise("z", 1)


@pytest.mark.parametrize(("place", "order"), [(1, "dabc"), (2, "adbc"), (4, "abcd"), (99, "abcd"), (-3, "dabc")])
def test_a_run_is_moved_to_a_place(queue, place, order):
    for run in "abcd":
        queue.add(run)
    assert queue.move("d", place)
    assert _order(queue) == list(order)


def test_a_place_among_others_priorities_brings_that_priority(queue):
    for run, priority in (("a", 2), ("b", 1), ("c", 0)):
        queue.add(run, priority)
    queue.move("c", 1)
    assert _order(queue) == ["c", "a", "b"]
    queue.move("c", 3)
    assert _order(queue) == ["a", "b", "c"]
    queue.add("d")
    assert _order(queue) == ["a", "b", "c", "d"]


def test_what_has_a_slot_is_neither_moved_nor_withdrawn(queue):
    queue.add("a")
    queue.take(ME, _at_work)
    assert not queue.move("a", 1)
    assert not queue.withdraw("a")
    assert not queue.prioritise("a", 3)
    queue.remove("a")
    assert queue.tickets() == ()


def test_a_run_that_waits_is_withdrawn_once(queue):
    queue.add("a")
    assert queue.withdraw("a")
    assert not queue.withdraw("a")


def test_one_whose_starter_died_waits_again_where_it_was(queue):
    queue.add("a")
    queue.add("b")
    queue.take(ME, _at_work)
    assert queue.take(ME, lambda _: None) == "a"


def test_a_new_file_is_filled_once(queue):
    assert not queue.is_filled()
    queue.fill([Ticket("a", 0, ME), Ticket("b", 0, None)])
    queue.fill([Ticket("c", 0, None)])
    assert queue.is_filled()
    assert [ticket.run for ticket in queue.tickets()] == ["a", "b"]
    assert queue.take(ME, _at_work) is None


def test_many_who_ask_at_once_share_the_slots_without_a_word_of_a_lock(tmp_path):
    path, taken, errors = tmp_path / "queue.sqlite3", [], []
    Queue(path).set_slots(10)

    def ask(number):
        try:
            mine = Queue(path)
            mine.add(f"r{number}")
            taken.append(mine.take(ME, _at_work))
        except Exception as error:  # noqa: BLE001 - whatever a person would see
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    got = [run for run in taken if run is not None]
    assert len(got) == len(set(got)) == 10


def test_a_damaged_queue_begins_anew(tmp_path):
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    assert Queue(path).tickets() == ()
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
