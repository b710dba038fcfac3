"""How far a share measured on some pictures may be from the share on all pictures like them."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.classification import Floats


def wilson_interval(successes: float, count: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval for a binomial share (Wilson 1927), without continuity correction.

    Unlike the textbook 'share plus or minus 1.96 standard errors' it stays inside 0..1, does not
    shrink to a point at 0 or 100 % and keeps its coverage for small counts (Brown, Cai & DasGupta 2001).

    Args:
        successes: 0..count. Fractional where the pictures count for fewer independent ones.
        count: more than 0.
        confidence: share of repetitions in which such an interval holds the truth, inside 0..1.

    Returns:
        Lower and upper end, 0..1.

    Raises:
        ValueError: an argument is out of range.
    """
    if not count > 0 or not 0 <= successes <= count:
        raise ValueError(f"need 0 <= successes <= count and count > 0, got {successes} of {count}")
    z = normal_quantile(confidence)
    share = successes / count
    scale = 1 + z * z / count
    centre = (share + z * z / (2 * count)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    # Exact by algebra at the two ends; in floating point the subtraction leaves about 1e-17.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == count else centre + half
    return low, high


def score_intervals(
    shares: Floats, counts: Floats, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``wilson_interval`` of many shares.

    Args:
        shares: [D], 0..1.
        counts: [D], at least 0, fractional ones too; the ends are NaN where it is 0 or the share is NaN.
        confidence: as there.

    Returns:
        [D] lower and [D] upper ends.
    """
    low, high = np.full(len(shares), np.nan), np.full(len(shares), np.nan)
    for place in np.flatnonzero((counts > 0) & ~np.isnan(shares)):
        count = float(counts[place])
        low[place], high[place] = wilson_interval(min(count, float(shares[place]) * count), count, confidence)
    return low, high


def difference_of_shares(
    share_1: float, count_1: float, share_2: float, count_2: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of ``share_1 - share_2`` of different, independent pictures.

    Newcombe's hybrid score interval from two Wilson intervals (Newcombe 1998, Statistics in Medicine 17:873,
    method 10). For the same pictures under two classifiers see ``paired.difference_interval``.

    Args:
        share_1, share_2: 0..1.
        count_1, count_2: more than 0, fractional ones too.
        confidence: inside 0..1.

    Returns:
        Lower and upper end, -1..1.

    Raises:
        ValueError: an argument is out of range.
    """
    low_1, high_1 = wilson_interval(share_1 * count_1, count_1, confidence)
    low_2, high_2 = wilson_interval(share_2 * count_2, count_2, confidence)
    difference = share_1 - share_2
    return (
        difference - math.hypot(share_1 - low_1, high_2 - share_2),
        difference + math.hypot(high_1 - share_1, share_2 - low_2),
    )


def normal_quantile(confidence: float) -> float:
    """How many standard deviations a two-sided interval of that confidence spans to each side: 1.96 for 0.95.

    Raises:
        ValueError: not inside 0..1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie inside 0..1, got {confidence:g}")
    return NormalDist().inv_cdf((1 + confidence) / 2)
