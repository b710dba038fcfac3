"""Which pictures of an import belong together: the same pixels, nearly the same picture, a group somebody gave.

Rows are numbered: those of the dataset that is added to come first, those that are new behind them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.copies import components, find_copies
from clf_core.data.decoding import decode
from clf_core.data.facts import Facts
from clf_core.data.store import PictureStore
from clf_core.errors import NotFoundError, PictureError, StorageError
from clf_core.values import Split

STRONGEST: tuple[Split, ...] = ("test", "val", "train")
"""Where copies stand in several splits, all go by the first of these."""

_STRIP_PIXELS = 2**20


@dataclass(frozen=True)
class Copies:
    """Which of N rows show the same picture.

    Attributes:
        same: [N] int64, equal for rows of the same pixels.
        alike: [N] int64, equal for rows that look the same, directly or by way of others; coarser than ``same``.
    """

    same: NDArray[np.int64]
    alike: NDArray[np.int64]


def find_all_copies(
    sha256s: Sequence[str],
    facts: Facts,
    store: PictureStore,
    limits: ImportLimits,
    *,
    start: int,
    near: bool,
    cancelled: Callable[[], bool] | None = None,
) -> Copies:
    """Find equal files, equal pixels and, if ``near``, near duplicates.

    Args:
        sha256s: the file of each row.
        facts: of the files; what is not measured has no near copies.
        store: where files that measure alike are read again, to compare every pixel.
        limits: caps for decoding them.
        start: the first new row; rows before it are not compared with each other.
        near: whether near duplicates count.
        cancelled: asked now and then; True stops with CancelledError.
    """
    first: dict[str, int] = {}
    same: list[tuple[int, int]] = []
    for row, sha256 in enumerate(sha256s):
        if (known := first.setdefault(sha256, row)) != row:
            same.append((known, row))
    rows = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    measured = facts.lookup(list(first))
    rows, places = rows[measured >= 0], measured[measured >= 0]
    facts = facts.picked(places)
    same += [(int(rows[one]), int(rows[other])) for one, other in _equal_pixels(facts, store, limits)]
    alike: list[tuple[int, int]] = []
    if near:
        fresh = int(np.searchsorted(rows, start))
        found = find_copies(facts.thumbs(), facts.colours(), start=fresh, cancelled=cancelled)
        alike = [(int(rows[pair.first]), int(rows[pair.second])) for pair in found]
    count = len(sha256s)
    return Copies(components(count, same), components(count, [*same, *alike]))


def _equal_pixels(facts: Facts, store: PictureStore, limits: ImportLimits) -> Iterable[tuple[int, int]]:
    """Pairs of rows of ``facts`` that show the same pixels, such as a PNG and its copy saved as BMP."""
    sha256s = facts.sha256s()
    for rows in facts.alike():
        shown: dict[bytes, int] = {}
        for row in rows:
            try:
                pixels = hash_pixels(decode(store.read(sha256s[row]), limits))
            except (PictureError, NotFoundError, StorageError):
                continue  # gone from the store since: nothing can be said about it
            if (known := shown.setdefault(pixels, row)) != row:
                yield known, row


def hash_pixels(picture: Image.Image) -> bytes:
    """Equal for pictures of the same size and the same pixels."""
    width, height = picture.size
    digest = hashlib.sha256(f"{width}x{height}".encode())
    rows = max(1, _STRIP_PIXELS // width)  # strip by strip: a copy of a huge picture would double its memory
    for top in range(0, height, rows):
        digest.update(picture.crop((0, top, width, min(top + rows, height))).tobytes())
    return digest.digest()


def members(numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each component that has two or more, both in order."""
    if not len(numbers):
        return []
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    return [order[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1]


@dataclass
class Sets:
    """Disjoint sets of rows that are to share a group, of which none ever holds two splits or two old groups.

    Attributes:
        splits: split of each row that has one already.
        old: group of each row of the dataset that is added to, "" for new rows.
    """

    splits: Sequence[Split | None]
    old: Sequence[str]
    _parents: dict[int, int] = field(default_factory=dict)
    _kept: dict[int, tuple[Split | None, str]] = field(default_factory=dict)

    def root(self, row: int) -> int:
        """The row that stands for the set of ``row``."""
        root = row
        while (parent := self._parents.get(root, root)) != root:
            root = parent
        while (parent := self._parents.get(row, row)) != root:
            self._parents[row], row = root, parent
        return root

    def split(self, row: int) -> Split | None:
        """The split that the set of ``row`` has, if any."""
        return self._facts(self.root(row))[0]

    def old_group(self, row: int) -> str:
        """The group that the set of ``row`` had before, or ""."""
        return self._facts(self.root(row))[1]

    def join(self, one: int, other: int) -> bool:
        """Join two sets; False if they must stay apart."""
        one, other = self.root(one), self.root(other)
        if one == other:
            return True
        mine, theirs = self._facts(one), self._facts(other)
        if any(here and there and here != there for here, there in zip(mine, theirs, strict=True)):
            return False
        self._parents[other] = one
        self._kept[one] = (mine[0] or theirs[0], mine[1] or theirs[1])
        return True

    def _facts(self, root: int) -> tuple[Split | None, str]:
        return self._kept.get(root, (self.splits[root], self.old[root]))


def by_group(names: Sequence[str]) -> list[list[int]]:
    """The rows of each name that stands twice or more, in order; "" is no name."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        if name:
            rows[name].append(row)
    return [found for found in rows.values() if len(found) > 1]
