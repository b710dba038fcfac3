"""Handing out groups of pictures to splits, so that every class comes near its shares."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from clf_core.values import Split

ORDER: tuple[Split, ...] = ("train", "test", "val")
"""Which split is filled first where there are only one or two groups."""

Sizes = Mapping[str, Mapping[str, int]]
"""Group -> class -> pictures."""

Shares = Mapping[Split, float]


def divide_groups(
    sizes: Sizes,
    shares: Mapping[str, Shares],
    present: Mapping[str, Mapping[Split, int]],
    seed: int,
    whole: Collection[str] = (),
) -> dict[str, Split]:
    """Give every group one split.

    A group of several classes goes as a whole to the split that lacks its classes most, if a person said that it
    belongs together (a patient, a video). If nobody did, its pictures look the same and contradict each other: it
    goes to train, since no model could be right about it. Then each class fills up with its own groups. The result
    depends on neither the order of the groups nor the machine.

    Args:
        sizes: the groups to hand out.
        shares: class -> share of each split that may get pictures of it, adding up to 1.
        present: class -> pictures that are in each split already.
        seed: of the order among groups of one size.
        whole: groups that a person made.

    Returns:
        Group -> split, for each of ``sizes``.
    """
    ledger = _Ledger(sizes, shares, present)
    mixed = [group for group, by_class in sizes.items() if len(by_class) > 1]
    for group in mixed:
        if group not in whole:
            ledger.put(group, "train")
    made = sorted((group for group in mixed if group in whole), key=lambda group: _rank(group, sizes, seed))
    for left, group in zip(range(len(made), 0, -1), made, strict=True):
        ledger.put(group, ledger.wanted_by(group, left))
    single: dict[str, dict[str, int]] = defaultdict(dict)
    for group, by_class in sizes.items():
        if len(by_class) == 1:
            ((label, count),) = by_class.items()
            single[label][group] = count
    for label, of_class in single.items():
        ledger.assigned.update(_divide_class(of_class, shares[label], ledger.filled[label], seed))
    return ledger.assigned


def shuffle_key(group: str, seed: int) -> bytes:
    """A place in a random order that is the same on every machine and for every order of the input."""
    return hashlib.blake2b(f"{seed}:{group}".encode()).digest()


def _rank(group: str, sizes: Sizes, seed: int) -> tuple[int, bytes]:
    """Large ones first: small ones even out what they leave."""
    return -sum(sizes[group].values()), shuffle_key(group, seed)


class _Ledger:
    """What every split has of every class so far."""

    def __init__(self, sizes: Sizes, shares: Mapping[str, Shares], present: Mapping[str, Mapping[Split, int]]) -> None:
        self.assigned: dict[str, Split] = {}
        self.filled: dict[str, Counter[Split]] = defaultdict(Counter)
        for label, counts in present.items():
            self.filled[label].update(counts)
        self._sizes = sizes
        self._shares = shares
        self._totals: Counter[str] = Counter({label: counts.total() for label, counts in self.filled.items()})
        for by_class in sizes.values():
            self._totals.update(by_class)

    def put(self, group: str, split: Split) -> None:
        self.assigned[group] = split
        for label, count in self._sizes[group].items():
            self.filled[label][split] += count

    def wanted_by(self, group: str, left: int) -> Split:
        """The split that lacks the classes of a group most, each class weighed alike.

        When only as many groups are ``left`` as there are splits without any of its classes, each takes one.
        """
        by_class = self._sizes[group]
        possible = [split for split in ORDER if all(split in self._shares[label] for label in by_class)]
        empty = [split for split in possible if not any(self.filled[label][split] for label in by_class)]
        if left <= len(empty):
            return empty[0]
        return max(possible, key=lambda split: sum(self._lack(label, split) * by_class[label] for label in by_class))

    def _lack(self, label: str, split: Split) -> float:
        """The missing share of a class in a split, per picture of the class."""
        total = self._totals[label]
        return (self._shares[label][split] - self.filled[label][split] / total) / total


def _divide_class(
    sizes: Mapping[str, int], shares: Shares, present: Mapping[Split, int], seed: int
) -> dict[str, Split]:
    """Hand out the groups of one class, large ones first, always to the split that lacks most pictures."""
    total = sum(sizes.values()) + sum(present.values())
    lacking = {split: shares[split] * total - present.get(split, 0) for split in ORDER if split in shares}
    empty = [split for split in lacking if not present.get(split)]
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
