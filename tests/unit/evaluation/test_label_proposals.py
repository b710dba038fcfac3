import numpy as np
import pytest

from clf_core.evaluation.evaluator import evaluate
from clf_core.evaluation.label_proposals import check_labels, doubtful_labels, merge_classes
from clf_core.results import TestedPicture


def report_of(matrix):
    matrix = np.array(matrix)
    pairs = [(t, s) for t, row in enumerate(matrix) for s, number in enumerate(row) for _ in range(number)]
    true, said = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    return evaluate("r", tuple("abcd"[: len(matrix)]), true, np.eye(len(matrix))[said], {"a": 1})


def picture(predicted: str, probability: float) -> TestedPicture:
    return TestedPicture(
        sha256="0", source_name="x", true="a", predicted=predicted, probability=probability, probability_true=0.0
    )


def test_only_sure_mistakes_throw_doubt_on_a_label():
    assert doubtful_labels([picture("b", 0.99), picture("b", 0.9), picture("a", 0.99), picture("c", 0.96)]) == 2


def test_as_many_sure_mistakes_as_were_stated_throw_no_doubt_on_labels():
    assert doubtful_labels([picture("b", 0.97)] * 3 + [picture("a", 0.97)] * 97) == 0
    assert doubtful_labels([picture("b", 0.97)] * 9 + [picture("a", 0.97)] * 91) == 9
    assert doubtful_labels([]) == 0


def test_labels_are_to_be_checked_where_several_are_in_doubt():
    report = report_of([[10, 4], [0, 10]])
    (proposal,) = check_labels(report, 3)
    assert (proposal.key, proposal.title, proposal.config) == ("labels", "Check the labels of 3 pictures", None)
    assert "Of its 4 mistakes it was more than 95 % sure in 3" in proposal.why
    assert not list(check_labels(report, 1))


def test_two_classes_nobody_can_tell_apart_may_be_merged():
    (proposal,) = merge_classes(report_of([[30, 0, 0], [0, 12, 8], [0, 9, 11]]))
    assert proposal.title == "Merge 'b' and 'c', if the difference does not matter"
    assert proposal.why.startswith("17 of their 40 test pictures")
    assert proposal.label == "b"


@pytest.mark.parametrize(
    "matrix",
    [
        [[30, 0, 0], [0, 18, 2], [0, 2, 18]],  # rarely
        [[30, 0, 0], [0, 2, 18], [0, 1, 19]],  # one way only
        [[12, 8], [9, 11]],  # nothing would be left to tell apart
        [[30, 0, 0], [0, 20, 0], [0, 0, 20]],
    ],
)
def test_otherwise_nothing_is_said_of_merging(matrix):
    assert not list(merge_classes(report_of(matrix)))
