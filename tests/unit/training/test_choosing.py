"""One preset is recommended, with a reason that fits the pictures."""

import pytest

from clf_core.config import PRESETS
from clf_core.training.choosing import quality, recommend, what_it_does
from clf_core.training.situation import Situation

QUICKLY = dict.fromkeys(PRESETS, 30.0)


@pytest.mark.parametrize(
    ("situation", "seconds", "preset", "words"),
    [
        (Situation({"a": 3, "b": 90}, side=300), QUICKLY, "quick", "smallest class has 3"),
        (Situation({"a": 150, "b": 150}, side=300), QUICKLY, "quick", "a result at once"),
        (Situation({"a": 150, "b": 150}, side=28), QUICKLY, "balanced", "about 28 pixels"),
        (Situation({"a": 150, "b": 150}, side=300, why_not_mirrored="Letters."), QUICKLY, "balanced", "unlike"),
        (Situation({"a": 150, "b": 150}, side=28), QUICKLY | {"balanced": 900.0}, "quick", "more than ten minutes"),
        (Situation({"a": 900, "b": 900}, side=300, device="cuda"), QUICKLY, "full", "a graphics card"),
        (Situation({}), QUICKLY, "quick", "smallest class has 0"),
    ],
)
def test_the_recommendation_follows_pictures_and_processor(situation, seconds, preset, words):
    chosen, reason = recommend(situation, seconds)
    assert chosen == preset
    assert words in reason


@pytest.mark.parametrize("preset", PRESETS)
def test_what_to_expect_depends_on_the_pictures(preset):
    situations = [Situation({"a": n, "b": n}, side=side) for n in (4, 100, 900) for side in (28, 300)]
    assert len({quality(preset, situation) for situation in situations}) > 1
    assert all(quality(preset, situation).endswith(".") for situation in situations)
    assert what_it_does(preset)
