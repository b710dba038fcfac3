"""Dividing pictures into train, val and test: by class, by group, reproducibly.

A group holds pictures with the same pixels. It never straddles splits: a copy of a training picture in
the test split would be recognised, not classified (Barz & Denzler 2020, 'Do we train on test data?').
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

from clf_core.config import SplitConfig
from clf_core.values import Split

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
    queue = sorted(sizes, key=lambda group: (-sizes[group], _shuffle_key(group, seed)))
    assigned: dict[str, Split] = {}
    for left, group in zip(range(len(queue), 0, -1), queue, strict=True):
        # As many groups left as splits without any: from here on each takes one, train first.
        split = empty[0] if left <= len(empty) else max(lacking, key=lambda name: lacking[name])
        assigned[group] = split
        lacking[split] -= sizes[group]
        if split in empty:
            empty.remove(split)
    return assigned


def _shuffle_key(group: str, seed: int) -> bytes:
    """A place in a random order that is the same on every machine and for every order of the input."""
    return hashlib.blake2b(f"{seed}:{group}".encode()).digest()
