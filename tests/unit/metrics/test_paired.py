import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from clf_core.metrics import paired as ours

counts = st.integers(0, 200)


@settings(max_examples=100, deadline=None)
@given(counts, counts)
def test_mcnemar_agrees_with_statsmodels(b, c):
    exact = mcnemar([[0, b], [c, 0]], exact=True).pvalue
    assert ours.mcnemar_exact_p(b, c) == pytest.approx(exact, abs=1e-9)
    # What was observed counts half, in both tails.
    least, total = min(b, c), b + c
    mid = 2 * binom.cdf(least - 1, total, 0.5) + binom.pmf(least, total, 0.5)
    assert ours.mcnemar_mid_p(b, c) == pytest.approx(min(1, mid), abs=1e-9)


def test_published_values():
    """Cavo et al. 2012, in Fagerland, Lydersen & Laake 2017, 'Statistical Analysis of Contingency Tables', ch. 8."""
    assert ours.mcnemar_mid_p(6, 16) == pytest.approx(0.034690, abs=1e-6)
    low, high = ours.difference_interval(59, 16, 6, 80)
    assert (low, high) == pytest.approx((-0.1186, -0.0046), abs=5e-5)


def test_many_disagreements_stay_exact():
    assert ours.mcnemar_exact_p(5_000, 5_300) == pytest.approx(mcnemar([[0, 5_000], [5_300, 0]]).pvalue, abs=1e-9)
    assert ours.mcnemar_exact_p(0, 0) == ours.mcnemar_mid_p(0, 0) == 1


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        ours.mcnemar_mid_p(-1, 2)
    with pytest.raises(ValueError, match="negative"):
        ours.difference_interval(1, -1, 0, 0)
    with pytest.raises(ValueError, match="at least one"):
        ours.paired_difference(np.zeros(0, bool), np.zeros(0, bool))


@settings(max_examples=80, deadline=None)
@given(counts, counts, counts, counts)
def test_exchanging_the_two_mirrors_the_interval(both, b, c, neither):
    if not both + b + c + neither:
        return
    low, high = ours.difference_interval(both, b, c, neither)
    mirrored = ours.difference_interval(both, c, b, neither)
    assert mirrored == pytest.approx((-high, -low), abs=1e-12)
    assert -1 <= low <= (c - b) / (both + b + c + neither) <= high <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_single_pictures_are_groups_of_their_own(seed, count):
    random = np.random.default_rng(seed)
    first, second = random.random((2, count)) < 0.7
    alone = ours.paired_difference(first, second)
    assert ours.paired_difference(first, second, np.arange(count)) == alone
    change = second.astype(float) - first
    assert ours.sign_flip_mid_p(change, np.arange(count)) == pytest.approx(alone.p_value, abs=1e-9)
    assert alone.difference == pytest.approx(second.mean() - first.mean())


def test_copies_of_one_picture_count_once():
    random = np.random.default_rng(1)
    first, second = random.random(60) < 0.6, random.random(60) < 0.8
    once = ours.paired_difference(first, second)
    copied = ours.paired_difference(np.repeat(first, 4), np.repeat(second, 4), np.repeat(np.arange(60), 4))
    assert copied.p_value == pytest.approx(once.p_value)
    assert copied.difference == pytest.approx(once.difference)
    # A little wider, as how alike they are was not known but estimated.
    assert 1 <= (copied.high - copied.low) / (once.high - once.low) < 1.05


def test_flipping_groups_of_several_sizes_is_what_it_says():
    changes, groups = np.array([1.0, 1, 1, -1, -1, 1, 0]), np.array([0, 0, 0, 1, 1, 2, 3])
    sums = [3, -2, 1]
    flips = [a * 3 + b * 2 + c * 1 for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    expected = np.mean([(abs(total) > abs(sum(sums))) + 0.5 * (abs(total) == abs(sum(sums))) for total in flips])
    assert ours.sign_flip_mid_p(changes, groups) == pytest.approx(expected)


@pytest.mark.parametrize(("better", "copies"), [(0.0, 1), (0.08, 1), (0.08, 3)])
def test_simulated_coverage(better, copies):
    """Of 2,000 repeated test sets about 95 % of the intervals hold the true difference, with and without copies."""
    random = np.random.default_rng(3)
    held, repeats, count = 0, 2_000, 120
    for _ in range(repeats):
        chance = random.random(count)
        first, second = (
            chance < 0.75,
            np.where(random.random(count) < 0.7, chance, random.random(count)) < 0.75 + better,
        )
        groups = np.repeat(np.arange(count), copies)
        found = ours.paired_difference(np.repeat(first, copies), np.repeat(second, copies), groups)
        held += found.low <= better <= found.high
    assert 0.93 <= held / repeats <= 0.97
