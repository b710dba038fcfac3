"""Pictures one behind the other in a few large files: creating a file per picture costs more than writing it.

``<id>.pack`` holds bytes of pictures and only ever grows. ``<id>.idx`` says which pictures they are; it is written
at ``sync``, whole and after the pack is on the disk. What no index lists is nobody's: a crash leaves at most a pack
without an index, and the bytes behind the last picture listed. Every object of every process writes packs of its own,
and finds those of others once they have an index. A pack that is small yet is continued by the object that began it,
with a longer index in the place of the old one, so that single pictures do not leave a pack each.

Sweeping removes packs a day old of which nothing is needed, the index first. It is safe beside imports of less than
a day: whoever counts on a pack makes it young before, by touching its index, and finds it gone (and writes the picture
anew) or has it kept: the sweeper puts the index aside and then looks at the age once more. Packs of which something
is needed stay whole. Rewriting them to win back the rest is not done: what a person gave would be moved about for it.
"""

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Container, Iterator
from itertools import chain
from pathlib import Path

from clf_core.data.pack_index import RECORD, Spot, Table, index_of, packed_index
from clf_core.data.pack_sweeping import sweep_packs
from clf_core.errors import StorageError
from clf_core.files import storage_error, sync_folder, write_bytes

PACK_BYTES = 256 * 2**20
"""A pack of this size is full."""

PACK_PICTURES = 65_536
"""A pack of so many pictures is full: its index is read at once."""

SMALL_PACK_BYTES = 16 * 2**20
"""Smaller packs are continued after a ``sync``."""

_IDLE_SECONDS = 3600.0
_CLOCK_NS = 2 * 10**9
"""Within this time two changes of a folder may leave it with the same time of change, on the coarsest of disks."""


class _OpenPack:
    """A pack that is being written; the owner locks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{int(time.time()) & 0xFFFFFFFF:08x}{secrets.token_hex(4)}.pack"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self.descriptor = os.open(self.path, flags, 0o666)
        self.process = os.getpid()
        self.used = time.monotonic()
        self.size = 0
        self.records = bytearray()
        self.indexed = 0
        self.pending: dict[bytes, int] = {}
        self.failed = False

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            with contextlib.suppress(OSError):
                os.close(self.descriptor)

    @property
    def full(self) -> bool:
        return self.size >= PACK_BYTES or len(self.records) >= PACK_PICTURES * RECORD.size

    def append(self, key: bytes, data: bytes) -> None:
        """Write all or nothing: what a full disk took of it is given back."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except BaseException:
            with contextlib.suppress(OSError):
                os.lseek(self.descriptor, self.size, os.SEEK_SET)
                os.ftruncate(self.descriptor, self.size)
            raise
        self.pending[key] = len(self.records)
        self.records += RECORD.pack(key, self.size, len(data))
        self.size += len(data)
        self.used = time.monotonic()

    def find(self, key: bytes) -> Spot | None:
        place = self.pending.get(key)
        return None if place is None else Spot(self.path, *RECORD.unpack_from(self.records, place)[1:])

    def is_there(self) -> bool:
        """Whether a sweep has left it, and if so make it young."""
        try:
            os.utime(self.path)
            if self.indexed:
                os.utime(index_of(self.path))
        except FileNotFoundError:
            return False
        self.used = time.monotonic()
        return True


