"""How many pictures it takes to tell two classifiers apart."""

import math
from statistics import NormalDist


def pairs_needed(difference: float, disagreement: float, *, level: float = 0.05, power: float = 0.8) -> int:
    """Pictures with which McNemar's test finds a difference with the given power (Connor 1987).

    R. J. Connor, 'Sample size for testing differences in proportions for the paired-sample design',
    Biometrics 43 (1987) 207-211: n = ((z1 sqrt(psi) + z2 sqrt(psi - delta^2)) / delta)^2, two-sided.

    Args:
        difference: delta, of the two accuracies, not 0, within -1..1.
        disagreement: psi, the share of pictures that only one of the two gets right, from the size of delta to 1.
        level: how often the test may find a difference where there is none.
        power: how often it shall find this one.

    Raises:
        ValueError: an argument is out of range.
    """
    if not 0 < abs(difference) <= disagreement <= 1:
        raise ValueError(f"need 0 < |difference| <= disagreement <= 1, got {difference:g} and {disagreement:g}")
    if not (0 < level < 1 and 0 < power < 1):
        raise ValueError(f"level and power must lie inside 0..1, got {level:g} and {power:g}")
    normal = NormalDist()
    chance = normal.inv_cdf(1 - level / 2) * math.sqrt(disagreement)
    wanted = normal.inv_cdf(power) * math.sqrt(disagreement - difference**2)
    return math.ceil(((chance + wanted) / abs(difference)) ** 2)


def rounded_up(count: int) -> int:
    """A count as people say it, rounded up to tens, from 1,000 on to two digits: 6 -> 10, 34 -> 40, 1,234 -> 1,300."""
    step = int(10 ** max(1, len(str(count)) - 2))
    return math.ceil(count / step) * step
