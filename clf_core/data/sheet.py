"""A working copy of what a person can change about the pictures of a dataset: class, split, and whether in use."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from clf_core.data.manifest import Manifest
from clf_core.data.wording import clean_text, in_short, pictures
from clf_core.errors import NotFoundError, StateError
from clf_core.values import Split

SPLIT_WORDS: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}

KEPT_FIRST: tuple[Split, ...] = ("test", "val", "train")
"""Where copies go that disagree: what is tested on must not be learned from."""

_CHECKED = "checked"
_LEFT_OUT = "Left out by hand"
_MAX_REASON = 300
_REASON_SHOWN = 80


class Sheet:
    """A working copy of the columns a person can change. Methods say what they did, or "" for nothing."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._columns: dict[str, list[str]] = {}
        self._flags: list[list[str]] | None = None

    def result(self) -> Manifest | None:
        """The manifest with the changed columns, or None where none differs."""
        changed = {name: values for name, values in self._columns.items() if values != self._manifest.column(name)}
        manifest = self._manifest.replaced(**changed) if changed else self._manifest
        if self._flags is not None and self._flags != self._manifest.flags:
            manifest = manifest.reflagged(self._flags)
        return None if manifest is self._manifest else manifest

    def labels(self) -> set[str]:
        """All class names, those of left-out pictures included."""
        return set(self._column("label"))

    def label(self, name: str) -> str:
        """A class name as it is kept; one that exists is taken as it is, whatever it holds."""
        return name if name in self.labels() else clean_text(name, "label", "class name")

    def known(self, name: str) -> str:
        """The name of a class that exists."""
        for found in (name, self.label(name)):
            if found in self.labels():
                return found
        raise NotFoundError(
            f"There is no class '{in_short(name)}'",
            remedy=f"The classes are: {', '.join(in_short(known) for known in self._manifest.classes[:20])}",
        )

    def of_classes(self, names: Iterable[str]) -> NDArray[np.int64]:
        """[M] the rows of some classes, left-out ones included."""
        wanted = set(names)
        return np.array([row for row, label in enumerate(self._column("label")) if label in wanted], dtype=np.int64)

    def relabel(self, places: NDArray[np.int64], label: str) -> str:
        """Put rows into a class; raises ConfigError where its name cannot be used."""
        label = self.label(label)
        labels = self._column("label")
        is_new = label not in self.labels()
        rows = [row for row in _rows(places) if labels[row] != label]
        if not rows:
            return ""
        sources = {labels[row] for row in rows}
        for row in rows:
            labels[row] = label
        if self._has_checked():
            self._mark_checked(rows, False)  # what was found right was the class before
        origin = f" from '{in_short(next(iter(sources)))}'" if len(sources) == 1 else ""
        target = f"into a new class '{in_short(label)}'" if is_new else f"to '{in_short(label)}'"
        return f"Moved {pictures(len(rows))}{origin} {target}"

    def check(self, places: NDArray[np.int64], checked: bool) -> str:
        """Note that a person found the classes of rows right, or that this counts no more."""
        rows = self._mark_checked(_rows(places), checked)
        said = "Found the class of {} right" if checked else "Took back that the class of {} was found right"
        return said.format(pictures(len(rows))) if rows else ""

    def exclude(self, places: NDArray[np.int64], reason: str, *, again: bool = False) -> str:
        """Leave rows out; ``again`` gives those left out already the new reason too. Raises ConfigError."""
        reason = clean_text(reason[:_MAX_REASON], "reason", "reason") if reason.strip() else _LEFT_OUT
        excluded = self._column("excluded")
        rows = [row for row in _rows(places) if (excluded[row] != reason if again else not excluded[row])]
        for row in rows:
            excluded[row] = reason
        because = "" if reason == _LEFT_OUT else f": {in_short(reason, _REASON_SHOWN)}"
        return f"Left out {pictures(len(rows))}{because}" if rows else ""

    def restore(self, places: NDArray[np.int64]) -> str:
        """Take rows back into use, in the split of those of their group that are in use, else in their own."""
        excluded, splits, groups = self._column("excluded"), self._column("split"), self._manifest.column("group")
        rows = [row for row in _rows(places) if excluded[row]]
        wanted = {groups[row] for row in rows}
        homes: dict[str, set[str]] = defaultdict(set)
        for row, group in enumerate(groups):
            if group in wanted and not excluded[row]:
                homes[group].add(splits[row])
        returning: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            returning[groups[row]].add(splits[row])
        following = 0
        for row in rows:
            excluded[row] = ""
            home = homes.get(groups[row]) or returning[groups[row]]
            if groups[row] in homes and splits[row] in home:
                continue
            split = next(name for name in KEPT_FIRST if name in home)
            following += splits[row] != split
            splits[row] = split
        after = f"; {pictures(following)} joined copies in their split" if following else ""
        return f"Restored {pictures(len(rows))}{after}" if rows else ""

    def move(self, places: NDArray[np.int64], split: Split, unlock: bool) -> str:
        """Move the groups of rows; raises StateError where the test split would change without ``unlock``."""
        splits, excluded, groups = self._column("split"), self._column("excluded"), self._manifest.column("group")
        asked = set(_rows(places))
        moved = {groups[row] for row in asked}
        rows = [row for row, group in enumerate(groups) if group in moved and splits[row] != split]
        if not unlock and any(not excluded[row] and "test" in (split, splits[row]) for row in rows):
            raise StateError(
                "The test split is locked",
                why="Earlier results were measured on its pictures and would not compare with later ones",
                remedy="Say that the test split may change, or move pictures between training and validation only",
            )
        for row in rows:
            splits[row] = split
        others = len(rows) - len(asked.intersection(rows))
        along = f", {others:,} of them because copies and groups stay together" if others else ""
        return f"Moved {pictures(len(rows))} into the {SPLIT_WORDS[split]} split{along}" if rows else ""

    def _has_checked(self) -> bool:
        return any(_CHECKED in flags for flags in self._flags or self._manifest.flags)

    def _mark_checked(self, rows: Iterable[int], checked: bool) -> list[int]:
        if self._flags is None:
            self._flags = self._manifest.flags
        changed = [row for row in rows if (_CHECKED in self._flags[row]) != checked]
        for row in changed:
            others = [flag for flag in self._flags[row] if flag != _CHECKED]
            self._flags[row] = [*others, _CHECKED] if checked else others
        return changed

    def _column(self, name: str) -> list[str]:
        if name not in self._columns:
            self._columns[name] = self._manifest.column(name)
        return self._columns[name]


def _rows(places: NDArray[np.int64]) -> list[int]:
    """Each row once, in order."""
    rows: list[int] = np.unique(places).tolist()
    return rows
