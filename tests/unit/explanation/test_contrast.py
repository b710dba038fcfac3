"""Two classes side by side: one scale, and a difference that means something."""

import numpy as np
import pytest

from clf_core.config import HeatmapConfig
from clf_core.errors import ConfigError
from clf_core.explanation.contrast import PairedMaps, in_words, paired_maps
from clf_core.explanation.methods import METHODS

TOP, BOTTOM = np.s_[8:40, 8:40], np.s_[56:88, 56:88]
"""Where the red square is, and the green one."""


def test_each_class_has_its_place_and_the_difference_tells_them_apart(colours, red_and_green):
    paired = paired_maps(colours, red_and_green, 0, 1)
    assert paired.first[TOP].mean() > 0.8
    assert paired.second[BOTTOM].mean() > 0.8
    assert not paired.first[BOTTOM][8:-8, 8:-8].any()
    assert paired.difference[TOP].mean() > 0.8
    assert paired.difference[BOTTOM].mean() < -0.8
    assert paired.for_first == pytest.approx(0.5)
    assert np.abs(paired.difference).max() == pytest.approx(1)


def test_both_maps_are_on_one_scale(colours, red_and_green):
    red_and_green[BOTTOM] //= 4
    paired = paired_maps(colours, red_and_green, 0, 1)
    assert paired.first.max() == pytest.approx(1)
    assert paired.second.max() == pytest.approx(63 / 255, abs=0.01)  # scaled by itself it reaches 1, too:
    assert colours.heatmap(red_and_green, 1).max() == pytest.approx(1, abs=1e-5)
    assert paired.for_first == pytest.approx(255 / (255 + 63), abs=0.01)


def test_what_speaks_against_one_class_speaks_for_the_other(colours, red_and_green):
    """The third class wants neither: its own map is empty, but it loses by the same places the first wins by."""
    paired = paired_maps(colours, red_and_green, 0, 2)
    assert not paired.second.any()
    assert paired.difference[TOP].mean() > 0.8
    assert not paired.difference[BOTTOM][8:-8, 8:-8].any()  # green speaks against both alike


def test_the_difference_is_the_map_of_the_difference_of_the_logits(fitted_maker, red_and_green_squares):
    """Grad-CAM is linear in the gradient; turning the pair round turns the sign."""
    shown = red_and_green_squares.pictures(96, 1).pictures
    forth, back = paired_maps(fitted_maker, shown[0], 0, 1), paired_maps(fitted_maker, shown[0], 1, 0)
    np.testing.assert_allclose(forth.difference, -back.difference, rtol=0, atol=1e-6)
    assert forth.for_first == pytest.approx(1 - back.for_first)
    first, second = fitted_maker.evidence(np.repeat(shown, 2, axis=0), [0, 1])
    logits, bias = fitted_maker.logits(fitted_maker.normalised(shown))[0], fitted_maker._network.head.bias.numpy()
    lead = float(logits[0] - logits[1] - (bias[0] - bias[1]))
    assert (first - second).sum() == pytest.approx(lead, rel=1e-4)


@pytest.mark.parametrize("method", [key for key, method in METHODS.items() if not method.by_class])
def test_a_method_that_does_not_ask_for_the_class_cannot_compare_two(colours, red_and_green, method):
    with pytest.raises(ConfigError, match="two classes") as caught:
        paired_maps(colours, red_and_green, 0, 1, HeatmapConfig(method=method))
    assert caught.value.field == "method"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.95, "Nearly all that sets the two apart speaks for 'bee'."),
        (0.05, "Nearly all that sets the two apart speaks for 'ant'."),
        (0.6, "Of what sets the two apart, 60 % speaks for 'bee' and 40 % for 'ant'."),
    ],
)
def test_words(share, words):
    some = np.ones((2, 2), dtype=np.float32)
    assert in_words("bee", "ant", PairedMaps(some, some, some, share)) == words


def test_an_answer_that_the_maps_speak_against_is_not_passed_over():
    some = np.ones((2, 2), dtype=np.float32)
    against = PairedMaps(some, some, some, 0.4)
    assert "Yet 'bee' is the likelier of the two" in in_words("bee", "ant", against, 0.5)
    assert "Yet" not in in_words("bee", "ant", against, -0.5)
    assert "Yet 'ant'" in in_words("bee", "ant", PairedMaps(some, some, some, 0.6), -0.5)


def test_words_where_nothing_differs(colours, red_and_green):
    paired = paired_maps(colours, red_and_green, 1, 1)
    assert (paired.for_first, in_words("bee", "ant", paired)) == (
        0.5,
        "Nothing in the picture sets 'bee' and 'ant' apart.",
    )
