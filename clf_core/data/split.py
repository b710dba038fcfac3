"""Dividing pictures into train, val and test, or into folds: by class, by group, reproducibly.

A group holds pictures that look the same or that a person grouped. It never straddles splits: a copy of a
training picture in the test split would be recognised, not classified (Barz & Denzler 2020, 'Do we train
on test data?').
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import SplitConfig
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
    "shuffle_key",
    "stratified_split",
]

ALWAYS_TRAIN = -1
"""In place of a fold: a picture that is never held out."""

_ORDER: tuple[Split, ...] = ("train", "test", "val")
"""Which split a class fills first when it has only one or two groups."""


def stratified_split(labels: Sequence[str], groups: Sequence[str], config: SplitConfig) -> list[Split]:
    """Divide pictures without a given split.

    Each class is divided on its own in the shares of ``config``. With one group of pictures a class goes
    to train, with two also to test, with three or more also to val. Groups that hold several classes
    contradict themselves and go to train: no model could be right about them.

    The result depends on labels, groups and seed alone: neither on the order of the input nor on the
    machine.

    Args:
        labels: class of each picture.
        groups: group of each picture; must not depend on the order of the pictures.
        config: shares and seed.

    Returns:
        The split of each picture.
    """
    return _divide(labels, groups, {"train": config.train, "test": config.test, "val": config.val}, config.seed)


def complete_split(
    given: Sequence[Split], labels: Sequence[str], groups: Sequence[str], config: SplitConfig
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
        return stratified_split(labels, groups, config), (notice,)
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
    anew: Mapping[Split, float] = {"train": config.train, "test": config.test, "val": config.val}
    # A group with pictures of several classes goes to train, whatever the shares: it must be seen as a whole.
    mixed = _mixed_groups([labels[row] for row in free], [groups[row] for row in free])
    assigned.update(dict.fromkeys(mixed, "train"))
    in_train = Counter(labels[row] for row in free if groups[row] in mixed)
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for row in free:
        if groups[row] not in mixed:
            members[labels[row]][groups[row]] += 1
    for label, sizes in members.items():
        shares = kept_test if label in tested else anew
        assigned.update(_divide_class(sizes, shares, config.seed, in_train[label]))
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


def _mixed_groups(labels: Sequence[str], groups: Sequence[str]) -> set[str]:
    first: dict[str, str] = {}
    return {group for label, group in zip(labels, groups, strict=True) if first.setdefault(group, label) != label}


def _divide(labels: Sequence[str], groups: Sequence[str], shares: Mapping[Split, float], seed: int) -> list[Split]:
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))  # group -> class -> pictures
    for label, group in zip(labels, groups, strict=True):
        sizes[group][label] += 1
    members: dict[str, dict[str, int]] = defaultdict(dict)  # class -> group -> pictures
    assigned: dict[str, Split] = {}
    in_train: dict[str, int] = defaultdict(int)  # class -> pictures that are there already
    for group, by_class in sizes.items():
        if len(by_class) > 1:
            assigned[group] = "train"
            for label, count in by_class.items():
                in_train[label] += count
        else:
            members[next(iter(by_class))][group] = next(iter(by_class.values()))
    for label, of_class in members.items():
        assigned.update(_divide_class(of_class, shares, seed, in_train[label]))
    return [assigned[group] for group in groups]


def _divide_class(
    sizes: Mapping[str, int], shares: Mapping[Split, float], seed: int, in_train: int
) -> dict[str, Split]:
    """Hand out the groups of one class, large ones first, always to the split that lacks most pictures."""
    total = sum(sizes.values()) + in_train
    lacking = {split: shares[split] * total for split in _ORDER if split in shares}
    lacking["train"] -= in_train
    empty = [split for split in lacking if not (split == "train" and in_train)]
    queue = sorted(sizes, key=lambda group: (-sizes[group], shuffle_key(group, seed)))
    assigned: dict[str, Split] = {}
    for left, group in zip(range(len(queue), 0, -1), queue, strict=True):
        # As many groups left as splits without any: from here on each takes one, train first.
        split = empty[0] if left <= len(empty) else max(lacking, key=lambda name: lacking[name])
        assigned[group] = split
        lacking[split] -= sizes[group]
        if split in empty:
            empty.remove(split)
    return assigned


def shuffle_key(group: str, seed: int) -> bytes:
    """A place in a random order that is the same on every machine and for every order of the input."""
    return hashlib.blake2b(f"{seed}:{group}".encode()).digest()