class Packs:
    """The packs in one folder. Safe to use from several threads; other processes have objects of their own."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, which is created when the first picture is added."""
        self._folder = folder
        self._lock = threading.Lock()
        self._finishing = threading.Lock()
        self._open: list[_OpenPack] = []  # with pictures that no index lists, or small enough to go on with
        self._table = Table.empty()
        self._read: tuple[int, bool] | None = None

    def add(self, key: bytes, data: bytes) -> None:
        """Append a picture unless it is there already.

        Args:
            key: sha256 of ``data``, 32 bytes.
            data: the whole file.

        Raises:
            OSError: the disk refuses; nothing is added then.
            StorageError: a full pack cannot be closed.
        """
        with self._lock:
            self._leave_lost_packs()
            if any(key in pack.pending for pack in self._open) or self._is_known(key):
                return
            pack = self._writable()
            pack.append(key, data)
        if pack.full:
            self._finish(pack)

    def find(self, key: bytes) -> list[Spot]:
        """Where a picture lies, also one that was added by this object and waits for ``sync``; mostly one place."""
        with self._lock:
            waiting = [spot for pack in self._open if (spot := pack.find(key)) is not None]
            if waiting:
                return waiting
            self._look_again(sure=False)
            found = self._table.find(key)
            return found or (self._table.find(key) if self._look_again(sure=True) else [])

    def read(self, key: bytes) -> bytes | None:
        """The bytes of a picture; None where no pack has it.

        Raises:
            StorageError: the pack is damaged or cannot be read, or the index that may list the picture is.
        """
        cut: Path | None = None
        try:
            for spot in chain(self.find(key), self._moved(key)):  # the second only where the first fails
                with contextlib.suppress(FileNotFoundError), spot.pack.open("rb", buffering=0) as handle:
                    handle.seek(spot.offset)
                    data = handle.read(spot.size)
                    if len(data) == spot.size:
                        return data
                    cut = spot.pack
        except OSError as error:
            raise StorageError("A stored picture cannot be read", why=error.strerror or str(error)) from error
        if cut is not None:
            raise StorageError(
                "A stored picture cannot be read",
                why=f"{cut.name} in the workspace ends before the picture does: it was cut off",
                remedy="Import the picture again",
            )
        if self._table.damaged:
            raise StorageError(
                "A stored picture cannot be found",
                why=f"{self._table.damaged[0]}, the list of the pictures of a pack, is damaged",
                remedy="Import the pictures again",
            )
        return None

    def _moved(self, key: bytes) -> Iterator[Spot]:
        """Where a picture lies by now, if another process has swept the pack that had it before."""
        with self._lock:
            self._read = None
        yield from self.find(key)

    def sync(self) -> None:
        """Make everything added so far durable, and known to others.

        Raises:
            StorageError: the disk refuses. What was added is not lost by that: the next call tries again.
        """
        self._finish(None)

    def flush(self) -> None:
        """Have the disk begin with what ``sync`` would wait for later. Errors are left to ``sync``."""
        with self._lock:
            paths = [pack.path for pack in self._open if pack.pending]
        for path in paths:
            # Opened anew: the system tells an error once to each who opened, and it is sync that has to hear it.
            with contextlib.suppress(OSError), path.open("r+b") as handle:
                os.fsync(handle.fileno())

    def sweep(self, keep: Container[str], oldest: float) -> int:
        """Remove packs without an index, and those that list nothing of ``keep``, unless younger than ``oldest``.

        Args:
            keep: sha256 of every picture that anything refers to.
            oldest: Unix seconds.

        Returns:
            How many pictures were removed.
        """
        with self._lock:
            self._read = None
            self._look_again(sure=True)
            table, own = self._table, {pack.path for pack in self._open if pack.pending}
        removed = sweep_packs(self._folder, table.contents(), own, keep, oldest)
        with self._lock:
            self._read = None
        return removed

    def _is_known(self, key: bytes) -> bool:
        """Whether a finished pack has the picture, and if so make that pack young."""
        self._look_again(sure=False)
        for spot in self._table.find(key):
            with contextlib.suppress(FileNotFoundError):
                os.utime(index_of(spot.pack))
                # A power cut or a person may have cut off the pack.
                if spot.pack.stat().st_size >= spot.offset + spot.size:
                    return True
        return False

    def _look_again(self, *, sure: bool) -> bool:
        """Read the indexes that have come since; ``sure`` also where the clock may be too coarse to tell."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if self._read is not None and self._read[0] == changed and not (sure and self._read[1]):
            return False
        self._read = changed, abs(time.time_ns() - changed) < _CLOCK_NS
        before, self._table = self._table, self._table.read_again(self._folder)
        return self._table is not before

    def _leave_lost_packs(self) -> None:
        """Forget packs that a sweep took in a long pause, and those of the process that this one was forked from."""
        now, process = time.monotonic(), os.getpid()
        self._open = [
            pack
            for pack in self._open
            if pack.process == process and ((pack.pending and now - pack.used < _IDLE_SECONDS) or pack.is_there())
        ]

    def _writable(self) -> _OpenPack:
        for pack in self._open:
            if not pack.full and not pack.failed:
                return pack
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self._folder.parent)
        self._open.append(_OpenPack(self._folder))
        return self._open[-1]

    def _finish(self, only: _OpenPack | None) -> None:
        """Write the index of one pack, or of all that have pictures waiting; one thread at a time."""
        with self._finishing:
            with self._lock:
                packs = [pack for pack in self._open if pack.pending and only in (None, pack)]
            for pack in packs:
                try:
                    self._write_index(self._rescued(pack) if pack.failed else pack)
                except OSError as error:
                    raise storage_error(error, pack.path) from error

    def _write_index(self, pack: _OpenPack) -> None:
        with self._lock:
            records = bytes(pack.records)
        try:
            os.fsync(pack.descriptor)
        except OSError:
            # The system may have dropped what it could not write, and would not say so again: see _rescued.
            pack.failed = True
            raise
        if not pack.path.exists():
            with self._lock:
                self._open = [other for other in self._open if other is not pack]
            raise StorageError(
                "Stored pictures are gone",
                why=f"{pack.path.name} was removed from the workspace while pictures were added",
                remedy="Import them again",
            )
        write_bytes(index_of(pack.path), packed_index(records))
        with self._lock:
            pack.indexed = len(records)
            pack.pending = {key: place for key, place in pack.pending.items() if place >= len(records)}
            if not pack.pending and (pack.full or pack.size >= SMALL_PACK_BYTES):
                self._open = [other for other in self._open if other is not pack]
            self._read = None

    def _rescued(self, pack: _OpenPack) -> _OpenPack:
        """Write the pictures of a pack that the disk refused into another one: imports that go on count on them."""
        with self._lock:
            self._open = [other for other in self._open if other is not pack]
            target = _OpenPack(self._folder)
            try:
                for key, place in pack.pending.items():
                    _, offset, size = RECORD.unpack_from(pack.records, place)
                    os.lseek(pack.descriptor, offset, os.SEEK_SET)
                    data = os.read(pack.descriptor, size)
                    if hashlib.sha256(data).digest() == key:
                        target.append(key, data)
            except OSError:
                self._open.append(pack)
                target.path.unlink(missing_ok=True)
                raise
            self._open.append(target)
            lost = len(pack.pending) - len(target.pending)
        if lost:
            raise StorageError("The disk lost pictures that were added", remedy="Check the disk and import them again")
        return target
