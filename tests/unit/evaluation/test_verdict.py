import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.evaluation import verdict
from clf_core.metrics.intervals import wilson_interval


def headline(correct: int, count: int) -> str:
    return verdict.headline(correct, count, *wilson_interval(correct, count))


@pytest.mark.parametrize(
    ("correct", "count", "expected"),
    [
        (46, 50, "46 of 50 right; on new pictures like these expect 81–97 %."),
        (50, 50, "All 50 right; on new pictures like these expect 92–100 %."),
        (0, 50, "None of 50 right; on new pictures like these expect 0–8 %."),
        (1, 1, "The only test picture was answered right; on new pictures like it expect 20–100 %."),
        (0, 1, "The only test picture was answered wrong; on new pictures like it expect 0–80 %."),
        (1, 2, "1 of 2 right; on new pictures like these expect 9–91 %."),
        (9_950, 10_000, "9,950 of 10,000 right; on new pictures like these expect 99.3–99.7 %."),
        (1_000, 1_000, "All 1,000 right; on new pictures like these expect 99.6–100 %."),
    ],
)
def test_headline(correct, count, expected):
    assert headline(correct, count) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200_000), st.floats(0, 1))
def test_the_range_in_words_holds_the_interval_and_is_hardly_wider(count, share):
    low, high = wilson_interval(round(share * count), count)
    lower, upper = map(float, re.fullmatch(r"([\d.]+)–([\d.]+) %", verdict.percent_range(low, high)).groups())
    assert 0 <= lower <= 100 * low + 1e-5
    assert 100 * high - 1e-5 <= upper <= 100
    assert (upper - lower) - 100 * (high - low) < (2 if high - low >= verdict.NARROW else 0.2)


def test_whole_percents_are_not_pushed_apart_by_floating_point():
    assert 0.29 * 100 < 29  # the trap
    assert verdict.percent_range(0.29, 0.57) == "29–57 %"


@pytest.mark.parametrize(
    ("correct", "baseline_correct", "expected"),
    [
        (46, 26, None),
        (46, 40, None),  # 81.2 % of 50 is just above 40
        (46, 41, "Always answering 'ant' gets 41 of 50 right, and the difference is small enough to be chance."),
        (26, 26, "Always answering 'ant' gets just as many right, so this model does not help yet."),
        (20, 26, "Always answering 'ant' gets more right (26 of 50), so this model does not help yet."),
        (50, 50, "Always answering 'ant' gets just as many right, so this model does not help yet."),
        (0, 0, "Always answering 'ant' gets just as many right, so this model does not help yet."),
    ],
)
def test_baseline_caution(correct, baseline_correct, expected):
    low, _ = wilson_interval(correct, 50)
    assert verdict.baseline_caution(correct, 50, low, "ant", baseline_correct) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "With only 1 test picture this is a first impression; 30 or more would say much more."),
        (29, "With only 29 test pictures this is a first impression; 30 or more would say much more."),
        (30, None),
    ],
)
def test_size_caution(count, expected):
    assert verdict.size_caution(count) == expected


@pytest.mark.parametrize(
    ("names", "listed", "pronoun"),
    [
        (["wasp"], "'wasp'", "it is"),
        (["wasp", "fly"], "'wasp' and 'fly'", "they are"),
        (["a", "b", "c"], "'a', 'b' and 'c'", "they are"),
        (["a", "b", "c", "d"], "'a', 'b', 'c' and 1 other class", "they are"),
        (list("abcdefg"), "'a', 'b', 'c' and 4 other classes", "they are"),
    ],
)
def test_untested_caution(names, listed, pronoun):
    sentence = f"There are no test pictures of {listed}, so nobody knows how well {pronoun} recognised."
    assert verdict.untested_caution(names) == sentence


def test_no_caution_when_every_class_is_tested():
    assert verdict.untested_caution([]) is None
