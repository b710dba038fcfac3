"""A SQLite file of the workspace: opened, brought up to date, set aside where it is damaged, written safely.

Every write begins with BEGIN IMMEDIATE: a transaction that begins by reading and then writes fails at
once with 'database is locked' whatever the timeout. The journal is the rollback journal, not WAL.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from clf_core.errors import StorageError
from clf_core.files import storage_error

_log = logging.getLogger(__name__)

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


class Database:
    """One SQLite file that holds nothing which cannot be had again. Safe for many threads and processes.

    Args:
        path: the file; its folder exists.
        what: what it is, in words, such as 'index of the workspace'.
        migrations: SQL that leads from each version of the file to the next; ``PRAGMA user_version`` says how many
            were applied.
        probes: queries that fail where a table or column is missing.
    """

    def __init__(self, path: Path, what: str, migrations: tuple[str, ...], probes: tuple[str, ...]) -> None:
        self._path = path
        self._what = what
        self._migrations = migrations
        self._probes = probes
        self._ready = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose writes happen together when the block ends well, else not at all.

        Raises:
            StorageError: the file cannot be read or written.
        """
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for reading.

        Raises:
            StorageError: the file cannot be read.
        """
        # One connection per use: opening takes a fraction of a millisecond, and none is shared between threads.
        self._prepare()
        with self._errors_in_words(), contextlib.closing(_connect(self._path)) as connection:
            yield connection

    def _prepare(self) -> None:
        with self._lock:
            if self._ready and self._path.exists():
                return
            with self._errors_in_words():
                try:
                    self._migrate()
                except (sqlite3.DatabaseError, _NewerVersionError) as error:
                    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SOUND_BUT_REFUSED:
                        raise
                    self._set_aside(error)
                    self._migrate()
            self._ready = True

    def _migrate(self) -> None:
        with contextlib.closing(_connect(self._path)) as connection:
            applied = _version(connection)
            if applied == len(self._migrations):
                self._check(connection)
                return
            connection.execute("BEGIN IMMEDIATE")
            applied = _version(connection)  # another process may have come first
            if applied > len(self._migrations):
                raise _NewerVersionError(f"it has version {applied}, this studio knows {len(self._migrations)}")
            for number, script in enumerate(self._migrations[applied:], applied + 1):
                for statement in filter(str.strip, script.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection) -> None:
        for probe in self._probes:
            connection.execute(probe).fetchone()
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)

    def _set_aside(self, reason: Exception) -> None:
        kept = self._path.with_suffix(".set-aside")
        _log.warning("The %s cannot be used (%s); it is kept as %s and filled again", self._what, reason, kept.name)
        try:
            self._path.replace(kept)
            # It belongs to the damaged file.
            self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, self._path) from error

    @contextlib.contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"The {self._what} cannot be read or written",
                why=str(error),
                remedy=f"Check the disk; the file {self._path.name} may be deleted, "
                "it is filled again from the directories",
            ) from error


class _NewerVersionError(Exception):
    """The file was written by a later version of the studio."""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
