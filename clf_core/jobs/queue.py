"""Which run or search begins when: a few have a slot, the others wait their turn.

There is no process that minds the queue. Whoever looks at runs or searches, and each worker that ends, gives free slots
to those that wait; so a server or a worker that is killed leaves nothing undone that the next look would not do.
"""

import logging
import threading
import time

from clf_core.errors import ClfError, NotFoundError, StorageError
from clf_core.jobs import process
from clf_core.jobs.launcher import Launcher
from clf_core.jobs.local import LocalLauncher
from clf_core.jobs.searches import SearchJobs
from clf_core.results import RESTING_STATES, SEARCH_FINAL_STATES
from clf_core.workspace import Workspace
from clf_core.workspace.names import is_search_id
from clf_core.workspace.queue import Ticket
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.search_directory import SearchDirectory

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.1
"""``wait`` and pages ask many times a second; a free slot is found soon enough."""


Queued = RunDirectory | SearchDirectory
"""What can wait for a turn. A search takes a slot like a run, for as long as it tries settings."""


class WorkQueue:
    """Starts the runs and searches of one workspace in their order. It keeps no memory of its own.

    Args:
        workspace: where they are.
        launcher: starts the runs whose turn it is.

    Attributes:
        searches: starts the searches.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher) -> None:
        self._workspace = workspace
        self._launcher = launcher
        self.searches = SearchJobs()
        self._me = process.current()
        self._looked = 0.0
        self._lock = threading.Lock()

    @property
    def slots(self) -> int:
        """How many runs and searches may be at work at a time."""
        return self._workspace.queue.slots()

    def set_slots(self, count: int) -> None:
        """Let so many be at work at a time.

        Raises:
            StorageError: the disk refused.
        """
        self._workspace.queue.set_slots(count)
        self.start_next()

    def add(self, run: Queued, priority: int = 0) -> None:
        """Let a run or search wait its turn, which may have come at once.

        Raises:
            StorageError: the disk refused.
        """
        self._fill()
        run.mark_waiting()  # a queue that is lost is filled again from these marks
        self._workspace.queue.add(run.record.id, priority)
        self.start_next()

    def places(self) -> dict[str, int]:
        """Return identifier -> place, from 1, of what waits; free slots are given away first.

        Raises:
            StorageError: the disk refused.
        """
        self._fill()
        tickets = self._workspace.queue.tickets()
        if not any(ticket.starter is None for ticket in tickets):
            return {}
        if self._is_time_to_look():
            self.start_next()
            tickets = self._workspace.queue.tickets()
        waiting = [ticket.run for ticket in tickets if ticket.starter is None]
        return {run: place for place, run in enumerate(waiting, 1)}

    def withdraw(self, run: Queued) -> bool:
        """Take out what waits; return whether it did."""
        run.clear_waiting()
        return self._workspace.queue.withdraw(run.record.id)

    def move(self, run: Queued, place: int) -> bool:
        """Put what waits at a place, from 1; return whether it does wait."""
        return self._workspace.queue.move(run.record.id, place)

    def prioritise(self, run: Queued, priority: int) -> bool:
        """Give what waits another priority; return whether it does wait."""
        return self._workspace.queue.prioritise(run.record.id, priority)

    def start_next(self) -> None:
        """Give the free slots to those whose turn it is, and start them.

        Raises:
            StorageError: the queue cannot be read or written.
        """
        self._fill()
        self._looked = time.monotonic()
        while (identifier := self._workspace.queue.take(self._me, self._at_work)) is not None:
            try:
                run = self._find(identifier)
                run.write_starter(self._me)
                run.clear_waiting()
                if isinstance(run, SearchDirectory):
                    self.searches.submit(run, self.slots)
                else:
                    self._launcher.submit(run, self.slots)
            except ClfError as error:  # it is marked as failed, or gone; the others shall not wait for it
                _log.warning("A run or search could not be started: %s", error)
                self._workspace.queue.remove(identifier)

    def _find(self, identifier: str) -> Queued:
        if is_search_id(identifier):
            return self._workspace.searches.find(identifier)
        return self._workspace.runs.find(identifier)

    def _is_at_rest(self, run: Queued) -> bool:
        if isinstance(run, SearchDirectory):
            return self.searches.state(run) in SEARCH_FINAL_STATES
        return self._launcher.state(run) in RESTING_STATES

    def _fill(self) -> None:
        """Where the file of the queue is new, put in what the directories tell, oldest first."""
        if self._workspace.queue.is_filled():
            return
        tickets = []
        found: list[Queued] = [*self._workspace.runs.list(), *self._workspace.searches.list()]
        for run in found:
            try:
                created, identifier = run.record.created, run.record.id
                if run.is_waiting():
                    tickets.append((created, Ticket(identifier, 0, None)))
                elif not self._is_at_rest(run):
                    status = run.status()
                    worker = status.worker if status is not None else run.launched() or run.starter()
                    tickets.append((created, Ticket(identifier, 0, worker)))
            except StorageError as error:
                _log.warning("It is not queued again: %s", error)
        self._workspace.queue.fill(ticket for _, ticket in sorted(tickets, key=lambda item: item[0]))

    def _at_work(self, ticket: Ticket) -> bool | None:
        """What ``Queue.take`` asks of what has a slot."""
        try:
            run = self._find(ticket.run)
            status = run.status()
            if (status is None or status.state == "queued") and run.launched() is None and ticket.starter is not None:
                return True if process.is_alive(ticket.starter) else None
            return not self._is_at_rest(run)
        except (NotFoundError, StorageError):
            return False

    def _is_time_to_look(self) -> bool:
        with self._lock:
            if time.monotonic() - self._looked < _SECONDS_BETWEEN_LOOKS:
                return False
            self._looked = time.monotonic()
            return True


def start_next(workspace: Workspace) -> None:
    """For a worker of this machine that has ended: start the next."""
    WorkQueue(workspace, LocalLauncher()).start_next()
