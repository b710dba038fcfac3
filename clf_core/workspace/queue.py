"""The queue of runs and searches: which wait, in which order, and which have one of the slots.

It holds nothing that their directories do not hold, but for the order and the number of slots: what waits is marked in
its directory, so a queue that was deleted or damaged is filled again, oldest first. What is said of a run here holds of
a search as well.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from clf_core.workspace.database import Database
from clf_core.workspace.records import ProcessIdentity

MIGRATIONS: tuple[str, ...] = (
    # 1: one row per run that waits or has a slot
    """
    CREATE TABLE slots (count INTEGER NOT NULL, filled INTEGER NOT NULL);
    INSERT INTO slots (count, filled) VALUES (1, 0);
    CREATE TABLE tickets (
        run TEXT PRIMARY KEY,
        priority INTEGER NOT NULL DEFAULT 0,
        position INTEGER NOT NULL,
        starter_pid INTEGER,
        starter_started TEXT
    );
    CREATE INDEX tickets_by_turn ON tickets (priority DESC, position);
    """,
)
"""See ``Database``. A ticket with a starter has a slot: that process starts the run's worker, or has started it."""

_PROBES = ("SELECT count, filled FROM slots", "SELECT count(priority + position) FROM tickets")
_COLUMNS = "run, priority, starter_pid, starter_started"
_IN_TURN = "ORDER BY priority DESC, position"


class Ticket(NamedTuple):
    """One run or search in the queue.

    Attributes:
        run: its identifier.
        priority: higher goes first; 0 is the usual one.
        starter: the process that took the slot for it; None while it waits.
    """

    run: str
    priority: int
    starter: ProcessIdentity | None


class Queue:
    """Who waits and who has a slot. Safe for many threads and processes.

    Each change is one transaction, so two browsers that start at the same moment get one slot and one place.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, "queue of the workspace", MIGRATIONS, _PROBES)

    def slots(self) -> int:
        """Return how many runs may be at work at a time."""
        with self._database.connection() as connection:
            return int(connection.execute("SELECT count FROM slots").fetchone()[0])

    def set_slots(self, count: int) -> None:
        """Let so many runs, at least 1, be at work at a time; those at work now go on in any case."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE slots SET count = ?", (max(1, count),))

    def tickets(self) -> tuple[Ticket, ...]:
        """Return all tickets in the order of their turn, those with a slot among them."""
        with self._database.connection() as connection:
            return _tickets(connection)

    def is_filled(self) -> bool:
        """False for a file that was just made, until ``fill``."""
        with self._database.connection() as connection:
            return bool(connection.execute("SELECT filled FROM slots").fetchone()[0])

    def fill(self, runs: Iterable[Ticket]) -> None:
        """Put in what the run directories tell, in this order, unless somebody else has."""
        with self._database.transaction() as connection:
            if connection.execute("SELECT filled FROM slots").fetchone()[0]:
                return
            for run, _, starter in runs:
                _insert(connection, run, 0)
                if starter is not None:
                    _hold(connection, run, starter)
            connection.execute("UPDATE slots SET filled = 1")

    def add(self, run: str, priority: int = 0) -> None:
        """Put a run at the end of those of its priority.

        One that waits stays where it is; one that has a slot, from a session that is over, gives it up.
        """
        with self._database.transaction() as connection:
            _insert(connection, run, priority)

    def remove(self, run: str) -> None:
        """Forget a run, whether it waits or has a slot."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM tickets WHERE run = ?", (run,))

    def withdraw(self, run: str) -> bool:
        """Forget a run if it waits; return whether it did."""
        with self._database.transaction() as connection:
            found = connection.execute("DELETE FROM tickets WHERE run = ? AND starter_pid IS NULL", (run,))
            return found.rowcount > 0

    def prioritise(self, run: str, priority: int) -> bool:
        """Give a run that waits another priority; it goes behind those that have it. False where it does not wait."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "UPDATE tickets SET priority = ?, position = (SELECT max(position) + 1 FROM tickets) "
                "WHERE run = ? AND starter_pid IS NULL",
                (priority, run),
            )
            return found.rowcount > 0

    def move(self, run: str, place: int) -> bool:
        """Put a run that waits at a place, counted from 1; it takes the priority that place needs.

        Returns:
            False where it does not wait.
        """
        with self._database.transaction() as connection:
            waiting = [ticket for ticket in _tickets(connection) if ticket.starter is None]
            moved = next((ticket for ticket in waiting if ticket.run == run), None)
            if moved is None:
                return False
            waiting.remove(moved)
            index = min(max(place, 1) - 1, len(waiting))
            behind, before = waiting[index : index + 1], waiting[:index]
            neighbour = (behind or before[-1:] or [moved])[0]
            waiting.insert(index, moved._replace(priority=neighbour.priority))
            connection.executemany(
                "UPDATE tickets SET position = ?, priority = ? WHERE run = ?",
                [(position, ticket.priority, ticket.run) for position, ticket in enumerate(waiting, 1)],
            )
            return True

    def take(self, starter: ProcessIdentity, settle: Callable[[Ticket], bool | None]) -> str | None:
        """Give a free slot to the run whose turn it is.

        Args:
            starter: the calling process, which is to start its worker.
            settle: asked of each ticket that has a slot: True, it is at work; False, it is over, and gives its slot
                back; None, its starter died before the worker was there, and it waits again.

        Returns:
            The run; None where none waits or no slot is free.
        """
        with self._database.transaction() as connection:
            busy = 0
            for ticket in _tickets(connection):
                if ticket.starter is None:
                    continue
                at_work = settle(ticket)
                busy += at_work is True
                if at_work is False:
                    connection.execute("DELETE FROM tickets WHERE run = ?", (ticket.run,))
                elif at_work is None:
                    connection.execute(
                        "UPDATE tickets SET starter_pid = NULL, starter_started = NULL WHERE run = ?", (ticket.run,)
                    )
            slots = int(connection.execute("SELECT count FROM slots").fetchone()[0])
            waiting = [ticket for ticket in _tickets(connection) if ticket.starter is None]
            if busy >= slots or not waiting:
                return None
            _hold(connection, waiting[0].run, starter)
            return waiting[0].run


def _insert(connection: sqlite3.Connection, run: str, priority: int) -> None:
    connection.execute(
        "INSERT INTO tickets (run, priority, position) "
        "SELECT ?, ?, coalesce(max(position), 0) + 1 FROM tickets WHERE true "
        "ON CONFLICT (run) DO UPDATE SET priority = excluded.priority, position = excluded.position, "
        "starter_pid = NULL, starter_started = NULL WHERE starter_pid IS NOT NULL",
        (run, priority),
    )


def _hold(connection: sqlite3.Connection, run: str, starter: ProcessIdentity) -> None:
    connection.execute(
        "UPDATE tickets SET starter_pid = ?, starter_started = ? WHERE run = ?", (starter.pid, starter.started, run)
    )


def _tickets(connection: sqlite3.Connection) -> tuple[Ticket, ...]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM tickets {_IN_TURN}").fetchall()  # noqa: S608 - our own words
    return tuple(
        Ticket(run, priority, None if pid is None else ProcessIdentity(pid=pid, started=started))
        for run, priority, pid, started in rows
    )
