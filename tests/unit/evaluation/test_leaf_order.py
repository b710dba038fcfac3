import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from clf_core.evaluation.leaf_order import average_tree, best_leaf_order


def distances(count, seed):
    apart = np.random.default_rng(seed).random((count, count))
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0)
    return apart


def between_neighbours(apart, order):
    return float(apart[order[:-1], order[1:]].sum())


def all_orders(tree, node):
    """Every order of the leaves below a node that turning its branchings can give."""
    leaves = len(tree) + 1
    if node < leaves:
        return [[node]]
    sides = [all_orders(tree, side) for side in tree[node - leaves]]
    return [order for one, two in itertools.product(*sides) for order in (one + two, two + one)]


@given(st.integers(2, 30), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_tree_is_that_of_scipy(count, seed):
    apart = distances(count, seed)
    theirs = linkage(squareform(apart), "average")
    assert [set(pair) for pair in average_tree(apart)] == [set(map(int, row[:2])) for row in theirs]


@given(st.integers(2, 8), st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_order_the_tree_allows_is_better(count, seed):
    apart = distances(count, seed)
    allowed = all_orders(average_tree(apart), 2 * count - 2)
    order = best_leaf_order(apart)
    assert order.tolist() in allowed
    least = min(between_neighbours(apart, np.array(other)) for other in allowed)
    assert between_neighbours(apart, order) == pytest.approx(least, abs=1e-9)


def test_points_on_a_line_are_put_in_order():
    places = np.cumsum(np.linspace(1, 2, 300))
    apart = np.abs(places[:, None] - places)
    shuffled = np.random.default_rng(0).permutation(len(places))
    order = shuffled[best_leaf_order(apart[np.ix_(shuffled, shuffled)])]
    assert order.tolist() in (list(range(300)), list(range(299, -1, -1)))


def test_one_leaf_alone():
    assert best_leaf_order(np.zeros((1, 1))).tolist() == [0]
