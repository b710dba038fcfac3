import contextlib
import sqlite3

import pytest

from clf_core.errors import StorageError
from clf_core.workspace.database import Database

FIRST = "CREATE TABLE things (name TEXT NOT NULL)"
SECOND = "ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"


def _open(path, *migrations):
    return Database(path, "list of things", migrations or (FIRST,), ("SELECT count(name) FROM things",))


def _names(database):
    with database.connection() as connection:
        return [row[0] for row in connection.execute("SELECT name FROM things")]


def test_a_transaction_is_kept_whole_or_not_at_all(tmp_path):
    database = _open(tmp_path / "things.sqlite3")
    with database.transaction() as connection:
        connection.execute("INSERT INTO things VALUES ('a')")
    with contextlib.suppress(ZeroDivisionError), database.transaction() as connection:
        connection.execute("INSERT INTO things VALUES ('b')")
        raise ZeroDivisionError
    assert _names(database) == ["a"]


def test_an_older_file_is_brought_up_to_date_with_what_it_holds(tmp_path):
    path = tmp_path / "things.sqlite3"
    with _open(path).transaction() as connection:
        connection.execute("INSERT INTO things VALUES ('a')")
    with _open(path, FIRST, SECOND).connection() as connection:
        assert connection.execute("SELECT name, colour FROM things").fetchall() == [("a", "red")]


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_set_aside(tmp_path, content):
    path = tmp_path / "things.sqlite3"
    path.write_bytes(content)
    assert _names(_open(path)) == []
    assert path.with_suffix(".set-aside").read_bytes() == content


def test_a_file_with_other_tables_is_set_aside(tmp_path):
    path = tmp_path / "things.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert _names(_open(path)) == []


def test_the_journal_is_the_rollback_journal(tmp_path):
    with _open(tmp_path / "things.sqlite3").connection() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_what_the_disk_refuses_is_told_in_words(tmp_path):
    with pytest.raises(StorageError, match="list of things"):
        _names(_open(tmp_path / "missing" / "things.sqlite3"))
