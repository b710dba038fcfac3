"""The processes that train the trials of a search: as many as there are slots, each used again and again.

A process that has imported torch and loaded a network trains the next trial seconds earlier than a new one would.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from clf_core.device import cpu_count
from clf_core.files import storage_error
from clf_core.jobs.trial_notes import TrialNote, TrialOrder
from clf_core.workspace.search_directory import SearchDirectory

_CUT_SECONDS = 1.5
"""How long a trial that is broken off may take to notice, before its process is ended."""

GONE = "Its process ended early, perhaps because the machine ran out of memory."


@dataclass
class _Member:
    """One process and what it works on."""

    slot: int
    process: subprocess.Popen[bytes]
    number: int | None = None
    cut_at: float = field(default=0.0)


class TrialTeam:
    """Processes that train side by side. For one thread; a reader thread for each process listens.

    Args:
        search: whose trials they train.
        slots: how many trials at once.
        sharing: how many runs and searches may be at work at a time, which divide the cores among them.
    """

    def __init__(self, search: SearchDirectory, slots: int, sharing: int = 1) -> None:
        self._search = search
        self._slots, self._sharing = slots, sharing
        self._members: dict[int, _Member] = {}
        self._heard: queue.SimpleQueue[tuple[_Member, TrialNote | None]] = queue.SimpleQueue()

    @property
    def at_work(self) -> tuple[int, ...]:
        """Numbers of the trials under way."""
        return tuple(member.number for member in self._members.values() if member.number is not None)

    def has_room(self) -> bool:
        """True where another trial can begin."""
        return len(self.at_work) < self._slots

    def begin(self, number: int) -> None:
        """Let a free process train a trial.

        Raises:
            StorageError: no process can be started.
        """
        slot = next(slot for slot in range(self._slots) if not self._is_busy(slot))
        member = self._members.get(slot) or self._start(slot)
        member.number, member.cut_at = number, 0.0
        self._order(member, TrialOrder(number=number))

    def cut(self, number: int) -> None:
        """Break a trial off; its last note follows within a few seconds."""
        for member in self._members.values():
            if member.number == number and not member.cut_at:
                member.cut_at = time.monotonic()
                self._order(member, TrialOrder(number=number, cut=True))

    def notes(self, seconds: float) -> Iterator[TrialNote]:
        """Give what was said, after waiting at most so long for the first; every trial that began ends in a note."""
        self._end_the_deaf()
        with contextlib.suppress(queue.Empty):
            yield from self._take(*self._heard.get(timeout=seconds))
            while True:
                yield from self._take(*self._heard.get_nowait())

    def close(self) -> None:
        """End all processes, at once."""
        for member in self._members.values():
            member.process.kill()
            member.process.wait()
        self._members.clear()

    def _is_busy(self, slot: int) -> bool:
        return slot in self._members and self._members[slot].number is not None

    def _start(self, slot: int) -> _Member:
        environment = dict(os.environ)
        if self._slots * self._sharing > 1:
            environment["OMP_NUM_THREADS"] = str(max(1, cpu_count() // (self._slots * self._sharing)))
        arguments = [str(self._search.path), str(slot), str(self._slots)]
        try:
            with self._search.log_path.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "clf_core.jobs.trial_worker", *arguments],
                    cwd=Path(__file__).parents[2],  # where clf_core is found
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
        except OSError as error:
            raise storage_error(error, self._search.log_path) from error
        member = self._members[slot] = _Member(slot, process)
        threading.Thread(target=self._listen, args=(member,), daemon=True).start()
        return member

    def _listen(self, member: _Member) -> None:
        assert member.process.stdout is not None  # noqa: S101 - it was asked for
        with member.process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValidationError):
                    self._heard.put((member, TrialNote.model_validate_json(line)))
        self._heard.put((member, None))

    def _take(self, member: _Member, note: TrialNote | None) -> Iterator[TrialNote]:
        if note is None:  # the process is gone
            if self._members.get(member.slot) is member:
                del self._members[member.slot]
            member.process.wait()
            if member.number is not None:
                state, reason = ("cut", "") if member.cut_at else ("failed", GONE)
                yield TrialNote.model_validate(
                    {"kind": "ended", "number": member.number, "state": state, "reason": reason}
                )
                member.number = None
        elif note.number == member.number:
            if note.kind == "ended":
                member.number = None
            yield note

    def _end_the_deaf(self) -> None:
        for member in self._members.values():
            if member.number is not None and member.cut_at and time.monotonic() - member.cut_at > _CUT_SECONDS:
                member.process.kill()

    @staticmethod
    def _order(member: _Member, order: TrialOrder) -> None:
        assert member.process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(OSError):  # it is gone; its reader says so
            member.process.stdin.write(order.model_dump_json().encode() + b"\n")
            member.process.stdin.flush()
