"""Two classifiers on the same pictures: is one of them right more often, and by how much.

Only pictures of which one classifier alone is right tell them apart. b and c count those: b where only the
first is right, c where only the second is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.grouped import independent_count
from clf_core.metrics.intervals import wilson_interval

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PairedDifference:
    """How the second classifier fares beside the first on N pictures.

    Attributes:
        count: N.
        only_first, only_second: pictures that only one of them got right.
        difference: accuracy of the second less that of the first, -1..1.
        low, high: ends of its interval.
        p_value: two-sided, of the question whether both are right equally often.
    """

    count: int
    only_first: int
    only_second: int
    difference: float
    low: float
    high: float
    p_value: float


def mcnemar_exact_p(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test (McNemar 1947): twice the smaller binomial tail, at most 1.

    Args:
        only_first, only_second: pictures of which one classifier alone is right, at least 0.

    Raises:
        ValueError: a count is negative.
    """
    tail, _ = _tail(only_first, only_second)
    return min(1.0, 2 * tail)


def mcnemar_mid_p(only_first: int, only_second: int) -> float:
    """Two-sided mid-p-value of McNemar's test: what was observed counts half.

    The exact test is cautious: with few disagreements it errs in far fewer than 5 % of cases. The mid-p test
    keeps close to 5 % without the asymptotic one's failures (Fagerland, Lydersen & Laake 2013,
    doi 10.1186/1471-2288-13-91). 1 where both counts are equal.

    Args, Raises: as ``mcnemar_exact_p``.
    """
    tail, observed = _tail(only_first, only_second)
    return min(1.0, 2 * tail - observed)


def difference_interval(
    both: float, only_first: float, only_second: float, neither: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of the accuracy of the second classifier less that of the first, on the same pictures.

    Newcombe's square-and-add interval from two Wilson intervals and the correlation between the two answers
    (Newcombe 1998, Statistics in Medicine 17:2635, method 10). Unlike Wald's it does not shrink to a point
    where the two never disagree.

    Args:
        both, only_first, only_second, neither: pictures by who is right, at least 0, at least one in all;
            fractional where the pictures count for fewer independent ones.
        confidence: inside 0..1.

    Returns:
        Lower and upper end, -1..1.

    Raises:
        ValueError: an argument is out of range.
    """
    count = both + only_first + only_second + neither
    if min(both, only_first, only_second, neither) < 0:
        raise ValueError("counts must not be negative")
    right_first, right_second = both + only_first, both + only_second
    # Sums of fractions may exceed the whole by a rounding error.
    low_1, high_1 = wilson_interval(min(right_first, count), count, confidence)
    low_2, high_2 = wilson_interval(min(right_second, count), count, confidence)
    first, second = right_first / count, right_second / count
    correlation = _correlation(both, only_first, only_second, neither)
    below_1, above_1, below_2, above_2 = first - low_1, high_1 - first, second - low_2, high_2 - second
    difference = second - first
    low = difference - _added(below_2, above_1, correlation)
    high = difference + _added(above_2, below_1, correlation)
    return max(-1.0, low), min(1.0, high)


def paired_difference(
    first_right: Flags, second_right: Flags, groups: NDArray[np.int64] | None = None, confidence: float = 0.95
) -> PairedDifference:
    """Compare two classifiers picture by picture, near copies counting as what they are.

    The test flips the sign of each group's change at will, as chance would if both were equally good; where every
    picture is a group of its own that is McNemar's mid-p. The interval is Newcombe's, for as many independent
    pictures as the changes count.

    Args:
        first_right, second_right: [N] bool, N at least 1, the same pictures in the same order.
        groups: [N] int64; None where all pictures are independent.
        confidence: inside 0..1.

    Raises:
        ValueError: no picture, or the lengths disagree.
    """
    count = len(first_right)
    if not count or len(second_right) != count or (groups is not None and len(groups) != count):
        raise ValueError("need the same pictures for both, at least one")
    b = int((first_right & ~second_right).sum())
    c = int((second_right & ~first_right).sum())
    both = int((first_right & second_right).sum())
    effect = 1.0
    p_value = mcnemar_mid_p(b, c)
    if groups is not None and len(np.unique(groups)) < count:
        change = second_right.astype(np.float64) - first_right
        p_value = sign_flip_mid_p(change, groups)
        effect = count / independent_count(change, groups, confidence)
    neither = count - both - b - c
    low, high = difference_interval(both / effect, b / effect, c / effect, neither / effect, confidence)
    return PairedDifference(count, b, c, (c - b) / count, low, high, p_value)


def sign_flip_mid_p(changes: NDArray[np.float64], groups: NDArray[np.int64]) -> float:
    """Two-sided mid-p of the sum of changes, with the sign of each group's own sum flipped at random.

    The exact randomisation test (Fisher 1935) with groups as units: its distribution is worked out, not drawn.
    Where groups are single pictures it equals McNemar's mid-p.

    Args:
        changes: [N], whole numbers: 1 where only the second is right, -1 where only the first is, else 0.
        groups: [N] int64.
    """
    _, place = np.unique(groups, return_inverse=True)
    sums = np.rint(np.bincount(place, weights=changes)).astype(np.int64)
    steps, times = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    chances = np.ones(1)  # of the sums -reach..reach
    for step, often in zip(steps.tolist(), times.tolist(), strict=True):
        walk = np.zeros(2 * step * often + 1)
        walk[:: 2 * step] = _halves(often)
        chances = np.convolve(chances, walk)
    beyond = np.abs(np.arange(len(chances)) - len(chances) // 2) - abs(int(sums.sum()))
    return min(1.0, float(chances[beyond > 0].sum() + chances[beyond == 0].sum() * (0.5 if sums.sum() else 1.0)))


def _tail(only_first: int, only_second: int) -> tuple[float, float]:
    """P(X <= the smaller count) and P(X = it), X binomial with a half; in whole numbers, so exact."""
    if only_first < 0 or only_second < 0:
        raise ValueError(f"counts must not be negative, got {only_first} and {only_second}")
    total, ways, tail = only_first + only_second, 1, 1
    for hits in range(min(only_first, only_second)):
        ways = ways * (total - hits) // (hits + 1)
        tail += ways
    return tail / 2**total, ways / 2**total


def _halves(count: int) -> NDArray[np.float64]:
    """[count + 1], the chances of 0..count heads."""
    logs = [math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1) for hits in range(count + 1)]
    return np.exp(np.array(logs) - count * math.log(2))


def _correlation(both: float, only_first: float, only_second: float, neither: float) -> float:
    """Newcombe's phi of the two answers: its numerator is drawn towards 0 where it is positive."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if margins <= 0:
        return 0.0
    crossed = both * neither - only_first * only_second
    if crossed > 0:
        crossed = max(0.0, crossed - (both + only_first + only_second + neither) / 2)
    return crossed / math.sqrt(margins)


def _added(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))
