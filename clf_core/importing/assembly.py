"""From examined pictures to rows of a manifest: their groups, their splits, what is left out and what is notable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from clf_core.config import ImportLimits, SplitConfig
from clf_core.data.extending import extended_split
from clf_core.data.facts import Facts
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.split import complete_split, group_of, stratified_split
from clf_core.data.store import PictureStore
from clf_core.importing.notices import CopyCounts, Seen, copy_notices, groups_notice, leaks_notice, manifest_notices
from clf_core.importing.together import STRONGEST, Copies, Sets, by_group, find_all_copies, members
from clf_core.values import Split

SMALL_SIDE = 16
"""Pixels; a picture with a shorter side is kept, flagged and announced."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One picture that was decoded and stored; ``given`` and ``group`` are what folders or tables say of it."""

    name: str
    label: str
    given: Split | None
    group: str
    sha256: str
    size: int
    width: int
    height: int
    animated: bool


@dataclass(frozen=True)
class Base:
    """The dataset version that pictures are added to, and what was measured of its pictures."""

    manifest: Manifest
    facts: Facts


class Assembly:
    """The work on one import. Rows of the dataset that is added to come first, the new ones behind them."""

    def __init__(
        self, pictures: Sequence[Examined], copies: Copies, config: SplitConfig, old: Sequence[ManifestRow]
    ) -> None:
        """Take the new pictures, which rows show the same, how to divide, and the rows that are there."""
        self._pictures = pictures
        self._copies = copies
        self._config = config
        self._old = old
        self._start = len(old)
        self._files = [row.sha256 for row in old] + [picture.sha256 for picture in pictures]
        self._labels = [row.label for row in old] + [picture.label for picture in pictures]
        self._groups = [_given_group(picture, config.group_pattern) for picture in pictures]
        self._excluded = [""] * len(pictures)
        self._whole = not old and all(picture.given for picture in pictures)
        self._present = {picture.given for picture in pictures if picture.given}
        # Folders that all name one split, or none to learn from, say nothing about how to divide: see complete_split.
        self._anew = self._whole and (self._present == {"train"} or "train" not in self._present)
        new = [None if self._anew else picture.given for picture in pictures]
        self._fixed: list[Split | None] = [*(row.split for row in old), *new]

    def rows(self) -> tuple[list[ManifestRow], tuple[str, ...]]:
        """Return all rows, the old ones unchanged, and what a person should know, in sentences."""
        for alike in members(self._copies.alike):
            self._settle(alike.tolist())
        sets, apart = self._sets()
        groups = self._group_names(sets)
        splits, notices = self._divide(sets, groups)
        fresh = self._fresh_rows(groups, splits)
        rows = [*self._old, *fresh]
        return rows, (
            *notices,
            *groups_notice(apart),
            *leaks_notice(sum(map(bool, self._excluded))),
            *copy_notices(self._count_copies()),
            *manifest_notices(fresh, rows),
        )

    def _settle(self, alike: list[int]) -> None:
        """Decide the split of new rows that look the same as others of which the split is known.

        Those that look like old ones follow them. Of new ones that were given several splits, those to be tested on
        are used, and the others are left out.
        """
        old = [row for row in alike if row < self._start]
        new = alike[len(old) :]
        known = {self._fixed[row] for row in old or new} - {None}
        if not new or not known:
            return
        home = next(split for split in STRONGEST if split in known)
        kept = [row for row in new if self._fixed[row] == home]
        for row in new:
            if not old and self._fixed[row] not in (None, home):
                self._excluded[row - self._start] = self._why_left_out(row, home, kept)
            self._fixed[row] = home

    def _why_left_out(self, row: int, home: Split, kept: Sequence[int]) -> str:
        words = {"train": "training", "val": "validation", "test": "test"}
        if self._whole and "test" not in self._present:
            words["val"] = "test"  # what complete_split makes of it
        equal = [other for other in kept if self._copies.same[other] == self._copies.same[row]]
        name = self._pictures[(equal or kept)[0] - self._start].name
        if equal:
            return f"The same picture stands in the {words[home]} split as '{name}'; it is used there only"
        return f"Looks the same as '{name}' in the {words[home]} split; it is used there only"

    def _sets(self) -> tuple[Sets, int]:
        """Join what belongs together; also how many given groups stand in several of the given splits."""
        sets = Sets(self._fixed, [*(row.group for row in self._old), *[""] * len(self._pictures)])
        for rows in by_group([row.group for row in self._old]):
            self._join(sets, rows)
        for alike in members(self._copies.alike):
            if alike[-1] >= self._start:
                # Old rows stay as they are: where the new ones look like several sets of them, they join one.
                anchor = self._strongest(alike.tolist())
                self._join(sets, [anchor, *(int(row) for row in alike if row >= self._start)])
        given = [row.given_group for row in self._old] + self._groups
        return sets, sum(not self._join(sets, rows) for rows in by_group(given) if rows[-1] >= self._start)

    def _join(self, sets: Sets, rows: Sequence[int]) -> bool:
        """Join rows to as few sets as their splits allow; False if that is more than one."""
        left, rounds = list(rows), 0
        while left:
            anchor = self._strongest(left)
            left = [row for row in left if not sets.join(anchor, row)]
            rounds += 1
        return rounds == 1

    def _strongest(self, rows: Sequence[int]) -> int:
        """The row whose split the others follow, whatever the order of the files: an old one before new ones."""

        def rank(row: int) -> tuple[bool, int, str]:
            split = self._fixed[row]
            return row >= self._start, STRONGEST.index(split) if split else len(STRONGEST), self._files[row]

        return min(rows, key=rank)

    def _group_names(self, sets: Sets) -> list[str]:
        """The group of every row: of old rows and what joins them as it was, else the least sha256."""
        least: dict[int, str] = {}
        for row in range(self._start, len(self._files)):
            root = sets.root(row)
            least[root] = min(least.get(root, self._files[row]), self._files[row])
        new = range(self._start, len(self._files))
        return [*(row.group for row in self._old), *(sets.old_group(row) or least[sets.root(row)] for row in new)]

    def _divide(self, sets: Sets, groups: Sequence[str]) -> tuple[list[Split], tuple[str, ...]]:
        """The split of each new row."""
        given_groups = [*(row.given_group for row in self._old), *self._groups]
        made = {group for group, name in zip(groups, given_groups, strict=True) if name}
        if self._whole:
            given = [fixed or picture.given for fixed, picture in zip(self._fixed, self._pictures, strict=True)]
            return complete_split([split for split in given if split], self._labels, groups, self._config, made)
        fixed = [sets.split(row) for row in range(len(self._files))]
        if not any(fixed):
            return stratified_split(self._labels, groups, self._config, made), ()
        counted = [row for row in range(len(fixed)) if row >= self._start or not self._old[row].excluded]
        labels, names = [self._labels[row] for row in counted], [groups[row] for row in counted]
        splits = extended_split(labels, names, [fixed[row] for row in counted], self._config, made)
        return splits[len(counted) - len(self._pictures) :], ()

    def _fresh_rows(self, groups: Sequence[str], splits: Sequence[Split]) -> list[ManifestRow]:
        same = self._copies.same
        copies = np.bincount(same) > 1
        contradicting = {int(same[rows[0]]) for rows in members(same) if self._is_contradiction(rows.tolist())}
        return [
            ManifestRow(
                sha256=picture.sha256,
                size=picture.size,
                width=picture.width,
                height=picture.height,
                label=picture.label,
                split=splits[place],
                group=groups[row],
                source_name=picture.name,
                flags=_flags(picture, bool(copies[same[row]]), int(same[row]) in contradicting),
                given_group=self._groups[place],
                excluded=self._excluded[place],
            )
            for place, (row, picture) in enumerate(enumerate(self._pictures, start=self._start))
        ]

    def _is_contradiction(self, rows: Sequence[int]) -> bool:
        return any(self._labels[row] != self._labels[rows[0]] for row in rows)

    def _count_copies(self) -> CopyCounts:
        equal = near = 0
        contradictions: list[tuple[Seen, Seen]] = []
        for rows in (found.tolist() for found in members(self._copies.same) if found[-1] >= self._start):
            equal += sum(row >= self._start for row in rows) - (rows[0] >= self._start)
            if self._is_contradiction(rows):
                other = next(row for row in rows if self._labels[row] != self._labels[rows[0]])
                contradictions.append((self._seen(rows[0]), self._seen(other)))
        for found in members(self._copies.alike):
            if found[-1] >= self._start:
                kinds = np.unique(self._copies.same[found])
                new_kinds = np.unique(self._copies.same[found[found >= self._start]])
                near += min(len(new_kinds), len(kinds) - 1)
        return CopyCounts(equal, near, contradictions)

    def _seen(self, row: int) -> Seen:
        old = row < self._start
        name = self._old[row].source_name if old else self._pictures[row - self._start].name
        return Seen(name, self._labels[row])


