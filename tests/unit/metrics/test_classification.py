import warnings

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.metrics import classification as ours


@st.composite
def answers(draw):
    classes = draw(st.integers(1, 6))
    index = st.integers(0, classes - 1)
    pairs = draw(st.lists(st.tuples(index, index), min_size=1, max_size=60))
    true, predicted = np.array(pairs, dtype=np.int64).T
    return classes, true, predicted


@settings(max_examples=60, deadline=None)
@given(answers())
def test_all_scores_agree_with_scikit_learn(case):
    classes, true, predicted = case
    labels = np.arange(classes)
    matrix = ours.confusion_matrix(true, predicted, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sklearn warns of every class that is missing
        expected = reference.precision_recall_fscore_support(true, predicted, labels=labels, zero_division=np.nan)
        expected_macro = reference.f1_score(true, predicted, average="macro")
        np.testing.assert_array_equal(matrix, reference.confusion_matrix(true, predicted, labels=labels))
    np.testing.assert_allclose(ours.precision(matrix), expected[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.recall(matrix), expected[1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.f1(matrix), expected[2], rtol=0, atol=1e-9)
    assert ours.macro_f1(matrix) == pytest.approx(expected_macro, abs=1e-9)
    assert ours.accuracy(matrix) == pytest.approx(reference.accuracy_score(true, predicted), abs=1e-9)


def test_a_ratio_without_denominator_is_nan_and_a_missed_class_scores_zero():
    # Class 1 occurs and is never predicted; class 2 neither occurs nor is predicted.
    matrix = ours.confusion_matrix(np.array([0, 1]), np.array([0, 0]), 3)
    np.testing.assert_array_equal(ours.precision(matrix), [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(ours.recall(matrix), [1.0, 0.0, np.nan])
    np.testing.assert_allclose(ours.f1(matrix), [2 / 3, 0.0, np.nan])
    assert ours.macro_f1(matrix) == pytest.approx(1 / 3)


def test_an_empty_matrix_has_no_scores():
    empty = np.empty(0, dtype=np.int64)
    matrix = ours.confusion_matrix(empty, empty, 2)
    assert matrix.tolist() == [[0, 0], [0, 0]]
    assert np.isnan(ours.accuracy(matrix))
    assert np.isnan(ours.macro_f1(matrix))
    assert np.isnan(ours.top_k_accuracy(empty, np.empty((0, 2)), 1))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 8), st.integers(1, 40), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_top_k_agrees_with_scikit_learn(classes, count, k, seed):
    random = np.random.default_rng(seed)
    true = random.integers(0, classes, count)
    scores = random.normal(size=(count, classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # k >= K is a warning there
        # Given as one column per class, since sklearn reads two columns as a binary problem.
        expected = (
            np.mean(scores.argmax(axis=1) == true)
            if k == 1
            else reference.top_k_accuracy_score(
                true, np.column_stack([scores, np.full(count, -99.0)]), k=k, labels=np.arange(classes + 1)
            )
        )
    assert ours.top_k_accuracy(true, scores, k) == pytest.approx(expected, abs=1e-9)


def test_equal_scores_rank_like_argmax():
    scores = np.full((2, 3), 1 / 3)
    assert ours.top_k_accuracy(np.array([0, 1]), scores, 1) == 0.5
    assert ours.top_k_accuracy(np.array([0, 1]), scores, 2) == 1.0


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        (np.array([0, 2]), np.array([0, 1])),
        (np.array([0, -1]), np.array([0, 1])),
        (np.array([0, 1]), np.array([0])),
        (np.array([0.0, 1.0]), np.array([0, 1])),
        (np.array([[0, 1]]), np.array([0, 1])),
    ],
)
def test_indices_that_do_not_fit_are_refused(true, predicted):
    with pytest.raises(ValueError, match="must"):
        ours.confusion_matrix(true, predicted, 2)


@pytest.mark.parametrize("scores", [np.zeros(3), np.zeros((2, 3)), np.array([[0.1, np.nan, 0.2]])])
def test_scores_that_do_not_fit_are_refused(scores):
    with pytest.raises(ValueError, match="must"):
        ours.top_k_accuracy(np.array([0]), scores, 1)


def test_k_below_one_is_refused():
    with pytest.raises(ValueError, match="k must"):
        ours.top_k_accuracy(np.array([0]), np.ones((1, 2)), 0)


def test_the_rank_is_the_place_of_the_true_class():
    scores = np.array([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.4, 0.4, 0.2]])
    assert ours.ranks(np.array([1, 0, 1]), scores).tolist() == [0, 2, 1]
