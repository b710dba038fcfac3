"""The pictures in use of a dataset version, as arrays that the checks compute with."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from clf_core.values import SPLITS

if TYPE_CHECKING:
    from clf_core.data.facts import Facts
    from clf_core.data.manifest import Manifest

TRAIN, VAL, TEST = (SPLITS.index(split) for split in ("train", "val", "test"))

_BATCH = 4096
"""Pictures among which near copies are searched for at once; the search compares each with each."""

MOST_SEARCHED = 20_000
"""Pictures among which the check itself searches for near copies where the import was told not to; some seconds."""

_CHUNK = 8192


@dataclass(frozen=True)
class Survey:
    """N pictures in use, in manifest order.

    Attributes:
        ids: [N] int64, numbers of the pictures, ascending or not.
        classes: names of the classes.
        labels: [N] int64, places in ``classes``.
        splits: [N] int64, places in ``SPLITS``.
        groups: [N] int64, equal for pictures that a split keeps together.
        given: [N] bool, whether a person said what group a picture belongs to.
        searched: whether near copies were searched for when the groups were made, so that they share one.
        files: [N] int64, equal for the same file.
        width, height: [N] int64, pixels.
        size: [N] int64, bytes of the file.
        numbers: name of a measurement -> [N] float32; NaN where a picture was not measured.
        thumbs, colours: of the pictures that were measured, see ``Facts``.
        measured: [N] bool.
        checked: [N] bool, whether a person found the class right; None where nobody looked at any.
    """

    ids: NDArray[np.int64]
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    splits: NDArray[np.int64]
    groups: NDArray[np.int64]
    given: NDArray[np.bool_]
    searched: bool
    files: NDArray[np.int64]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    size: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float32]]
    thumbs: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    measured: NDArray[np.bool_]
    checked: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, manifest: "Manifest", facts: "Facts", *, searched: bool) -> Self:
        """Gather what is known of the pictures in use; ``searched`` as below."""
        from clf_core.data.facts import NUMBERS

        places = np.flatnonzero(manifest.in_use)
        sha256 = _picked(manifest.column("sha256"), places)
        at = facts.lookup(sha256)
        measured = at >= 0
        known = at[measured]
        numbers = {}
        for name in NUMBERS:
            numbers[name] = np.full(len(places), np.nan, dtype=np.float32)
            numbers[name][measured] = facts.number(name)[known]
        table = manifest.table
        width, height, size = (
            np.asarray(table.column(name).to_numpy(), dtype=np.int64)[places] for name in ("width", "height", "size")
        )
        return cls(
            ids=manifest.ids[places],
            classes=manifest.classes,
            labels=manifest.label_index[places],
            splits=manifest.split_index[places],
            groups=codes(_picked(manifest.column("group"), places)),
            given=np.array([bool(text) for text in _picked(manifest.column("given_group"), places)], dtype=np.bool_),
            searched=searched,
            files=codes(sha256),
            width=width,
            height=height,
            size=size,
            numbers=numbers,
            thumbs=facts.thumbs()[known],
            colours=facts.colours()[known],
            measured=measured,
            checked=np.array(["checked" in flags for flags in manifest.flags], dtype=np.bool_)[places],
        )

    @cached_property
    def class_counts(self) -> NDArray[np.int64]:
        """[K] int64, pictures per class."""
        return np.bincount(self.labels, minlength=len(self.classes))

    @cached_property
    def fitted(self) -> NDArray[np.bool_]:
        """[N] bool, pictures of the training and validation splits: those a model is made from."""
        fitted: NDArray[np.bool_] = self.splits != TEST
        return fitted

    @cached_property
    def alikes(self) -> "Alikes":
        """Which pictures look the same.

        Where the split keeps copies together, the import has searched for them, and a group without a group that
        a person gave is nothing but copies. That spares a search which takes a minute among 100,000 pictures.
        """
        from clf_core.data.copies import components

        mixed = np.isin(self.groups, self.groups[self.given])
        pure = np.flatnonzero(~mixed)
        copies = [*chained(self.files), *((int(pure[a]), int(pure[b])) for a, b in chained(self.groups[pure]))]
        if self.searched:
            shared = np.bincount(self.groups, minlength=1)[self.groups] > 1
            copies += self._near_in_groups(np.flatnonzero(mixed & shared & self.measured))
        elif len(self) <= MOST_SEARCHED:
            copies += self._near(np.flatnonzero(self.measured))
        wider = [*copies, *chained(self.groups)]
        return Alikes(sets=components(len(self), copies), wider=components(len(self), wider))

    def likeness(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float32]:
        """How alike pictures are, two by two: correlation of their grey thumbs, 0..1; 1 for the same file.

        Args:
            rows, others: [M] rows; for pictures that were not measured 0 is returned.
        """
        at = np.cumsum(self.measured) - 1
        result = np.zeros(len(rows), dtype=np.float32)
        known = self.measured[rows] & self.measured[others]
        for start in range(0, len(rows), _CHUNK):
            part = np.flatnonzero(known[start : start + _CHUNK]) + start
            one, other = (_normal(self.thumbs[at[places[part]]]) for places in (rows, others))
            result[part] = np.clip((one * other).sum(axis=1), 0, 1)
        result[self.files[rows] == self.files[others]] = 1.0
        return result

    def _near_in_groups(self, rows: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Near copies within each group, searched for in batches of whole groups."""
        rows = rows[np.argsort(self.groups[rows], kind="stable")]
        found: list[tuple[int, int]] = []
        start = 0
        while start < len(rows):
            end = min(start + _BATCH, len(rows))
            while end < len(rows) and self.groups[rows[end]] == self.groups[rows[end - 1]]:
                end += 1
            found += self._near(rows[start:end])
            start = end
        return [(one, other) for one, other in found if self.groups[one] == self.groups[other]]

    def _near(self, rows: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Near copies among some measured rows, one row per file."""
        from clf_core.data.copies import find_copies

        _, first = np.unique(self.files[rows], return_index=True)
        rows = np.sort(rows[first])
        at = (np.cumsum(self.measured) - 1)[rows]
        pairs = find_copies(self.thumbs[at], self.colours[at])
        return [(int(rows[pair.first]), int(rows[pair.second])) for pair in pairs]


@dataclass(frozen=True)
class Alikes:
    """Which of N pictures look the same.

    Attributes:
        sets: [N] int64, equal for pictures that look the same, directly or by way of others.
        wider: [N] int64, the same, and equal also for pictures of one group.
    """

    sets: NDArray[np.int64]
    wider: NDArray[np.int64]


def _normal(thumbs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Thumbs as vectors of zero mean and unit norm."""
    flat = thumbs.reshape(len(thumbs), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    normed: NDArray[np.float32] = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return normed


def chained(values: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Rows of equal value, each with the next one."""
    order = np.argsort(values, kind="stable")
    same = values[order[1:]] == values[order[:-1]]
    return list(zip(order[:-1][same].tolist(), order[1:][same].tolist(), strict=True))


def codes(values: Iterable[str]) -> NDArray[np.int64]:
    """[N] int64, equal for equal texts."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def _picked(values: list[str], places: NDArray[np.int64]) -> list[str]:
    return [values[place] for place in places.tolist()]
