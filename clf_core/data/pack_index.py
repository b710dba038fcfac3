"""Where each picture lies in its pack: one index file per pack, and the table that all of them make.

An index file is a header of 32 bytes (``CLFPACK1``, the number of records as 8 bytes little endian, and the
BLAKE2b-128 of the records) and one record of 48 bytes per picture: its sha256, then where it begins and how long it
is, 8 bytes little endian each.
"""

import hashlib
import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RECORD = struct.Struct("<32sQQ")
"""sha256, offset and size of one picture."""

_HEADER = struct.Struct("<8sQ16s")
_MAGIC = b"CLFPACK1"
_LAYOUT = np.dtype([("key", np.uint8, (32,)), ("offset", "<u8"), ("size", "<u8")])

_log = logging.getLogger(__name__)


class Spot(NamedTuple):
    """Where a picture lies: the pack's file, and bytes."""

    pack: Path
    offset: int
    size: int


def index_of(pack: Path) -> Path:
    """Where the index of a pack lies."""
    return pack.with_suffix(".idx")


def packed_index(records: bytes) -> bytes:
    """The content of an index file of records put one behind the other."""
    digest = hashlib.blake2b(records, digest_size=16).digest()
    return _HEADER.pack(_MAGIC, len(records) // RECORD.size, digest) + records


def read_index(path: Path) -> NDArray[np.void]:
    """The records of an index file, [N] of key [32] uint8, offset and size.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if len(data) < _HEADER.size:
        raise ValueError("it is cut off")
    magic, count, digest = _HEADER.unpack_from(data)
    records = data[_HEADER.size :]
    if magic != _MAGIC:
        raise ValueError("it is of another kind")
    if len(records) != count * RECORD.size or hashlib.blake2b(records, digest_size=16).digest() != digest:
        raise ValueError("its checksum does not fit")
    return np.frombuffer(records, dtype=_LAYOUT)


@dataclass(frozen=True)
class _Part:
    pack: Path
    records: NDArray[np.void]


class Table:
    """All pictures of all packs that have an index; never changed after construction.

    Attributes:
        damaged: names of index files that cannot be read; what they list is as good as gone.
    """

    def __init__(self, parts: dict[tuple[str, int], _Part], damaged: frozenset[tuple[str, int]]) -> None:
        """Join the parts; use ``Table.read``."""
        self._parts = parts
        self._damaged = damaged
        self.damaged = sorted(name for name, _ in damaged)
        listed = list(parts.values())
        self._packs = [part.pack for part in listed]
        self._records = np.concatenate([np.zeros(0, dtype=_LAYOUT), *(part.records for part in listed)])
        self._owner = np.repeat(np.arange(len(listed), dtype=np.int32), [len(part.records) for part in listed])
        # Eight bytes of a hash as a number are sorted and found many times faster than all 32 as text.
        starts = np.ascontiguousarray(self._records["key"][:, :8]).view(">u8").ravel().astype(np.uint64)
        self._order = np.argsort(starts)
        self._starts = starts[self._order]

    @classmethod
    def empty(cls) -> "Table":
        """Of no pack."""
        return cls({}, frozenset())

    def read_again(self, folder: Path) -> "Table":
        """The table of what is in ``folder`` now; only indexes that are new or have grown are read."""
        try:
            with os.scandir(folder) as entries:
                listed = [entry for entry in entries if entry.name.endswith(".idx") and entry.name[0] != "."]
                found = [(entry.name, entry.stat().st_size) for entry in listed]
        except FileNotFoundError:
            return self if not self._parts else Table.empty()
        parts: dict[tuple[str, int], _Part] = {}
        damaged: set[tuple[str, int]] = set()
        for name, size in sorted(found):
            known = self._parts.get((name, size))
            try:
                parts[name, size] = known or _Part(folder / f"{name[:-4]}.pack", read_index(folder / name))
            except FileNotFoundError:
                continue  # swept this moment
            except (ValueError, OSError) as error:
                damaged.add((name, size))
                if (name, size) not in self._damaged:
                    _log.warning("The pictures of a pack are not known: %s cannot be read, %s", name, error)
        if parts.keys() == self._parts.keys() and damaged == self._damaged:
            return self
        return Table(parts, frozenset(damaged))

    def find(self, key: bytes) -> list[Spot]:
        """Where the picture of 32 bytes of sha256 lies: in no pack, in one, or in those of several processes."""
        start = np.uint64(int.from_bytes(key[:8], "big"))
        spots: list[Spot] = []
        for at in range(int(np.searchsorted(self._starts, start)), len(self._starts)):
            if self._starts[at] != start:
                break
            row = self._order[at]
            record = self._records[row]
            if record["key"].tobytes() == key:
                spots.append(Spot(self._packs[self._owner[row]], int(record["offset"]), int(record["size"])))
        return spots

    def contents(self) -> dict[Path, list[str]]:
        """The sha256 of every picture of each pack."""
        return {part.pack: _texts(part.records["key"].tobytes().hex()) for part in self._parts.values()}


def _texts(joined: str) -> list[str]:
    return [joined[start : start + 64] for start in range(0, len(joined), 64)]
