import numpy as np
import pytest

from clf_core.explanation import overlay


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def heatmap():
    return np.random.default_rng(1).random((20, 30), dtype=np.float32)


def luminance(colours: np.ndarray) -> np.ndarray:
    return colours.astype(float) @ [0.2126, 0.7152, 0.0722]


def test_opacity_goes_from_the_picture_to_the_map(picture, heatmap):
    np.testing.assert_array_equal(overlay.blend(picture, heatmap, 0), picture)
    np.testing.assert_array_equal(overlay.blend(picture, heatmap, 1), overlay.colourise(heatmap))
    half = overlay.blend(picture, heatmap, 0.5)
    assert half.dtype == np.uint8
    between = (picture.astype(float) + overlay.colourise(heatmap)) / 2
    np.testing.assert_allclose(half, between, atol=0.51)


def test_the_arguments_stay_as_they_were(picture, heatmap):
    before = picture.copy(), heatmap.copy()
    overlay.blend(picture, heatmap, 0.4)
    np.testing.assert_array_equal(picture, before[0])
    np.testing.assert_array_equal(heatmap, before[1])


def test_more_evidence_is_brighter_all_along_the_legend():
    strip = overlay.legend(width=256, height=4)
    assert strip.shape == (4, 256, 3)
    assert (np.diff(luminance(strip[0])) > -1).all()
    assert luminance(strip[0])[-1] - luminance(strip[0])[0] > 200
    np.testing.assert_array_equal(strip[0], strip[3])


def test_the_legend_has_the_colours_of_the_map():
    np.testing.assert_array_equal(overlay.legend(3, 1)[0], overlay.colourise(np.array([0, 0.5, 1], dtype=np.float32)))


def test_values_outside_are_clipped():
    np.testing.assert_array_equal(
        overlay.colourise(np.array([-1, 2], dtype=np.float32)), overlay.colourise(np.array([0, 1], dtype=np.float32))
    )


@pytest.mark.parametrize("opacity", [-0.1, 1.1, float("nan")])
def test_impossible_opacity(picture, heatmap, opacity):
    with pytest.raises(ValueError, match="opacity"):
        overlay.blend(picture, heatmap, opacity)


def test_sizes_must_agree(picture, heatmap):
    with pytest.raises(ValueError, match="need"):
        overlay.blend(picture, heatmap[:-1], 0.5)
    with pytest.raises(ValueError, match="pixel"):
        overlay.legend(width=0)


def test_the_difference_is_white_at_zero_orange_for_the_first_and_purple_for_the_second(picture):
    purple, white, orange = overlay.colourise_difference(np.array([-1, 0, 1], dtype=np.float32)).astype(int)
    assert orange[0] > orange[2] + 50
    assert purple[2] > purple[0]
    assert white.min() > 240
    strip = overlay.difference_legend(3, 2)
    np.testing.assert_allclose(strip[0], [purple, white, orange], atol=1)
    flat = np.zeros((20, 30), dtype=np.float32)
    np.testing.assert_array_equal(overlay.blend_difference(picture, flat, 0), picture)
    assert (overlay.blend_difference(picture, flat, 1) > 240).all()
