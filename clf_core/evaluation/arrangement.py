"""Which rows and columns of a confusion matrix are shown, and in which order. Pure functions."""

import numpy as np
from numpy.typing import NDArray

MOST_ORDERED = 200
"""Up to so many classes the leaves of the tree are put into their best order; its effort grows with their cube."""


def similar_order(matrix: NDArray[np.int64], totals: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return an order of the classes in which those that are mixed up stand beside each other: [K] int64.

    The leaves of a tree by average linkage, two classes being the nearer the larger the share of each that is taken
    for the other; turned so that neighbours are near (Bar-Joseph, Gifford and Jaakkola 2001, by scipy).

    Args:
        matrix: [K, K] int64, rows true, columns predicted.
        totals: [K] int64, test pictures of each class, where the matrix is a part of a larger one.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    count = len(matrix)
    if count < 3:
        return np.arange(count, dtype=np.int64)
    taken = matrix / np.maximum(matrix.sum(axis=1) if totals is None else totals, 1)[:, None]
    apart = 1.0 - (taken + taken.T) / 2
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=count <= MOST_ORDERED)
    return np.asarray(leaves_list(tree), dtype=np.int64)


def most_confused(matrix: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the classes of a block that holds many mix-ups, at most ``size`` of them: [min(K, size)] int64, sorted.

    It begins with the class that has the most and takes in, one after another, the class that is mixed up most often
    with those taken already; where none is, the next that has the most of its own.

    Args:
        matrix: [K, K] int64, rows true, columns predicted.
        size: at least 1.
    """
    mutual = _mutual(matrix)
    of_each = mutual.sum(axis=1)
    free = np.ones(len(matrix), dtype=bool)
    pull = np.zeros(len(matrix), dtype=np.int64)
    for _ in range(min(size, len(matrix))):
        wanted = np.where(free, pull, -1)
        if wanted.max() <= 0:
            wanted = np.where(free, of_each, -1)
        best = int(wanted.argmax())
        free[best] = False
        pull += mutual[best]
    return np.flatnonzero(~free).astype(np.int64)


def confused_with(matrix: NDArray[np.int64], index: int, size: int) -> NDArray[np.int64]:
    """Return a class and those it is mixed up with, either way, at most ``size`` in all: [<= size] int64, sorted.

    Args:
        matrix: [K, K] int64, rows true, columns predicted.
        index: of the class, 0..K-1.
        size: at least 1.
    """
    mixed = _mutual(matrix)[index]
    others = np.argsort(-mixed, kind="stable")[: size - 1]
    return np.sort(np.append(others[mixed[others] > 0], index)).astype(np.int64)


def worst_cell(matrix: NDArray[np.int64]) -> tuple[int, int]:
    """Return row and column of the most frequent mix-up, the first of equals; (0, 0) where there is none."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return 0, 0
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return int(row), int(column)


def _mutual(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often two classes were taken for each other, either way: [K, K] int64 with an empty diagonal."""
    mutual = matrix + matrix.T
    np.fill_diagonal(mutual, 0)
    return mutual
