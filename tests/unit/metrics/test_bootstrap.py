import numpy as np
import pytest
from sklearn.metrics import f1_score

from clf_core.metrics import bootstrap as ours
from clf_core.metrics.intervals import wilson_interval


def test_whole_groups_are_drawn():
    groups = np.array([5, 5, 9, 7, 9])
    drawn = list(ours.group_weights(groups, 50, seed=1))
    assert len(drawn) == 50
    for weights in drawn:
        assert weights[0] == weights[1]
        assert weights[2] == weights[4]
        assert weights[0] + weights[2] + weights[3] == 3
    assert len({tuple(weights) for weights in drawn}) > 5
    np.testing.assert_array_equal(drawn, list(ours.group_weights(groups, 50, seed=1)))


def test_a_weighted_statistic_is_that_of_the_repeated_pictures():
    random = np.random.default_rng(2)
    true, predicted = random.integers(0, 3, (2, 40))
    groups = random.integers(0, 25, 40)
    present = np.ones(3, dtype=bool)
    for weights in ours.group_weights(groups, 20, seed=3):
        repeated = np.repeat(np.arange(40), weights.astype(int))
        expected = f1_score(true[repeated], predicted[repeated], average="macro")
        assert ours._macro_f1(true, predicted, weights, present) == pytest.approx(expected, abs=1e-9)


def test_percentiles_leave_undefined_replicates_out():
    assert ours.percentile_interval(np.array([np.nan, 1.0, 2.0, 3.0]), 0.5) == (1.5, 2.5)
    assert np.isnan(ours.percentile_interval(np.array([np.nan]))).all()


def test_without_a_mistake_the_interval_is_no_point():
    true = np.repeat([0, 1], 25)
    low, high = ours.macro_f1_interval(true, true, np.arange(50), 2)
    assert (low, high) == pytest.approx(wilson_interval(50, 50))
    copied, _ = ours.macro_f1_interval(true, true, np.repeat(np.arange(10), 5), 2)
    assert copied == pytest.approx(wilson_interval(10, 10)[0])


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="group"):
        ours.macro_f1_interval(np.array([0]), np.array([0]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="at least one"):
        ours.macro_f1_interval(*(np.zeros(0, dtype=np.int64),) * 3, 2)


def test_simulated_coverage():
    """Of 300 repeated test sets about 95 % of the intervals hold the true macro F1 (benchmarks/interval_coverage.py
    repeats this more often and for more cases)."""
    random = np.random.default_rng(11)
    chances = np.array([[0.85, 0.1, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]])
    joint = chances / 3
    truth = float((2 * np.diagonal(joint) / (joint.sum(axis=0) + joint.sum(axis=1))).mean())
    cumulative, held, repeats = np.cumsum(chances, axis=1), 0, 300
    for _ in range(repeats):
        true = random.integers(0, 3, 120)
        predicted = (random.random(120)[:, None] > cumulative[true]).sum(axis=1)
        low, high = ours.macro_f1_interval(true, predicted, np.arange(120), 3, replicates=100)
        held += low <= truth <= high
    assert 0.92 <= held / repeats <= 0.98
