import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from clf_core.metrics.intervals import difference_of_shares, score_intervals, wilson_interval


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 100_000), st.floats(0, 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_equal_to_statsmodels(count, share, confidence):
    successes = round(share * count)
    expected = proportion_confint(successes, count, alpha=1 - confidence, method="wilson")
    low, high = wilson_interval(successes, count, confidence)
    assert (low, high) == pytest.approx(expected, abs=1e-9)
    assert 0 <= low <= successes / count <= high <= 1


def test_the_ends_are_exact():
    assert wilson_interval(0, 50)[0] == 0.0
    assert wilson_interval(50, 50)[1] == 1.0


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.floats(0, 1))
def test_right_and_wrong_are_mirror_images(count, share):
    successes = round(share * count)
    low, high = wilson_interval(successes, count)
    mirrored_low, mirrored_high = wilson_interval(count - successes, count)
    assert (low, high) == pytest.approx((1 - mirrored_high, 1 - mirrored_low), abs=1e-12)


@pytest.mark.parametrize("count", [10, 50, 153])
def test_simulated_coverage(count):
    """Of 20,000 repeated test sets with random true accuracies, about 95 % of the intervals hold the truth."""
    random = np.random.default_rng(count)
    truth = random.uniform(0.5, 1.0, 20_000)
    successes = random.binomial(count, truth)
    intervals = np.array([wilson_interval(number, count) for number in range(count + 1)])[successes]  # [20000, 2]
    held = (intervals[:, 0] <= truth) & (truth <= intervals[:, 1])
    assert held.mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("successes", "count", "confidence"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_impossible_counts_are_refused(successes, count, confidence):
    with pytest.raises(ValueError, match="got"):
        wilson_interval(successes, count, confidence)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 2_000), st.floats(0, 1), st.integers(1, 2_000), st.floats(0, 1))
def test_a_difference_of_shares_agrees_with_statsmodels(count_1, share_1, count_2, share_2):
    hits_1, hits_2 = round(share_1 * count_1), round(share_2 * count_2)
    expected = confint_proportions_2indep(hits_1, count_1, hits_2, count_2, method="newcomb", compare="diff")
    found = difference_of_shares(hits_1 / count_1, count_1, hits_2 / count_2, count_2)
    assert found == pytest.approx(expected, abs=1e-9)


def test_many_intervals_at_once():
    low, high = score_intervals(np.array([0.5, 1.0, np.nan, 0.5]), np.array([10.0, 7.5, 4.0, 0.0]))
    assert (low[0], high[0]) == wilson_interval(5, 10)
    assert (low[1], high[1]) == wilson_interval(7.5, 7.5)
    assert np.isnan([low[2:], high[2:]]).all()
