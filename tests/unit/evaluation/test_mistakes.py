import numpy as np
import pytest

from clf_core.evaluation import mistakes
from tests.planted_runs import rows_of_answers

CLASSES = ["ant", "bee", "wasp"]


@pytest.fixture
def rows():
    """Five pictures of ants and a wasp; the first is answered rightly."""
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.3, 0.6, 0.1], [0.02, 0.5, 0.48], [0.01, 0.97, 0.02], [0.4, 0.35, 0.25]], dtype=np.float32
    )
    true = np.array([0, 0, 0, 0, 2])
    return rows_of_answers(list("12345"), list("edcba"), CLASSES, true, probabilities)


@pytest.fixture
def others():
    """Another run's answers for four of these and one more."""
    probabilities = np.array(
        [[0.0, 0.9, 0.1], [0.8, 0.1, 0.1], [0.05, 0.0, 0.95], [0.1, 0.9, 0.0], [0.0, 0.0, 1.0]], dtype=np.float32
    )
    return rows_of_answers(list("12349"), list("edcbz"), CLASSES, np.array([0, 0, 0, 0, 2]), probabilities)


def test_the_surest_mistake_comes_first(rows):
    assert [row.sha256 for row in mistakes.by_confidence(rows)] == ["4", "2", "3", "5"]


def test_the_largest_loss_comes_first(rows):
    assert [row.sha256 for row in mistakes.by_loss(rows)] == ["4", "3", "5", "2"]


def test_disagreement_lists_mistakes_the_other_does_not_make(rows, others):
    pairs = mistakes.by_disagreement(rows, others)
    assert [(row.sha256, other.predicted) for row, other in pairs] == [("3", "wasp"), ("2", "ant")]
    assert all(row.sha256 == other.sha256 for row, other in pairs)


def test_mistakes_both_make_in_the_same_way_are_counted(rows, others):
    assert mistakes.shared(rows, others) == 1
    assert mistakes.shared(rows, ()) == 0
    assert mistakes.by_disagreement(rows, ()) == ()
