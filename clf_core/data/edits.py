"""Changes of a dataset by hand: each takes a manifest and returns the next one, with a sentence for the history.

Nothing is ever deleted: a picture that is left out stays in the manifest. An edit that changes nothing returns
None, so that no version comes of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.config import SplitConfig
from clf_core.data.manifest import Manifest
from clf_core.data.sheet import KEPT_FIRST, SPLIT_WORDS, Sheet
from clf_core.data.split import redivide
from clf_core.data.wording import in_short
from clf_core.errors import ConfigError, NotFoundError
from clf_core.results import PictureEdit
from clf_core.values import Split


@dataclass(frozen=True)
class Edit:
    """What an edit made.

    Attributes:
        manifest: the next version's pictures.
        what: what was done, one sentence without a final full stop; may hold names from outside.
        split: how the pictures are divided from now on; None as before.
    """

    manifest: Manifest
    what: str
    split: SplitConfig | None = None


def relabel(manifest: Manifest, ids: Iterable[int], label: str) -> Edit | None:
    """Put pictures into a class, which need not exist yet; their splits stay.

    Raises:
        NotFoundError: there is no picture of one of the numbers.
        ConfigError: the name of the class cannot be used.
    """
    sheet = Sheet(manifest)
    return _edit(sheet, [sheet.relabel(manifest.places(ids), label)])


def exclude(manifest: Manifest, ids: Iterable[int], reason: str = "") -> Edit | None:
    """Leave pictures out of use; those left out already keep their reason.

    Raises:
        NotFoundError: there is no picture of one of the numbers.
        ConfigError: the reason holds control characters.
    """
    sheet = Sheet(manifest)
    return _edit(sheet, [sheet.exclude(manifest.places(ids), reason)])


def restore(manifest: Manifest, ids: Iterable[int]) -> Edit | None:
    """Take pictures back into use. Each keeps its split, or follows those of its group that are in use.

    Raises:
        NotFoundError: there is no picture of one of the numbers.
    """
    sheet = Sheet(manifest)
    return _edit(sheet, [sheet.restore(manifest.places(ids))])


def move(manifest: Manifest, ids: Iterable[int], split: Split, *, unlock: bool = False) -> Edit | None:
    """Move pictures into another split, each with its whole group.

    Args:
        manifest: the pictures.
        ids: the numbers of those to move.
        split: where they go.
        unlock: whether the test split may change.

    Raises:
        NotFoundError: there is no picture of one of the numbers.
        StateError: the test split would change, and ``unlock`` is False.
    """
    sheet = Sheet(manifest)
    return _edit(sheet, [sheet.move(manifest.places(ids), split, unlock)])


def apply(manifest: Manifest, changes: Sequence[PictureEdit], *, unlock: bool = False) -> Edit | None:
    """Make many different changes at once; of two about the same thing of one picture the later counts.

    Raises:
        The errors of ``relabel``, ``exclude``, ``restore`` and ``move``; then nothing is changed.
    """
    place = dict(zip((change.id for change in changes), manifest.places(change.id for change in changes), strict=True))

    def gathered(field: str) -> dict[str, NDArray[np.int64]]:
        last = {change.id: getattr(change, field) for change in changes if getattr(change, field) is not None}
        rows: dict[str, list[int]] = defaultdict(list)
        for identifier, value in last.items():
            rows[value].append(int(place[identifier]))
        return {value: np.array(found, dtype=np.int64) for value, found in rows.items()}

    sheet = Sheet(manifest)
    said = [sheet.relabel(rows, label) for label, rows in gathered("label").items()]
    for reason, rows in gathered("excluded").items():
        said.append(sheet.exclude(rows, reason, again=True) if reason else sheet.restore(rows))
    said += [sheet.move(rows, _split(split), unlock) for split, rows in gathered("split").items()]
    for checked in (False, True):
        looked_at = [int(place[change.id]) for change in changes if change.checked is checked]
        said.append(sheet.check(np.array(looked_at, dtype=np.int64), checked))
    return _edit(sheet, said)


def rename_class(manifest: Manifest, old: str, new: str) -> Edit | None:
    """Give a class another name.

    Raises:
        NotFoundError: there is no class ``old``.
        ConfigError: the new name cannot be used, or another class has it.
    """
    sheet = Sheet(manifest)
    old, new = sheet.known(old), sheet.label(new)
    if new != old and new in sheet.labels():
        raise ConfigError(
            f"There is already a class '{in_short(new)}'", field="label", remedy="Merge the two, or choose another name"
        )
    sheet.relabel(sheet.of_classes([old]), new)
    return _edit(sheet, [f"Renamed the class '{in_short(old)}' to '{in_short(new)}'"])


def merge_classes(manifest: Manifest, names: Iterable[str], into: str) -> Edit | None:
    """Make one class of several; ``into`` may be one of them, another class, or a new name.

    Raises:
        NotFoundError: there is no class of one of the names.
        ConfigError: the name of the class cannot be used.
    """
    sheet = Sheet(manifest)
    into = sheet.label(into)
    merged = [name for name in dict.fromkeys(map(sheet.known, names)) if name != into]
    sheet.relabel(sheet.of_classes(merged), into)
    listed = ", ".join(f"'{in_short(name)}'" for name in merged[:5]) + (", …" if len(merged) > 5 else "")
    return _edit(sheet, [f"Merged {listed} into '{in_short(into)}'"])


def split_class(manifest: Manifest, ids: Iterable[int], new_label: str) -> Edit | None:
    """Make a class of its own of some pictures.

    Raises:
        NotFoundError: there is no picture of one of the numbers.
        ConfigError: the name cannot be used, or a class has it.
    """
    sheet = Sheet(manifest)
    new_label = sheet.label(new_label)
    if new_label in sheet.labels():
        raise ConfigError(
            f"There is already a class '{in_short(new_label)}'",
            field="label",
            remedy="Choose a new name, or move the pictures into that class",
        )
    return _edit(sheet, [sheet.relabel(manifest.places(ids), new_label)])


def divide(
    manifest: Manifest, config: SplitConfig, before: SplitConfig, given: Sequence[str], groups: Sequence[str]
) -> Edit | None:
    """Divide the pictures anew, by groups that were found anew.

    Args:
        manifest: the pictures.
        config: shares, seed and whether the test split is locked.
        before: the settings until now.
        given: [N] the group a table or file name gives each row, empty for none.
        groups: [N] the group of each row.
    """
    regrouped = manifest.replaced(given_group=given, group=groups)
    divided = regrouped.replaced(split=redivide(regrouped, config))
    if config == before and divided.table.equals(manifest.table):
        return None
    return Edit(divided, _divided_words(divided, config), config)


def returned(old: Manifest, newest: Manifest, version: int, split: SplitConfig) -> Edit | None:
    """The content of an earlier version again; pictures that came later stay, left out of use.

    Args:
        old: the earlier version's pictures.
        newest: the newest version's.
        version: the number of the earlier one.
        split: how the earlier version was divided.
    """
    if not np.array_equal(newest.ids[: len(old)], old.ids):
        raise NotFoundError("The dataset cannot return to this version", why="It does not belong to its history")
    import pyarrow as pa

    whole = Manifest(pa.concat_tables([old.table, newest.table.slice(len(old))]))
    later = slice(len(old), None)
    excluded, groups = whole.column("excluded"), whole.column("group")
    excluded[later] = [reason or f"Added after version {version}" for reason in excluded[later]]
    groups[later] = _groups_then(old, newest)
    back = whole.replaced(excluded=excluded, group=groups)
    if back.table.equals(newest.table):
        return None
    return Edit(back, f"Returned to version {version}", split)


def _groups_then(old: Manifest, newest: Manifest) -> list[str]:
    """The groups of later pictures by the names of ``old``: copies that came later may have renamed a group."""
    now, then, splits = newest.column("group"), old.column("group"), old.column("split")
    name: dict[str, str] = {}
    for place in sorted(range(len(old)), key=lambda row: KEPT_FIRST.index(splits[row])):
        name.setdefault(now[place], then[place])
    return [name.get(group, group) for group in now[len(old) :]]


def _edit(sheet: Sheet, said: Iterable[str]) -> Edit | None:
    """What was made on a sheet, with its sentences as one; None where no column differs."""
    manifest = sheet.result()
    if manifest is None:
        return None
    first, *more = [sentence for sentence in said if sentence]
    return Edit(manifest, "; ".join([first, *(sentence[0].lower() + sentence[1:] for sentence in more)]))


def _split(name: str) -> Split:
    return next(split for split in SPLIT_WORDS if split == name)


def _divided_words(manifest: Manifest, config: SplitConfig) -> str:
    counts = manifest.split_counts()
    shares = ", ".join(f"{counts[split]:,} {word}" for split, word in SPLIT_WORDS.items())
    kept = ", test pictures kept" if config.lock_test else ""
    pattern = f", groups by '{in_short(config.group_pattern)}'" if config.group_pattern else ""
    return f"Divided anew into {shares} (seed {config.seed}{kept}{pattern})"
