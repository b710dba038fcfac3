"""The SQLite index: which names are taken, and what is listed in which order.

It holds nothing that the directories do not hold. A store compares the time stamp of its folder with
the one noted here and, where they differ, reconciles: so a deleted index, a damaged one (it is set
aside) or a directory put there by hand all heal at the next look.

Every write begins with BEGIN IMMEDIATE: a transaction that begins by reading and then writes fails at
once with 'database is locked' whatever the timeout. The journal is the rollback journal, not WAL.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Literal, NamedTuple

from clf_core.errors import NameTakenError, StorageError
from clf_core.files import storage_error
from clf_core.workspace.names import name_key, numbered

_log = logging.getLogger(__name__)

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

_BUSY_SECONDS = 30.0

_SOUND_BUT_REFUSED = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
    }
)
"""Errors that say nothing against the file: setting it aside would not help."""


class Entry(NamedTuple):
    """One row: a directory and the name it goes by."""

    id: str
    name: str
    created: float


class Index:
    """Names and order of datasets and runs. Safe for many threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ready = False
        self._lock = threading.Lock()

    def entries(self, kind: Kind) -> list[Entry]:
        """Return all entries of a kind, newest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT id, name, created FROM entries WHERE kind = ? ORDER BY created DESC, id DESC", (kind,)
            )
            return [Entry(*row) for row in rows]

    def find(self, kind: Kind, ref: str) -> Entry | None:
        """Return the entry with this identifier or, whatever its case, this name."""
        ref = ref.encode("utf-8", "replace").decode("utf-8")  # bytes that are no text, as a shell may hand over
        with self._connection() as connection:
            row = connection.execute(
                "SELECT id, name, created FROM entries WHERE kind = ? AND (id = ? OR name_key = ?)",
                (kind, ref, name_key(ref)),
            ).fetchone()
        return Entry(*row) if row else None

    def free_name(self, kind: Kind, stem: str, first: int) -> str:
        """Return the first of 'stem first', 'stem first+1', … that is not taken."""
        with self._connection() as connection:
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
        with self._transaction() as connection:
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
        with self._transaction() as connection:
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
        with self._connection() as connection:
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
        with self._transaction() as connection:
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

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # One connection per use: opening takes a fraction of a millisecond, and none is shared between threads.
        self._prepare()
        with _errors_in_words(self._path), contextlib.closing(_connect(self._path)) as connection:
            yield connection

    def _prepare(self) -> None:
        with self._lock:
            if self._ready and self._path.exists():
                return
            with _errors_in_words(self._path):
                try:
                    _migrate(self._path)
                except (sqlite3.DatabaseError, _NewerIndexError) as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SOUND_BUT_REFUSED:
                        raise
                    _set_aside(self._path, error)
                    _migrate(self._path)
            self._ready = True


def name_taken(kind: Kind, name: str) -> NameTakenError:
    """Return the error for a name that belongs to another entry."""
    return NameTakenError(f"There is already a {kind} called '{name}'", remedy="Choose another name")


class _NewerIndexError(Exception):
    """The index was written by a later version of the studio."""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _migrate(path: Path) -> None:
    with contextlib.closing(_connect(path)) as connection:
        applied = _version(connection)
        if applied == len(MIGRATIONS):
            _check(connection)
            return
        connection.execute("BEGIN IMMEDIATE")
        applied = _version(connection)  # another process may have come first
        if applied > len(MIGRATIONS):
            raise _NewerIndexError(f"it has version {applied}, this studio knows {len(MIGRATIONS)}")
        for number, script in enumerate(MIGRATIONS[applied:], applied + 1):
            for statement in filter(str.strip, script.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def _check(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT reconciled FROM kinds").fetchone()
    connection.execute("SELECT count(name_key) FROM entries").fetchone()
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _set_aside(path: Path, reason: Exception) -> None:
    kept = path.with_suffix(".set-aside")
    _log.warning("The index %s cannot be used (%s); it is kept as %s and filled again", path, reason, kept.name)
    try:
        path.replace(kept)
        path.with_name(path.name + "-journal").unlink(missing_ok=True)  # it belongs to the damaged file
    except OSError as error:
        raise storage_error(error, path) from error


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


@contextlib.contextmanager
def _errors_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StorageError(
            "The index of the workspace cannot be read or written",
            why=str(error),
            remedy=f"Check the disk; the file {path.name} may be deleted, it is filled again from the directories",
        ) from error
