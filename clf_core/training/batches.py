"""Which training pictures come in which batch: a pure function of the seed and the epoch."""

import numpy as np
from numpy.typing import NDArray

_ORDER, _BATCH = 1, 2
"""Kinds of draws, so that none repeats another's numbers."""


def order_of(labels: NDArray[np.int64], seed: int, epoch: int, *, balanced: bool = False) -> NDArray[np.int64]:
    """The rows [N] of an epoch in their order.

    Args:
        labels: [N] class positions.
        seed: of the run.
        epoch: counted from 1.
        balanced: draw with replacement, each class equally often on average, in place of each picture once.
    """
    generator = np.random.default_rng((seed, epoch, _ORDER))
    if not balanced:
        return generator.permutation(len(labels)).astype(np.int64)
    sizes = np.bincount(labels)
    weights = 1 / sizes[labels]
    return generator.choice(len(labels), size=len(labels), p=weights / weights.sum()).astype(np.int64)


def batches_of(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Cut an epoch into batches of at most ``size``, none more than one picture larger than another.

    A rest of one or two pictures as a batch of its own would move the weights as far as a full one, and batch
    normalisation cannot take statistics from it.
    """
    return np.array_split(order, count_batches(len(order), size))


def count_batches(pictures: int, size: int) -> int:
    """How many batches ``batches_of`` makes."""
    return max(1, -(-pictures // size))


def part_of(size: int, part: int, parts: int, *, paired: bool = False) -> NDArray[np.int64]:
    """Positions of one of ``parts`` shares of a batch, ascending; empty where there are more shares than positions.

    Args:
        size: of the batch.
        part: which, from 0.
        parts: how many.
        paired: keep the picture at position i with the one at size - 1 - i, because mixup blends these two: so a batch
            is learned from alike in whatever number of parts.
    """
    if not paired:
        return np.arange(part, size, parts, dtype=np.int64)
    first = np.arange(part, (size + 1) // 2, parts, dtype=np.int64)
    return np.unique(np.concatenate([first, size - 1 - first]))


def batch_seed(seed: int, epoch: int, batch: int, part: int = 0) -> int:
    """The random state a batch begins with (dropout, mixup), so that none needs to be stored: 64 bits."""
    return int(np.random.SeedSequence((seed, epoch, batch, part, _BATCH)).generate_state(1, np.uint64)[0])
