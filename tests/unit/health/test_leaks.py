import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clf_core.config import SplitConfig
from clf_core.health.leaks import check_leak, plain_test_split


def test_without_copies_nothing_can_leak(survey):
    leak = check_leak(survey("ab" * 20), SplitConfig())
    assert (leak.leaked, leak.test_pictures) == (0, 8)
    assert "no split can leak" in leak.sentence


def test_leaked_test_pictures_are_counted_for_a_split_that_ignores_copies(survey):
    """Every picture has a copy: those in the test split whose copy is not there too are leaked."""
    groups = np.repeat(np.arange(50), 2)
    pictures = survey("a" * 50 + "b" * 50, groups=groups, splits="tttts" * 20)
    leak = check_leak(pictures, SplitConfig())
    test = plain_test_split(pictures.labels, 0.2, 0)
    expected = sum(not test[place ^ 1] for place in np.flatnonzero(test))
    assert leak.leaked == expected > 10
    assert f"{expected} of 20 test pictures would also stand in training" in leak.sentence


def test_what_leaks_in_this_version_is_said_too(survey):
    groups = [0, 0, *range(1, 39)]
    apart = check_leak(survey("a" * 40, groups=groups, splits="ts" + "t" * 38), SplitConfig())
    together = check_leak(survey("a" * 40, groups=groups, splits="ss" + "t" * 38), SplitConfig())
    assert "in this version 1 does" in apart.sentence
    assert "here none does" in together.sentence


@given(st.lists(st.integers(0, 3), max_size=60), st.floats(0.05, 0.9), st.integers(0, 5))
def test_a_plain_split_takes_its_share_of_each_class(labels, share, seed):
    test = plain_test_split(np.array(labels, dtype=np.int64), share, seed)
    for label in set(labels):
        mine = np.array(labels) == label
        assert test[mine].sum() == round(share * mine.sum())


def test_that_near_copies_were_not_searched_for_is_not_hidden(survey, monkeypatch):
    pictures = survey("ab" * 20, searched=False)
    monkeypatch.setattr("clf_core.health.survey.MOST_SEARCHED", 30)
    monkeypatch.setattr("clf_core.health.leaks.MOST_SEARCHED", 30)
    assert "not searched for" in check_leak(pictures, SplitConfig()).sentence
