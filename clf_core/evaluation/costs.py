"""What mistakes cost, and the answer that is expected to cost least.

Where all mistakes cost alike, that is the most probable class. Where some hurt more, the answer with the smallest
expected cost is (Elkan 2001, 'The Foundations of Cost-Sensitive Learning', eq. 1); the probabilities must be calibrated
for it. Nothing is fitted, so no picture is used up by it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Costs:
    """A right answer costs nothing and a mistake 1, but for those named here.

    Attributes:
        pairs: (true class, class said, cost) by positions; each pair once, the two differ, the cost is above 0.
    """

    pairs: tuple[tuple[int, int, float], ...] = ()

    def __post_init__(self) -> None:
        if any(true == said or not cost > 0 for true, said, cost in self.pairs):
            raise ValueError("a cost above 0 belongs to two different classes")
        if len({(true, said) for true, said, _ in self.pairs}) != len(self.pairs):
            raise ValueError("each pair of classes has one cost")

    @property
    def worst(self) -> float:
        """The largest cost of one answer."""
        return max((1.0, *(cost for _, _, cost in self.pairs)))

    def of(self, true: int, said: int) -> float:
        """What one answer costs, by positions of the classes."""
        if true == said:
            return 0.0
        return next((cost for row, column, cost in self.pairs if (row, column) == (true, said)), 1.0)

    def expected(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the expected cost of each possible answer.

        Args:
            probabilities: [N, K], rows adding up to 1.

        Returns:
            [N, K] float64, 0 to ``worst``.
        """
        exact = probabilities.astype(np.float64)
        expected = exact.sum(axis=1, keepdims=True) - exact  # any other class is a mistake of cost 1
        for true, said, cost in self.pairs:
            expected[:, said] += (cost - 1.0) * exact[:, true]
        return np.asarray(np.maximum(expected, 0.0))  # rounding may leave -1e-17

    def decide(self, probabilities: NDArray[np.floating]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Choose the answers that are expected to cost least.

        Args:
            probabilities: [N, K], rows adding up to 1.

        Returns:
            [N] int64, the class to say, and [N] float64, its expected cost. Where all mistakes cost alike, these are
            the most probable class (of equals the first) and 1 minus its probability.
        """
        if not self.pairs:
            best = probabilities.argmax(axis=1)
            return best.astype(np.int64), 1.0 - probabilities[np.arange(len(best)), best].astype(np.float64)
        expected = self.expected(probabilities)
        said = expected.argmin(axis=1)
        return said.astype(np.int64), expected[np.arange(len(said)), said]

    def incurred(self, true_index: NDArray[np.int64], said: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what answers did cost: true and said [N] int64 -> [N] float64."""
        cost: NDArray[np.float64] = (true_index != said).astype(np.float64)
        for true, answer, price in self.pairs:
            cost[(true_index == true) & (said == answer)] = price
        return cost

    def least_share(self, said: int, other: int) -> float:
        """Return from where on ``said`` is named rather than ``other``, while it is between these two.

        It is the share of ``said`` in the two probabilities: 0.5 where both mistakes cost alike (Elkan 2001, eq. 2).
        """
        wrong, missed = self.of(other, said), self.of(said, other)
        return wrong / (wrong + missed)


def kinds_of_mistakes(
    true_index: NDArray[np.int64], said: NDArray[np.int64], classes: int
) -> list[tuple[int, int, int]]:
    """Count the mistakes of each kind.

    Args:
        true_index, said: [N] int64 in 0..K-1.
        classes: K.

    Returns:
        (true class, class said, how often) of those that occur, the most frequent first, then in class order.
    """
    wrong = true_index != said
    cells, counts = np.unique(true_index[wrong] * classes + said[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(int(cells[at] // classes), int(cells[at] % classes), int(counts[at])) for at in order]