def assemble(
    pictures: Sequence[Examined],
    facts: Facts,
    store: PictureStore,
    limits: ImportLimits,
    config: SplitConfig,
    base: Base | None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[ManifestRow], tuple[str, ...]]:
    """Group new pictures, divide them and flag what is notable.

    Args:
        pictures: the new ones.
        facts: what was measured of them.
        store: holds their files, and those of ``base``.
        limits: caps for decoding files again whose pixels have to be compared.
        config: how to divide, and what counts as belonging together.
        base: the dataset that is added to.
        cancelled: asked now and then; True stops with CancelledError.

    Returns:
        The rows of ``base``, unchanged, with the new ones behind them, and what a person should know.
    """
    old = base.manifest.rows() if base else []
    files = [row.sha256 for row in old] + [picture.sha256 for picture in pictures]
    known = Facts.joined([base.facts, facts]) if base else facts
    near = config.keep_copies_together
    copies = find_all_copies(files, known, store, limits, start=len(old), near=near, cancelled=cancelled)
    return Assembly(pictures, copies, config, old).rows()


def _given_group(picture: Examined, pattern: str) -> str:
    return (group_of(picture.name, pattern) if pattern else "") or picture.group


def _flags(picture: Examined, copied: bool, contradicting: bool) -> tuple[str, ...]:
    found = {
        "animated": picture.animated,
        "duplicate": copied,
        "contradiction": contradicting,
        "small": min(picture.width, picture.height) < SMALL_SIDE,
    }
    return tuple(flag for flag, present in found.items() if present)
