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


@dataclass(frozen=True)
class Survey:
    """N pictures in use, in manifest order.

    Attributes:
        ids: [N] int64, numbers of the pictures, ascending or not.
        classes: names of the classes.
        labels: [N] int64, places in ``classes``.
        splits: [N] int64, places in ``SPLITS``.
        groups: [N] int64, equal for pictures that a split keeps together.
        files: [N] int64, equal for the same file.
        width, height: [N] int64, pixels.
        size: [N] int64, bytes of the file.
        numbers: name of a measurement -> [N] float32; NaN where a picture was not measured.
        thumbs, colours: of the pictures that were measured, see ``Facts``.
        measured: [N] bool.
    """

    ids: NDArray[np.int64]
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    splits: NDArray[np.int64]
    groups: NDArray[np.int64]
    files: NDArray[np.int64]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    size: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float32]]
    thumbs: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    measured: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, manifest: "Manifest", facts: "Facts") -> Self:
        """Gather what is known of the pictures in use."""
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
            files=codes(sha256),
            width=width,
            height=height,
            size=size,
            numbers=numbers,
            thumbs=facts.thumbs()[known],
            colours=facts.colours()[known],
            measured=measured,
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
        """Which pictures look the same; searched for once."""
        from clf_core.data.copies import components, find_copies

        rows = np.flatnonzero(self.measured)
        _, first = np.unique(self.files[rows], return_index=True)  # one picture per file
        first.sort()
        near = find_copies(self.thumbs[first], self.colours[first])
        rows = rows[first]
        exact = chained(self.files)
        likeness = np.zeros(len(self), dtype=np.float32)
        listed = [(int(rows[pair.first]), int(rows[pair.second])) for pair in near]
        for (one, other), pair in zip(listed, near, strict=True):
            likeness[[one, other]] = np.maximum(likeness[[one, other]], pair.similarity)
        for one, other in exact:
            likeness[[one, other]] = 1.0
        sets = components(len(self), [*exact, *listed])
        wider = components(len(self), [*exact, *listed, *chained(self.groups)])
        return Alikes(sets=sets, wider=wider, likeness=likeness)


@dataclass(frozen=True)
class Alikes:
    """Which of N pictures look the same.

    Attributes:
        sets: [N] int64, equal for pictures that look the same, directly or by way of others.
        wider: [N] int64, the same, and equal also for pictures of one group.
        likeness: [N] float32, similarity to the nearest other; 1 for a copy of the file, 0 for none alike.
    """

    sets: NDArray[np.int64]
    wider: NDArray[np.int64]
    likeness: NDArray[np.float32]


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
