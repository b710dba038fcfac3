"""What speaks for looking at the labels before training again: sure mistakes, and classes nobody can tell apart."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from clf_core.data.wording import in_short
from clf_core.results import EvaluationReport, Proposal, TestedPicture

SURE = 0.95
"""A mistake made with more certainty is worth a look at the label. Of the pictures that Northcutt, Athalye and Mueller
("Pervasive Label Errors in Test Sets", 2021) had picked by such certainty, people found about half wrongly labelled."""

_FEWEST_SURE = 2
_FEWEST_EACH_WAY = 2
_ALIKE = 0.35
"""Share of the pictures of two classes that were taken for each other; guessing would give a half."""


def doubtful_labels(tested: Sequence[TestedPicture]) -> int:
    """How many test pictures were called another class with more than ``SURE``; 0 where so many are to be expected.

    Of answers that are 97 % sure, 3 in 100 are wrong without any label being wrong. Only more than that, by two
    standard deviations, throws doubt on labels.
    """
    sure = [picture for picture in tested if picture.probability > SURE]
    wrong = sum(picture.predicted != picture.true for picture in sure)
    expected = sum(1 - picture.probability for picture in sure)
    return wrong if wrong > expected + 2 * math.sqrt(expected) else 0


def check_labels(report: EvaluationReport, doubtful: int) -> Iterator[Proposal]:
    """Look at the labels of the sure mistakes.

    Args:
        report: on the test split.
        doubtful: what ``doubtful_labels`` counted.
    """
    if doubtful < _FEWEST_SURE:
        return
    yield Proposal(
        key="labels",
        title=f"Check the labels of {doubtful} pictures",
        why=f"Of its {report.n - report.correct:,} mistakes it was more than {100 * SURE:.0f} % sure in {doubtful:,}. "
        "Such pictures often lie in the wrong class, and a wrong label costs both the training and this test.",
        source="test",
    )


def merge_classes(report: EvaluationReport) -> Iterator[Proposal]:
    """Put two classes together that are taken for each other about as often as guessing would."""
    matrix, names = np.array(report.confusion_matrix, dtype=np.int64), report.classes
    supports = matrix.sum(axis=1)
    taken, both = matrix + matrix.T, np.maximum(supports[:, None] + supports, 1)
    shares = np.where(np.minimum(matrix, matrix.T) >= _FEWEST_EACH_WAY, taken / both, 0.0)
    np.fill_diagonal(shares, 0.0)
    one, two = (int(place) for place in np.unravel_index(int(shares.argmax()), shares.shape))
    if shares[one, two] < _ALIKE or len(names) < 3:
        return
    first, second = in_short(names[one]), in_short(names[two])
    yield Proposal(
        key="merge",
        title=f"Merge '{first}' and '{second}', if the difference does not matter",
        why=f"{taken[one, two]:,} of their {both[one, two]:,} test pictures were "
        "taken for the other of the two, hardly better than guessing between them.",
        source="test",
        label=names[one],
        other=names[two],
    )
