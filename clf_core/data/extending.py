"""Dividing pictures that join others which have their split already."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from clf_core.config import SplitConfig
from clf_core.data.split import shuffle_key
from clf_core.values import Split

_ORDER: tuple[Split, ...] = ("train", "test", "val")
"""Which split a class fills first where it has none of its pictures."""


def extended_split(
    labels: Sequence[str], groups: Sequence[str], fixed: Sequence[Split | None], config: SplitConfig
) -> list[Split]:
    """Keep the splits that are fixed and divide the other pictures so that each class comes near its shares.

    Free pictures of a group with a fixed one follow it. A free group with several classes goes to train. The result
    does not depend on the order of the pictures.

    Args:
        labels: class of each picture, the fixed ones included.
        groups: group of each; the fixed pictures of a group are all in one split.
        fixed: split of each that has one.
        config: shares and seed.

    Returns:
        The split of each picture.
    """
    assigned: dict[str, Split] = {group: split for group, split in zip(groups, fixed, strict=True) if split}
    sizes: dict[str, Counter[str]] = defaultdict(Counter)  # free group -> class -> pictures
    present: dict[str, Counter[Split]] = defaultdict(Counter)  # class -> split -> pictures
    for label, group in zip(labels, groups, strict=True):
        if group in assigned:
            present[label][assigned[group]] += 1
        else:
            sizes[group][label] += 1
    free: dict[str, dict[str, int]] = defaultdict(dict)  # class -> free group -> pictures
    for group, by_class in sizes.items():
        if len(by_class) > 1:
            assigned[group] = "train"
            for label, count in by_class.items():
                present[label]["train"] += count
        else:
            ((label, count),) = by_class.items()
            free[label][group] = count
    for label, of_class in free.items():
        assigned.update(_fill(of_class, present[label], config))
    return [split or assigned[group] for group, split in zip(groups, fixed, strict=True)]


def _fill(sizes: dict[str, int], present: Counter[Split], config: SplitConfig) -> dict[str, Split]:
    """Hand out the groups of one class, large ones first, always to the split that lacks most pictures."""
    total = sum(sizes.values()) + present.total()
    shares: dict[Split, float] = {"train": config.train, "test": config.test, "val": config.val}
    lacking = {split: shares[split] * total - present[split] for split in _ORDER}
    empty = [split for split in _ORDER if not present[split]]
    queue = sorted(sizes, key=lambda group: (-sizes[group], shuffle_key(group, config.seed)))
    assigned: dict[str, Split] = {}
    for left, group in zip(range(len(queue), 0, -1), queue, strict=True):
        # As many groups left as splits without any: from here on each takes one.
        split = empty[0] if left <= len(empty) else max(lacking, key=lambda name: lacking[name])
        assigned[group] = split
        lacking[split] -= sizes[group]
        if split in empty:
            empty.remove(split)
    return assigned
