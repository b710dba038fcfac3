"""When to answer and when to say 'not sure': one limit on the expected cost of the best answer.

With ``costs.Costs`` at its defaults that cost is 1 minus the probability of the answer, so the limit is a probability
below which nothing is said (Chow 1970, 'On Optimum Recognition Error and Reject Tradeoff'). The limit is chosen on the
validation pictures, on their curve of risk and coverage (Geifman & El-Yaniv 2017, 'Selective Classification for Deep
Neural Networks'), and reported on the test pictures; these functions never see both at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REFUSAL_COST = 1 / 3
"""What it costs to say 'not sure', in units of an ordinary mistake: three questions asked for one mistake spared."""

LEAST_ANSWERED = 0.5
"""The recommended limit answers at least this share of the validation pictures: a classifier that asks nearly always
helps nobody, however bad it is."""


@dataclass(frozen=True)
class RiskCoverage:
    """What each limit would have given on some pictures whose classes are known.

    Attributes:
        total: pictures, N, at least 1.
        most: the limit up to which everything is answered.
        risk: [P] float64, the expected costs that occur, ascending; answering up to the i-th of them gives the
            i-th entry of the others.
        answered: [P] int64.
        right: [P] int64, of the answered.
        cost: [P] float64, what the answered did cost together.
    """

    total: int
    most: float
    risk: NDArray[np.float64]
    answered: NDArray[np.int64]
    right: NDArray[np.int64]
    cost: NDArray[np.float64]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """[P] float64, the share that is answered."""
        return self.answered / self.total


def risk_coverage(risk: NDArray[np.float64], cost: NDArray[np.float64], most: float = 1.0) -> RiskCoverage:
    """Try every limit.

    Args:
        risk: [N] float64, the expected cost of the best answer for each picture.
        cost: [N] float64, what that answer did cost; 0 where it was right.
        most: the largest cost an answer can have.

    Raises:
        ValueError: there is no picture, or the lengths differ.
    """
    if not len(risk) or risk.shape != cost.shape or risk.ndim != 1:
        raise ValueError(f"need one risk and one cost for each picture, got {risk.shape} and {cost.shape}")
    order = np.argsort(risk, kind="stable")
    ordered = risk[order]
    ends = np.flatnonzero(np.append(ordered[1:] > ordered[:-1], True))  # equal risks are answered together
    return RiskCoverage(
        total=len(risk),
        most=most,
        risk=ordered[ends],
        answered=ends + 1,
        right=np.cumsum(cost[order] == 0)[ends],
        cost=np.cumsum(cost[order])[ends],
    )


def recommended_limit(
    curve: RiskCoverage, refusal: float = REFUSAL_COST, least_answered: float = LEAST_ANSWERED
) -> float:
    """Choose the limit that would have cost least, mistakes and refusals together; of equals the widest.

    Between the risks of two neighbouring pictures nothing was measured; there the limit of calibrated probabilities is
    taken, which is ``refusal`` itself (Chow 1970).

    Args:
        curve: of the validation pictures.
        refusal: what saying 'not sure' costs; an ordinary mistake costs 1.
        least_answered: share of the pictures that are answered, at least.
    """
    total = curve.cost + refusal * (curve.total - curve.answered)  # [P]
    allowed = curve.answered >= least_answered * curve.total
    total = np.where(allowed, total, np.inf)
    cheapest = np.flatnonzero(total <= total.min() + 1e-9)
    return _between(curve, int(cheapest[-1]), refusal)


def limit_for(curve: RiskCoverage, coverage: float) -> float:
    """Return the limit that answers the share of the curve's pictures nearest to ``coverage``, 0..1."""
    place = int(np.abs(curve.coverage - coverage).argmin())
    if place == len(curve.risk) - 1:
        return curve.most
    return float(curve.risk[place] + curve.risk[place + 1]) / 2


def _between(curve: RiskCoverage, place: int, wanted: float) -> float:
    """Return the limit nearest to ``wanted`` that answers the same pictures as the ``place``-th risk."""
    low = float(curve.risk[place])
    if place == len(curve.risk) - 1:
        return max(low, wanted)
    high = float(curve.risk[place + 1])
    return max(low, wanted) if wanted < high else (low + high) / 2
