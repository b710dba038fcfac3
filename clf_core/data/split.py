"""Dividing pictures into train, val and test, or into folds: by class, by group, reproducibly.

A group holds pictures that look the same or that a person grouped. It never straddles splits: a copy of a
training picture in the test split would be recognised, not classified (Barz & Denzler 2020, 'Do we train
on test data?').
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import SplitConfig
from clf_core.data.dividing import divide_groups
from clf_core.data.grouping import check_pattern, group_of
from clf_core.values import Split

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest

__all__ = [
    "ALWAYS_TRAIN",
    "check_pattern",
    "complete_split",
    "folds",
    "group_of",
    "redivide",
    "stratified_split",
]

ALWAYS_TRAIN = -1
"""In place of a fold: a picture that is never held out."""


def stratified_split(
    labels: Sequence[str], groups: Sequence[str], config: SplitConfig, whole: Collection[str] = ()
) -> list[Split]:
    """Divide pictures without a given split.

    Each class is divided on its own in the shares of ``config``. With one group of pictures a class goes
    to train, with two also to test, with three or more also to val. Groups of several classes that a person
    made are divided as a whole; others contradict themselves and go to train (see ``divide_groups``).

    The result depends on labels, groups and seed alone: neither on the order of the input nor on the
    machine.

    Args:
        labels: class of each picture.
        groups: group of each picture; must not depend on the order of the pictures.
        config: shares and seed.
        whole: names of the groups that a person made.

    Returns:
        The split of each picture.
    """
    return _divide(labels, groups, _shares(config), config.seed, whole)


def complete_split(
    given: Sequence[Split],
    labels: Sequence[str],
    groups: Sequence[str],
    config: SplitConfig,
    whole: Collection[str] = (),
) -> tuple[list[Split], tuple[str, ...]]:
    """Keep the splits that folders named, and draw the missing ones from the training pictures.

    train and val only: val becomes the test split, since it is the only one that may be kept aside for
    the final check, and a new val is drawn from train. train only, or no train at all: everything is
    divided anew. train and test: val is drawn from train. All three: kept.

    Groups must not straddle the given splits; ``importer`` removes such copies first.

    Returns:
        The split of each picture, and sentences about what was done.
    """
    present = set(given)
    if "train" not in present or present == {"train"}:
        # Pictures that all stand in one kind of folder, or in none for training, say nothing about a split.
        folder = " and ".join(sorted(present))
        notice = f"Only {folder} folders were found, so all pictures were divided anew into train, val and test."
        return stratified_split(labels, groups, config, whole), (notice,)
    splits = list(given)
    if present == {"train", "val", "test"}:
        return splits, ()
    notice = "The test folder is kept; validation pictures were drawn from the training folder."
    if "test" not in present:
        splits = ["test" if split == "val" else split for split in splits]
        notice = (
            "There is a val folder but no test folder: its pictures became the test split, "
            "and validation pictures were drawn from the training folder."
        )
    places = [place for place, split in enumerate(splits) if split == "train"]
    both = config.train + config.val
    drawn = _divide(
        [labels[place] for place in places],
        [groups[place] for place in places],
        {"train": config.train / both, "val": config.val / both},
        config.seed,
        whole,
    )
    for place, split in zip(places, drawn, strict=True):
        splits[place] = split
    return splits, (notice,)


def redivide(manifest: "Manifest", config: SplitConfig) -> list[Split]:
    """Divide the pictures of a manifest anew, by its present groups.

    With ``config.lock_test`` the test split stays: its pictures are what earlier results were measured on.
    The others are divided between train and val; only a class without any test picture gets some. Pictures
    of a group that stands in test follow it. Without the lock everything is divided.

    Pictures left out follow their group, so that restoring one never makes a group straddle.

    Returns:
        The split of each row of the manifest, those left out included.
    """
    groups = manifest.column("group")
    before: list[Split] = manifest.column("split")  # type: ignore[assignment]
    labels = manifest.column("label")
    used = np.flatnonzero(manifest.in_use).tolist()
    assigned: dict[str, Split] = {}
    tested: set[str] = set()
    if config.lock_test:
        assigned = {groups[row]: "test" for row in used if before[row] == "test"}
        tested = {labels[row] for row in used if groups[row] in assigned}
    free = [row for row in used if groups[row] not in assigned]
    both = config.train + config.val
    kept_test: Mapping[Split, float] = {"train": config.train / both, "val": config.val / both}
    shares = {label: kept_test if label in tested else _shares(config) for label in set(labels)}
    given = manifest.column("given_group")
    whole = {group for group, name in zip(groups, given, strict=True) if name}
    sizes = _sizes([labels[row] for row in free], [groups[row] for row in free])
    assigned.update(divide_groups(sizes, shares, {}, config.seed, whole))
    for row, group in enumerate(groups):
        assigned.setdefault(group, before[row])  # a group that is left out as a whole stays together
    return [assigned[group] for group in groups]


def folds(labels: NDArray[np.int64], groups: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Deal pictures into folds for cross-validation, class by class and group by group.

    Args:
        labels: [N].
        groups: [N]; a group stays together.
        count: how many folds.
        seed: of the shuffling.

    Returns:
        [N] int64, the fold in which each picture is held out; ``ALWAYS_TRAIN`` for pictures that are always
        learned from, because their class has no others to learn from in their place.
    """
    random = np.random.default_rng(seed)
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    by_class: dict[int, list[list[int]]] = {}
    for rows in members.values():
        by_class.setdefault(int(labels[rows[0]]), []).append(rows)
    result = np.full(len(labels), ALWAYS_TRAIN, dtype=np.int64)
    dealt = 0
    for label in sorted(by_class):
        for place in random.permutation(len(by_class[label])):
            result[by_class[label][place]] = dealt % count
            dealt += 1
    for label in np.unique(labels):
        mine = labels == label
        if len(np.unique(result[mine])) == 1:
            result[mine] = ALWAYS_TRAIN
    used = np.unique(result[result != ALWAYS_TRAIN])
    kept = result != ALWAYS_TRAIN
    result[kept] = np.searchsorted(used, result[kept])  # folds numbered without gaps
    return result


def _shares(config: SplitConfig) -> Mapping[Split, float]:
    return {"train": config.train, "test": config.test, "val": config.val}


def _sizes(labels: Iterable[str], groups: Iterable[str]) -> dict[str, Counter[str]]:
    """Group -> class -> pictures."""
    sizes: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        sizes[group][label] += 1
    return sizes


def _divide(
    labels: Sequence[str], groups: Sequence[str], shares: Mapping[Split, float], seed: int, whole: Collection[str]
) -> list[Split]:
    assigned = divide_groups(_sizes(labels, groups), dict.fromkeys(labels, shares), {}, seed, whole)
    return [assigned[group] for group in groups]
