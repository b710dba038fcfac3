"""A tree of things by how far apart they are, and the order of its leaves that keeps neighbours nearest.

In numpy alone: importing scipy's hierarchy takes half a second, which the page of a run would wait for. Tests compare
the tree with scipy's, and the order with all that the tree allows.
"""

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float64]


def best_leaf_order(apart: Distances) -> NDArray[np.int64]:
    """Return the order of the leaves of the tree by average linkage with the least sum between neighbours: [K] int64.

    Each branching may be turned, nothing else (Bar-Joseph, Gifford and Jaakkola 2001, "Fast optimal leaf ordering for
    hierarchical clustering"). Effort grows with the cube of K.

    Args:
        apart: [K, K], symmetric, K at least 1.
    """
    tree = average_tree(apart)
    leaves, costs = _costs(apart, tree)
    ends = np.unravel_index(int(costs[-1].argmin()), costs[-1].shape)
    order: list[int] = []
    # A node, and at which of its leaves it shall begin and end; the last one pushed stands first.
    waiting = [(len(leaves) - 1, int(ends[0]), int(ends[1]))]
    while waiting:
        node, first, last = waiting.pop()
        if node < len(apart):
            order.append(node)
            continue
        left, right = tree[node - len(apart)]
        inner = len(leaves[left])  # leaves of the left branch come first in the numbering of the node
        begin, end = sorted((first, last))
        ways = costs[left][begin][:, None] + apart[np.ix_(leaves[left], leaves[right])] + costs[right][:, end - inner]
        here, there = (int(place) for place in np.unravel_index(int(ways.argmin()), ways.shape))
        if first < inner:
            waiting += [(right, there, last - inner), (left, first, here)]
        else:
            waiting += [(left, here, last), (right, first - inner, there)]
    return np.array(order, dtype=np.int64)


def average_tree(apart: Distances) -> list[tuple[int, int]]:
    """Return the K - 1 joins of average linkage (UPGMA), the nearest two first.

    Leaves are 0..K-1, and the n-th join makes the node K + n.

    Args:
        apart: [K, K], symmetric, K at least 1.
    """
    count = len(apart)
    between = apart.astype(np.float64)
    np.fill_diagonal(between, np.inf)
    nodes, sizes = list(range(count)), np.ones(count)
    tree = []
    for join in range(count - 1):
        one, two = sorted(divmod(int(between.argmin()), count))
        tree.append((nodes[one], nodes[two]))
        joined = (sizes[one] * between[one] + sizes[two] * between[two]) / (sizes[one] + sizes[two])
        between[one], between[:, one] = joined, joined
        between[two], between[:, two] = np.inf, np.inf
        nodes[one] = count + join
        sizes[one] += sizes[two]
    return tree


def _costs(apart: Distances, tree: list[tuple[int, int]]) -> tuple[list[NDArray[np.int64]], list[Distances]]:
    """Each node's leaves, and the least sum between neighbours by the leaves at both ends (inf where there is none)."""
    leaves = [np.array([leaf]) for leaf in range(len(apart))]
    costs: list[Distances] = [np.zeros((1, 1)) for _ in leaves]
    for left, right in tree:
        inner, both = len(leaves[left]), len(leaves[left]) + len(leaves[right])
        across = _least_sums(_least_sums(costs[left], apart[np.ix_(leaves[left], leaves[right])]), costs[right])
        cost = np.full((both, both), np.inf)
        cost[:inner, inner:], cost[inner:, :inner] = across, across.T
        leaves.append(np.concatenate([leaves[left], leaves[right]]))
        costs.append(cost)
    return leaves, costs


def _least_sums(first: Distances, second: Distances) -> Distances:
    """The least of first[i, m] + second[m, j] over m: [I, M], [M, J] -> [I, J]."""
    least = np.full((len(first), second.shape[1]), np.inf)
    for column, row in zip(first.T, second, strict=True):
        np.minimum(least, column[:, None] + row, out=least)
    return least
