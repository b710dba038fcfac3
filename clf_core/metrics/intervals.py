"""How far a share measured on some pictures may be from the share on all pictures like them."""

import math
from statistics import NormalDist


def wilson_interval(successes: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided score interval for a binomial share (Wilson 1927), without continuity correction.

    Unlike the textbook 'share plus or minus 1.96 standard errors' it stays inside 0..1, does not
    shrink to a point at 0 or 100 % and keeps its coverage for small counts (Brown, Cai & DasGupta 2001).

    Args:
        successes: 0..count.
        count: at least 1.
        confidence: share of repetitions in which such an interval holds the truth, inside 0..1.

    Returns:
        Lower and upper end, 0..1.

    Raises:
        ValueError: an argument is out of range.
    """
    if count < 1 or not 0 <= successes <= count:
        raise ValueError(f"need 0 <= successes <= count and count >= 1, got {successes} of {count}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie inside 0..1, got {confidence:g}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / count
    scale = 1 + z * z / count
    centre = (share + z * z / (2 * count)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    # Exact by algebra at the two ends; in floating point the subtraction leaves about 1e-17.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == count else centre + half
    return low, high
