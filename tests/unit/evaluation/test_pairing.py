import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.evaluation import tested
from clf_core.evaluation.pairing import judged, judged_rows, pair
from tests.planted_runs import answers_of

CLASSES = ("ant", "bee")


def make(sha256, true, said, classes=CLASSES, **more):
    return judged(answers_of(classes, sha256, true, said, **more))


def test_pictures_are_matched_by_content_whatever_their_order():
    first = make(["a", "b", "c"], [0, 1, 0], [0, 0, 0])
    second = make(["c", "a", "b"], [0, 0, 1], [1, 0, 1])
    pairs = pair(first, second)
    assert pairs.first.tolist() == [0, 1, 2]
    assert pairs.second.tolist() == [1, 2, 0]
    assert pairs.right_first.tolist() == [True, False, True]
    assert pairs.right_second.tolist() == [True, True, False]
    assert (pairs.first_alone, pairs.second_alone, pairs.other_class) == (0, 0, 0)


def test_what_only_one_was_tested_with_is_counted_and_left_out():
    pairs = pair(make(["a", "b", "x"], [0, 1, 1], [0, 1, 1]), make(["b", "y", "z", "a"], [1, 0, 0, 0], [1, 0, 0, 0]))
    assert len(pairs) == 2
    assert (pairs.first_alone, pairs.second_alone) == (1, 2)


def test_a_picture_of_another_class_in_each_is_left_out_even_where_the_classes_are_numbered_otherwise():
    first = make(["a", "b"], [0, 1], [0, 1])
    second = make(["a", "b"], [1, 2], [1, 2], classes=("aphid", "ant", "wasp"))
    pairs = pair(first, second)
    assert (len(pairs), pairs.other_class) == (1, 1)
    assert pairs.true.tolist() == ["ant"]
    assert pairs.right_second.all()


def test_equal_files_are_matched_one_by_one():
    pairs = pair(make(["a", "a", "a"], [0, 1, 0], [0, 0, 1]), make(["a", "a"], [0, 1], [1, 1]))
    assert pairs.first.tolist() == pairs.second.tolist() == [0, 1]
    assert pairs.first_alone == 1


def test_the_coarser_grouping_counts():
    first, second = (make(["a", "b", "c"], [0, 0, 0], [0, 0, 0], groups=groups) for groups in ([0, 1, 2], [5, 5, 6]))
    assert pair(first, second).groups.tolist() == pair(second, first).groups.tolist() == [5, 5, 6]


def test_rows_of_an_earlier_version_say_the_same_as_answers():
    answers = answers_of(CLASSES, ["a", "b", "c"], [0, 1, 1], [0, 0, 1], sure=[0.6, 0.7, 0.8], groups=[0, 0, 1])
    rows = tested.tested_pictures(answers, 1.0)
    old, new = judged_rows(rows, {"a": "g", "b": "g"}), judged(answers)
    assert old.true.tolist() == new.true.tolist()
    assert old.said.tolist() == new.said.tolist()
    assert old.probability == pytest.approx(new.probability)
    assert len(set(old.groups[:2].tolist())) == 1
    assert len(set(old.groups.tolist())) == 2


def test_a_temperature_changes_how_sure_it_is_and_not_what_is_said():
    answers = answers_of(CLASSES, ["a"], [0], [1], sure=0.9)
    cool, warm = judged(answers), judged(answers, 3.0)
    assert cool.said.tolist() == warm.said.tolist() == ["bee"]
    assert warm.probability[0] < cool.probability[0]


@given(st.lists(st.sampled_from("abcdef"), max_size=12), st.lists(st.sampled_from("abcdef"), max_size=12))
def test_counts_add_up(ours, theirs):
    first, second = make(ours, [0] * len(ours), [0] * len(ours)), make(theirs, [0] * len(theirs), [1] * len(theirs))
    pairs = pair(first, second)
    assert len(pairs) + pairs.first_alone + pairs.other_class == len(ours)
    assert len(pairs) + pairs.second_alone + pairs.other_class == len(theirs)
    assert [first.sha256[at] for at in pairs.first] == [second.sha256[at] for at in pairs.second]
    assert len(np.unique(pairs.second)) == len(pairs)
