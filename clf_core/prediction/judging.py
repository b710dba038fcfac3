"""What is said of a picture: a class, that it is one of a few, or that it looks like none of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.doubt import Rule
from clf_core.evaluation.unknown import References
from clf_core.results.doubt import Verdict

MOST_NAMED = 3
"""Classes named for a picture of which the classifier is not sure."""


@dataclass(frozen=True)
class Judgement:
    """What is said of one picture, by positions of the classes.

    Attributes:
        said: the best answer, whether it is given or not.
        verdict: whether it is given.
        candidates: of an unsure picture, the classes it may be, the most probable first; else none.
    """

    said: int
    verdict: Verdict = "answer"
    candidates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Judge:
    """Decides what is said.

    Attributes:
        rule: which answer is best, and when it is given.
        references: what the classifier learned from; None where that is not worked out.
        distance: from it, beyond which a picture counts as unknown.
    """

    rule: Rule
    references: References | None = None
    distance: float = np.inf

    def judge(self, features: NDArray[np.float32], probabilities: NDArray[np.float32]) -> list[Judgement]:
        """Features [N, D] and probabilities [N, K] of pictures -> what is said of each."""
        said, risk = self.rule.costs.decide(probabilities)
        foreign = np.zeros(len(said), dtype=np.bool_)
        if self.references is not None:
            foreign = self.references.distances(features) > self.distance
        return [
            self._one(row, int(best), unsure=bool(cost > self.rule.limit), foreign=bool(alarm))
            for row, best, cost, alarm in zip(probabilities, said, risk, foreign, strict=True)
        ]

    def _one(self, probabilities: NDArray[np.float32], said: int, *, unsure: bool, foreign: bool) -> Judgement:
        if foreign:
            return Judgement(said, "unknown")
        if not unsure:
            return Judgement(said)
        ordered = np.argsort(-probabilities, kind="stable")[:MOST_NAMED].tolist()
        named = [
            place for rank, place in enumerate(ordered) if rank < 2 or probabilities[place] >= self.rule.named_from
        ]
        if said not in named:  # it is cheap to say, not probable
            named = [*named[: MOST_NAMED - 1], said]
        return Judgement(said, "unsure", tuple(named))


def most_probable(probabilities: NDArray[np.float32]) -> list[Judgement]:
    """Probabilities [N, K] -> for each picture the most probable class, however sure."""
    return [Judgement(int(best)) for best in probabilities.argmax(axis=1)]
