"""The SQLite index: which names are taken, and what is listed in which order.

It holds nothing that the directories do not hold. A store compares the time stamp of its folder with
the one noted here and, where they differ, reconciles: so a deleted index, a damaged one (it is set
aside) or a directory put there by hand all heal at the next look.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Literal, NamedTuple

from clf_core.errors import NameTakenError
from clf_core.workspace.database import Database
from clf_core.workspace.names import name_key, numbered

Kind = Literal["dataset", "run"]

MIGRATIONS: tuple[str, ...] = (
    # 1: one row per directory
    """
    CREATE TABLE kinds (kind TEXT PRIMARY KEY, reconciled INTEGER NOT NULL DEFAULT 0);
    INSERT INTO kinds (kind) VALUES ('dataset'), ('run');
    CREATE TABLE entries (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL REFERENCES kinds (kind),
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        created REAL NOT NULL,
        UNIQUE (kind, name_key)
    );
    CREATE INDEX entries_by_time ON entries (kind, created DESC, id DESC);
    """,
)
"""SQL that leads from each version of the index to the next; ``PRAGMA user_version`` says how many were applied."""

_PROBES = ("SELECT reconciled FROM kinds", "SELECT count(name_key) FROM entries")


class Entry(NamedTuple):
    """One row: a directory and the name it goes by."""

    id: str
    name: str
    created: float


class Index:
    """Names and order of datasets and runs. Safe for many threads and processes."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, "index of the workspace", MIGRATIONS, _PROBES)

    def entries(self, kind: Kind) -> list[Entry]:
        """Return all entries of a kind, newest first."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT id, name, created FROM entries WHERE kind = ? ORDER BY created DESC, id DESC", (kind,)
            )
            return [Entry(*row) for row in rows]

    def find(self, kind: Kind, ref: str) -> Entry | None:
        """Return the entry with this identifier or, whatever its case, this name."""
        ref = ref.encode("utf-8", "replace").decode("utf-8")  # bytes that are no text, as a shell may hand over
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT id, name, created FROM entries WHERE kind = ? AND (id = ? OR name_key = ?)",
                (kind, ref, name_key(ref)),
            ).fetchone()
        return Entry(*row) if row else None

    def free_name(self, kind: Kind, stem: str, first: int) -> str:
        """Return the first of 'stem first', 'stem first+1', … that is not taken."""
        with self._database.connection() as connection:
            taken = {row[0] for row in connection.execute("SELECT name_key FROM entries WHERE kind = ?", (kind,))}
        number = first
        while name_key(numbered(stem, number)) in taken:
            number += 1
        return numbered(stem, number)

    @contextlib.contextmanager
    def adding(self, kind: Kind, entry: Entry) -> Iterator[None]:
        """Take a name for the length of the block; it stays taken only if the block ends well.

        The block makes the directory appear, so name and directory come to be together.

        Raises:
            NameTakenError: the name belongs to another entry.
        """
        with self._database.transaction() as connection:
            try:
                _insert(connection, kind, entry)
            except sqlite3.IntegrityError:
                raise name_taken(kind, entry.name) from None
            yield

    @contextlib.contextmanager
    def renaming(self, kind: Kind, identifier: str, name: str) -> Iterator[None]:
        """Give an entry another name, if the block, which writes it into the directory, ends well.

        Raises:
            NameTakenError: the name belongs to another entry.
        """
        with self._database.transaction() as connection:
            try:
                connection.execute(
                    "UPDATE entries SET name = ?, name_key = ? WHERE kind = ? AND id = ?",
                    (name, name_key(name), kind, identifier),
                )
            except sqlite3.IntegrityError:
                raise name_taken(kind, name) from None
            yield

    def reconciled(self, kind: Kind) -> int:
        """Return the time stamp of the folder at its last reconciliation, 0 before the first."""
        with self._database.connection() as connection:
            return int(connection.execute("SELECT reconciled FROM kinds WHERE kind = ?", (kind,)).fetchone()[0])

    def reconcile(
        self, kind: Kind, look: Callable[[], tuple[int, Set[str]]], read: Callable[[str], Entry | None]
    ) -> tuple[Entry, ...]:
        """Make the entries of a kind those of its directories: forget what is gone, add what is new.

        Args:
            kind: which entries.
            look: returns the time stamp of the folder and the identifiers of the directories in it. It is
                called while nobody else can add an entry, so what is added meanwhile cannot seem gone.
            read: returns what a directory says of itself, None if it cannot be read.

        Returns:
            Entries that had to be numbered because another directory has their name (copies made by hand).
        """
        renamed = []
        with self._database.transaction() as connection:
            stamp, present = look()
            known = {row[0] for row in connection.execute("SELECT id FROM entries WHERE kind = ?", (kind,))}
            gone = [(kind, identifier) for identifier in known - present]
            connection.executemany("DELETE FROM entries WHERE kind = ? AND id = ?", gone)
            for identifier in sorted(present - known):
                entry = read(identifier)
                if entry is not None:
                    added = _insert_under_free_name(connection, kind, entry)
                    if added != entry:
                        renamed.append(added)
            connection.execute("UPDATE kinds SET reconciled = ? WHERE kind = ?", (stamp, kind))
        return tuple(renamed)


def name_taken(kind: Kind, name: str) -> NameTakenError:
    """Return the error for a name that belongs to another entry."""
    return NameTakenError(f"There is already a {kind} called '{name}'", remedy="Choose another name")


def _insert(connection: sqlite3.Connection, kind: Kind, entry: Entry) -> None:
    connection.execute(
        "INSERT INTO entries (id, kind, name, name_key, created) VALUES (?, ?, ?, ?, ?)",
        (entry.id, kind, entry.name, name_key(entry.name), entry.created),
    )


def _insert_under_free_name(connection: sqlite3.Connection, kind: Kind, entry: Entry) -> Entry:
    candidate, number = entry, 2
    while True:
        try:
            _insert(connection, kind, candidate)
        except sqlite3.IntegrityError:
            candidate, number = entry._replace(name=numbered(entry.name, number)), number + 1
        else:
            return candidate
