import sqlite3
import threading

import pytest

from clf_core.errors import NameTakenError, StorageError
from clf_core.workspace.index import MIGRATIONS, Entry, Index

FIRST = Entry("d-1", "Pets", 1.0)
SECOND = Entry("d-2", "Birds", 2.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.sqlite3"


@pytest.fixture
def index(path):
    index = Index(path)
    for entry in (FIRST, SECOND):
        with index.adding("dataset", entry):
            pass
    return index


def test_entries_come_newest_first_and_kinds_do_not_mix(index):
    assert index.entries("dataset") == [SECOND, FIRST]
    assert index.entries("run") == []


def test_an_entry_is_found_by_identifier_and_by_name_in_any_case(index):
    assert index.find("dataset", "d-1") == index.find("dataset", "PETS") == FIRST
    assert index.find("dataset", "d-3") is None
    assert index.find("run", "Pets") is None
    assert index.find("dataset", "no text: \udcff") is None


def test_a_name_is_taken_whatever_its_case(index):
    with (
        pytest.raises(NameTakenError, match="already a dataset called 'pets'"),
        index.adding("dataset", Entry("d-3", "pets", 3.0)),
    ):
        pytest.fail("the block must not run")
    with index.adding("run", Entry("r-1", "Pets", 3.0)):
        pass  # a run may be called like a dataset


def test_a_name_is_free_again_when_the_block_fails(index):
    entry = Entry("d-3", "Cars", 3.0)
    with pytest.raises(OSError, match="disk"), index.adding("dataset", entry):
        raise OSError("disk")
    with index.adding("dataset", entry):
        pass
    assert index.entries("dataset")[0] == entry


def test_free_name_counts_on_from_what_is_taken(index):
    assert index.free_name("dataset", "Cars", 1) == "Cars 1"
    for number in (1, 2):
        with index.adding("dataset", Entry(f"d-c{number}", f"cars {number}", 3.0)):
            pass
    assert index.free_name("dataset", "Cars", 1) == "Cars 3"


def test_reconcile_forgets_what_is_gone_and_numbers_copies(index):
    directories = {"d-1": FIRST, "d-5": Entry("d-5", "pets", 5.0), "d-6": None}
    renamed = index.reconcile("dataset", lambda: (42, directories.keys()), directories.get)
    assert renamed == (Entry("d-5", "pets 2", 5.0),)
    assert index.entries("dataset") == [Entry("d-5", "pets 2", 5.0), FIRST]
    assert index.reconciled("dataset") == 42
    assert index.reconciled("run") == 0


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_index_is_set_aside_and_begins_anew(path, content):
    path.write_bytes(content)
    index = Index(path)
    assert index.entries("dataset") == []
    assert path.with_suffix(".set-aside").read_bytes() == content


def test_an_index_with_a_damaged_page_is_set_aside(index, path):
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    assert Index(path).entries("dataset") == []


def test_an_index_of_a_later_version_is_set_aside(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    assert Index(path).entries("dataset") == []
    assert path.with_suffix(".set-aside").exists()


def test_an_index_deleted_under_a_running_studio_comes_back(index, path):
    path.unlink()
    assert index.entries("dataset") == []
    assert index.reconciled("dataset") == 0


def test_a_folder_that_is_not_there_is_told_in_words(tmp_path):
    with pytest.raises(StorageError, match="index of the workspace"):
        Index(tmp_path / "missing" / "index.sqlite3").entries("dataset")


def test_many_writers_at_once_lose_nothing(path):
    def write(writer: int) -> None:
        mine = Index(path)
        for number in range(10):
            with mine.adding("run", Entry(f"r-{writer}-{number}", f"{writer} {number}", 0.0)):
                pass

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Index(path).entries("run")) == 80


def test_one_of_many_gets_a_wanted_name(path):
    outcomes = []

    def take(number: int) -> None:
        try:
            with Index(path).adding("run", Entry(f"r-{number}", "wanted", 0.0)):
                outcomes.append(number)
        except NameTakenError:
            pass

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
