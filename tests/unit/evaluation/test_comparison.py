import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.evaluation.comparison import LEVEL, compare, holm, pictures, shared
from clf_core.evaluation.comparison_words import Names, cautions, looks_words
from clf_core.evaluation.pairing import judged, pair
from clf_core.metrics.paired import mcnemar_mid_p, paired_difference
from clf_core.results.comparison import TestLooks
from tests.planted_runs import answers_of

NAMES = Names("Ann", "Ben")
CLASSES = ("ant", "bee")
NO_LOOKS = TestLooks(runs=2, looks=0)


def two(both=0, only_first=0, only_second=0, neither=0, *, groups=None, true=None):
    """Two runs on the same pictures, so many of each kind."""
    kinds = [(1, 1)] * both + [(1, 0)] * only_first + [(0, 1)] * only_second + [(0, 0)] * neither
    right = np.array(kinds, dtype=bool).reshape(-1, 2)
    truth = np.zeros(len(right), dtype=int) if true is None else np.asarray(true)
    sha = [f"{number:08}" for number in range(len(right))]
    sure = np.linspace(0.55, 0.99, len(right)) if len(right) else 0.9
    return tuple(
        judged(answers_of(CLASSES, sha, truth, np.where(column, truth, 1 - truth), sure=sure, groups=groups))
        for column in right.T
    )


def compared(**kinds):
    return compare(pair(*two(**kinds)), NAMES)


def test_a_clear_difference_is_called_by_the_name_of_the_better_run():
    found = compared(both=80, only_first=2, only_second=18)
    assert found.outcome == "second"
    assert found.headline == "'Ben' is better, and it is unlikely to be luck"
    assert "'Ben' got 98 of 100 pictures right, 'Ann' 82." in found.words
    assert found.more_needed is None
    assert (found.n, found.both, found.only_first, found.only_second, found.neither) == (100, 80, 2, 18, 0)
    assert found.p_value == mcnemar_mid_p(2, 18)
    assert found.difference == pytest.approx(0.16)
    assert 0 < found.low < found.difference < found.high
    assert compared(both=80, only_first=18, only_second=2).headline.startswith("'Ann' is better")


def test_what_may_be_luck_is_not_told_and_says_what_would_tell():
    found = compared(both=70, only_first=4, only_second=8, neither=8)
    assert found.outcome == "unclear"
    assert found.headline.startswith("Cannot tell yet which is better: about ")
    assert f"about {-(-found.more_needed // 10) * 10} more test pictures would" in found.headline
    assert "may well be luck" in found.words


def test_so_many_more_pictures_of_the_same_kind_do_tell():
    kinds = {"both": 70, "only_first": 4, "only_second": 8, "neither": 8}
    found = compared(**kinds)
    times = (found.n + found.more_needed) / found.n
    assert compared(**{kind: round(times * count) for kind, count in kinds.items()}).outcome == "second"


def test_two_that_surely_differ_by_less_than_one_in_a_hundred_are_alike():
    found = compared(both=9900, only_first=10, only_second=11, neither=79)
    assert found.outcome == "alike"
    assert found.headline == "They are about equally good"
    assert "differ by at most 0." in found.words


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ({"both": 20, "neither": 5}, "the very same of 25 pictures"),
        ({"both": 20, "only_first": 3, "only_second": 3, "neither": 2}, "Both got 23 of 28 right, though not the same"),
        ({"both": 400, "only_first": 40, "only_second": 41}, "no reasonable number"),
    ],
)
def test_what_is_said_where_neither_is_ahead_by_much(kinds, words):
    found = compared(**kinds)
    assert found.outcome == "unclear"
    assert found.headline == "Cannot tell yet which is better"
    assert words in found.words


def test_near_copies_do_not_count_as_so_many_pictures():
    """The same 20 disagreements, once as 20 pictures and once as copies of 4: only the first is evidence."""
    kinds = {"both": 60, "only_second": 20, "neither": 20}
    alone = compared(**kinds)
    copies = [*range(60), *np.repeat(range(100, 104), 5), *range(200, 220)]
    together = compared(**kinds, groups=copies)
    assert alone.outcome == "second"
    assert together.groups == 84
    assert together.p_value > alone.p_value
    assert together.high - together.low > alone.high - alone.low
    told = cautions(together, shared(pair(*two(**kinds, groups=copies)), NAMES), NO_LOOKS, LEVEL)
    assert "Near copies count as one: the 100 pictures are 84 different ones." in told


