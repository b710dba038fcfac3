import numpy as np

from clf_core.evaluation.evaluator import evaluate
from clf_core.evaluation.first_screen import EXPLAINED, first_screen
from clf_core.results import Proposal
from tests.planted_runs import rows_of_answers


def screen(matrix, classes=None, train_counts=None, proposals=()):
    """The first screen of a run with this confusion matrix; picture k is k % 5 * 0.05 surer than the least sure."""
    matrix = np.array(matrix)
    classes = classes or tuple("abcdefgh"[: len(matrix)])
    pairs = [(t, s) for t, row in enumerate(matrix) for s, number in enumerate(row) for _ in range(number)]
    true, said = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    sure = 0.55 + 0.05 * (np.arange(len(pairs)) % 5)
    probabilities = np.repeat(((1 - sure) / (len(matrix) - 1))[:, None], len(matrix), axis=1)
    probabilities[np.arange(len(pairs)), said] = sure
    names = [f"{number:04}" for number in range(len(pairs))]
    report = evaluate("r", classes, true, probabilities, train_counts or {classes[0]: 1})
    tested = rows_of_answers(names, names, classes, true, probabilities)
    return first_screen(report, tested, train_counts or {classes[0]: 1}, proposals)


def test_the_three_weakest_classes_come_with_their_range():
    found = screen([[20, 0, 0, 0, 0], [2, 18, 0, 0, 0], [5, 5, 10, 0, 0], [0, 0, 4, 16, 0], [1, 0, 0, 0, 19]])
    assert [(weak.name, weak.found, weak.support) for weak in found.weakest] == [
        ("c", 10, 20), ("d", 16, 20), ("b", 18, 20)
    ]  # fmt: skip
    first = found.weakest[0]
    assert first.low < first.recall == 0.5 < first.high
    assert first.words == "10 of 20 pictures of 'c' were found; on new ones expect 29–71 %."


def test_a_class_of_few_pictures_is_named_after_those_of_which_more_is_known():
    found = screen([[20, 0, 0], [1, 0, 0], [4, 0, 16]])
    assert [weak.name for weak in found.weakest] == ["c", "b"]


def test_where_all_is_right_no_class_is_weak_and_nothing_is_confused():
    found = screen([[20, 0], [0, 20]])
    assert (found.weakest, found.mix_up, found.next_step) == ((), None, None)
    assert found.accuracy.startswith("All 40 right")
    assert found.beats_baseline == "yes"
    assert found.baseline == "Always answering 'a' would get 20 of 40 right; this model clearly gets more."


def test_the_pair_confused_most_counts_both_ways_and_begins_with_the_more_frequent():
    found = screen([[10, 0, 4], [3, 12, 0], [2, 0, 13]]).mix_up
    assert (found.true, found.said, found.count, found.support, found.back) == ("a", "c", 4, 14, 2)
    assert found.words == "'a' was taken for 'c' 4 times in 14, and the other way round twice."
    assert (found.mistaken.true, found.mistaken.predicted) == ("a", "c")
    assert (found.beside.true, found.beside.predicted) == ("c", "c")
    assert found.mistaken.probability >= 0.7


def test_where_none_of_the_other_class_was_recognised_another_of_its_pictures_is_shown():
    found = screen([[10, 3], [2, 0]]).mix_up
    assert (found.beside.true, found.beside.predicted) == ("b", "a")
    assert found.words == "'a' was taken for 'b' 3 times in 13, and the other way round twice."
    alone = screen([[10, 1, 0], [0, 0, 0], [0, 0, 10]]).mix_up
    assert alone.beside is None
    assert alone.words == "'a' was taken for 'b' once in 11."


def test_a_model_that_does_not_help_is_told_so():
    assert screen([[10, 10], [5, 15]]).beats_baseline == "unclear"
    worse = screen([[5, 15], [10, 10]])
    assert worse.beats_baseline == "no"
    assert "does not help yet" in worse.baseline


def test_cautions_and_the_next_step_are_handed_on():
    proposal = Proposal(key="x", title="Do this", why="Because", source="test")
    found = screen([[3, 0, 0], [0, 3, 0], [0, 0, 0]], proposals=(proposal,))
    assert found.next_step == proposal
    assert len(found.cautions) == 2
    assert "only 6 test pictures" in found.cautions[0]
    assert found.explained == EXPLAINED


def test_long_names_are_cut_in_sentences_only():
    name = "x" * 300
    found = screen([[8, 2], [0, 10]], classes=(name, "b"))
    assert found.weakest[0].name == found.mix_up.true == name
    assert len(found.weakest[0].words) < 160
