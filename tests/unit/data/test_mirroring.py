"""Class names that say a mirror would mislead, and those that do not."""

import pytest

from clf_core.data.mirroring import suggest


@pytest.mark.parametrize(
    ("classes", "word"),
    [
        ([str(n) for n in range(10)], "digits"),
        (["zero", "One", "TWO"], "digits"),
        (["digit 1", "digit_2", "Digit-3"], "digits"),
        (["٣", "٤", "٥"], "digits"),
        (["a", "B", "c"], "letters"),
        (["letter a", "letter b"], "letters"),
        (["turn left", "straight on"], "sides"),
        (["turnLeft", "turnRight"], "sides"),
        (["arrow_RIGHT", "other"], "sides"),
        (["text", "photo"], "text"),
        (["handwriting", "print"], "text"),
    ],
)
def test_a_mirror_would_mislead(classes, word):
    hint = suggest(classes)
    assert hint.augment.flips is False
    assert word in hint.reason


@pytest.mark.parametrize(
    "classes",
    [
        ["ant", "bee"],
        ["copyright", "leftover", "bright"],
        ["type 1", "type 2"],
        ["2019", "2020"],
        ["cat", "dog", "c", "owl", "hen"],
        ["**bold**", "<img src=x>", ""],
        [],
    ],
)
def test_nothing_speaks_against_it(classes):
    hint = suggest(classes)
    assert hint.augment.flips is True
    assert hint.reason == ""