def test_classes_that_differ_most_come_first_and_many_looks_are_allowed_for():
    true = [0] * 50 + [1] * 50
    first, second = two(both=40, only_second=10, neither=50, true=true)
    found = compare(pair(first, second), NAMES)
    (ant, bee) = found.classes
    assert (ant.name, ant.support, ant.recall_first, ant.recall_second) == ("ant", 50, 0.8, 1.0)
    assert ant.difference == pytest.approx(0.2)
    assert ant.clear
    assert (bee.difference, bee.clear) == (0.0, False)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_between_bonferroni_and_no_correction(p_values):
    held = holm(p_values)
    for p_value, told in zip(p_values, held, strict=True):
        assert told or p_value >= LEVEL / len(p_values)
        assert not told or p_value < LEVEL


def test_holm_keeps_its_promise_where_nothing_differs():
    random = np.random.default_rng(1)
    wrong = sum(any(holm(random.uniform(size=6).tolist())) for _ in range(4000))
    assert wrong / 4000 <= 0.06


def test_luck_is_called_better_in_hardly_more_than_one_of_twenty():
    """Two runs equally good: who is right is drawn by lot, 1,000 times over."""
    random = np.random.default_rng(2)
    called = 0
    for _ in range(1000):
        right = random.uniform(size=(200, 2)) < 0.8
        result = paired_difference(right[:, 0], right[:, 1])
        called += result.p_value < LEVEL and (result.low > 0 or result.high < 0)
    assert called / 1000 <= 0.065


def test_the_pictures_of_each_kind_the_surest_mistake_first():
    first, second = two(both=5, only_first=3, only_second=2, neither=4)
    pairs = pair(first, second)
    for kind, total in (("only_first", 3), ("only_second", 2), ("neither", 4)):
        page = pictures(first, second, pairs, kind, 0, 10)
        assert page.total == len(page.pictures) == total
        sure = {"only_first": "probability_second"}.get(kind, "probability_first")
        values = [getattr(picture, sure) for picture in page.pictures]
        assert values == sorted(values, reverse=True)
        for picture in page.pictures:
            assert (picture.said_first == picture.true) == (kind == "only_first")
            assert (picture.said_second == picture.true) == (kind == "only_second")
    assert len(pictures(first, second, pairs, "neither", 3, 10).pictures) == 1
    assert pictures(first, second, pairs, "neither", 9, 10).pictures == ()


def test_it_is_said_where_they_were_not_tested_on_the_same_pictures():
    first, second = (
        judged(answers_of(CLASSES, sha, true, true))
        for sha, true in ((["a", "b", "c"], [0, 1, 1]), (["b", "c"], [1, 0]))
    )
    found = shared(pair(first, second), NAMES)
    assert (found.n, found.same, found.first_alone, found.second_alone, found.other_class) == (1, False, 1, 0, 1)
    assert found.words == (
        "They were not tested on the same pictures; this compares them on the 1 picture both have. Left out: 1 of "
        "'Ann' alone. 1 more has another class in each and is left out, too."
    )
    nothing = shared(pair(first, judged(answers_of(CLASSES, ["z"], [0], [0]))), NAMES)
    assert nothing.n == 0
    assert "cannot be compared" in nothing.words


def test_one_pair_picked_among_many_runs_may_still_be_luck():
    found = compared(both=80, only_first=3, only_second=13, neither=4)
    assert found.outcome == "second"
    same = shared(pair(*two(both=80, only_first=3, only_second=13, neither=4)), NAMES)
    assert cautions(found, same, NO_LOOKS, LEVEL) == ()
    (caution,) = cautions(found, same, TestLooks(runs=10, looks=0), LEVEL)
    assert caution.startswith("There are 45 pairs among the 10 runs")


def test_few_pictures_and_many_looks_are_said():
    found = compared(both=10)
    looks = TestLooks(runs=3, looks=7)
    told = cautions(
        found, shared(pair(*two(both=10)), NAMES), looks.model_copy(update={"words": looks_words(looks)}), LEVEL
    )
    assert "With only 10 pictures in common this is a first impression." in told
    assert told[-1].startswith("Results of 3 runs on these test pictures were looked at 7 times")
    assert looks_words(TestLooks(runs=1, looks=0)) == ""
    assert "of one run on these test pictures were looked at once." in looks_words(TestLooks(runs=1, looks=1))
