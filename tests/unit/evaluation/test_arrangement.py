import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from clf_core.evaluation import arrangement

MATRICES = st.integers(1, 12).flatmap(
    lambda size: arrays.arrays(np.int64, (size, size), elements=st.integers(0, 9))  # any counts, empty rows included
)


def blocks(groups, each, between=0):
    """Classes whose numbers are alike modulo ``groups`` are mixed up with each other."""
    count = groups * each
    index = np.arange(count)
    alike = index[:, None] % groups == index[None, :] % groups
    return np.where(alike, 5, between).astype(np.int64) + 20 * np.eye(count, dtype=np.int64)


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_an_order_holds_each_class_once(matrix):
    assert sorted(arrangement.similar_order(matrix).tolist()) == list(range(len(matrix)))


@given(MATRICES, st.integers(1, 15))
@settings(max_examples=60, deadline=None)
def test_a_block_has_the_size_asked_for_and_names_no_class_twice(matrix, size):
    chosen = arrangement.most_confused(matrix, size).tolist()
    assert len(chosen) == min(size, len(matrix))
    assert chosen == sorted(set(chosen))
    around = arrangement.confused_with(matrix, 0, size).tolist()
    assert 0 in around
    assert len(around) <= min(size, len(matrix))
    assert around == sorted(set(around))


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_no_other_cell_off_the_diagonal_holds_more_than_the_worst(matrix):
    row, column = arrangement.worst_cell(matrix)
    others = matrix[~np.eye(len(matrix), dtype=bool)]
    if others.any():
        assert row != column
        assert matrix[row, column] == others.max()
    else:
        assert (row, column) == (0, 0)


@pytest.mark.parametrize("size", [60, 300])
def test_classes_that_are_mixed_up_stand_beside_each_other(size):
    groups = size // 3
    order = arrangement.similar_order(blocks(groups, 3)) % groups
    assert (order[0::3] == order[1::3]).all()
    assert (order[0::3] == order[2::3]).all()


def test_a_part_is_ordered_by_shares_of_all_test_pictures_of_a_class():
    part = np.array([[50, 10, 0], [0, 50, 1], [0, 0, 3]], dtype=np.int64)
    # Of 1,000 pictures of the first class 10 are few; of 4 of the second, 1 is many.
    assert arrangement.similar_order(part, np.array([1000, 4, 3])).tolist() in (
        [0, 1, 2],
        [0, 2, 1],
        [2, 1, 0],
        [1, 2, 0],
    )
    apart = arrangement.similar_order(part, np.array([1000, 4, 3])).tolist()
    assert abs(apart.index(1) - apart.index(2)) == 1


def test_a_block_follows_the_mix_ups_and_then_goes_on_elsewhere():
    matrix = np.eye(9, dtype=np.int64) * 10
    matrix[2, 7], matrix[7, 4], matrix[0, 1] = 6, 3, 5
    assert arrangement.most_confused(matrix, 2).tolist() == [2, 7]
    assert arrangement.most_confused(matrix, 3).tolist() == [2, 4, 7]
    assert arrangement.most_confused(matrix, 5).tolist() == [0, 1, 2, 4, 7]


def test_around_a_class_stand_those_it_is_mixed_up_with_either_way():
    matrix = np.eye(9, dtype=np.int64) * 10
    matrix[2, 7], matrix[7, 4], matrix[5, 2], matrix[2, 8] = 6, 3, 5, 1
    assert arrangement.confused_with(matrix, 2, 9).tolist() == [2, 5, 7, 8]
    assert arrangement.confused_with(matrix, 2, 3).tolist() == [2, 5, 7]
    assert arrangement.confused_with(matrix, 0, 9).tolist() == [0]
