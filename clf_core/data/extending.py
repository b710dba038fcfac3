"""Dividing pictures that join others which have their split already."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from clf_core.config import SplitConfig
from clf_core.data.dividing import divide_groups
from clf_core.values import Split


def extended_split(
    labels: Sequence[str],
    groups: Sequence[str],
    fixed: Sequence[Split | None],
    config: SplitConfig,
    whole: Collection[str] = (),
) -> list[Split]:
    """Keep the splits that are fixed and divide the other pictures so that each class comes near its shares.

    Free pictures of a group with a fixed one follow it; the other groups are handed out by ``divide_groups``. The
    result does not depend on the order of the pictures.

    Args:
        labels: class of each picture, the fixed ones included.
        groups: group of each; the fixed pictures of a group are all in one split.
        fixed: split of each that has one.
        config: shares and seed.
        whole: names of the groups that a person made.

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
    shares: dict[Split, float] = {"train": config.train, "test": config.test, "val": config.val}
    assigned.update(divide_groups(sizes, dict.fromkeys(labels, shares), present, config.seed, whole))
    return [split or assigned[group] for group, split in zip(groups, fixed, strict=True)]
