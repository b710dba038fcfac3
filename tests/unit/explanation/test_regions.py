import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clf_core.explanation.regions import (
    EVIDENCE_SHARE,
    LARGEST_REGION,
    border_area,
    centre_region,
    evidence_region,
    only,
    share_at_border,
    views,
)

HEATMAPS = arrays(np.float32, (12, 12), elements=st.floats(0, 1, width=32))


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)


@given(HEATMAPS)
def test_the_region_is_the_smallest_with_most_of_the_evidence_unless_that_is_nearly_all(heatmap):
    region, total = evidence_region(heatmap), heatmap.sum(dtype=np.float64)
    if not total:
        assert not region.any()
        return
    within = heatmap[region].astype(np.float64)
    assert region.mean() <= LARGEST_REGION
    if region.sum() < int(LARGEST_REGION * region.size):
        assert within.sum() >= EVIDENCE_SHARE * total * (1 - 1e-9)
    assert within.sum() - within.min() < EVIDENCE_SHARE * total * (1 + 1e-9)
    assert within.min() >= heatmap[~region].max()


def test_the_centre_has_half_of_the_area_and_lies_in_the_middle():
    for side in (16, 96, 224, 225):
        region = centre_region(side)
        assert 0.4 < region.mean() < 0.6
        assert region[side // 2, side // 2]
        np.testing.assert_array_equal(region, region[::-1, ::-1])
        assert border_area(side) == pytest.approx(1 - region.mean())


@given(HEATMAPS)
def test_what_lies_at_the_border_is_what_lies_not_in_the_centre(heatmap):
    share = share_at_border(heatmap)
    if not heatmap.any():
        assert math.isnan(share)
        return
    assert 0 <= share <= 1
    inner = np.where(centre_region(12), heatmap, 0)
    assert share == pytest.approx(1 - inner.sum(dtype=np.float64) / heatmap.sum(dtype=np.float64), abs=1e-6)


@pytest.mark.parametrize("side", [16, 32, 96, 224])
def test_what_is_hidden_leaves_no_trace(side):
    """Two pictures that differ only where it is hidden become the same."""
    random = np.random.default_rng(1)
    region = np.zeros((side, side), dtype=np.bool_)
    region[:, : side // 2] = True
    left = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    right = left.copy()
    right[:, side // 2 :] = random.integers(0, 256, (side, side - side // 2, 3))
    np.testing.assert_array_equal(only(left, region), only(right, region))


@pytest.mark.parametrize("side", [16, 96, 225])
def test_a_hole_takes_the_colour_of_what_is_around_it(side):
    picture = np.full((side, side, 3), (40, 120, 200), dtype=np.uint8)
    picture[centre_region(side)] = (250, 0, 0)
    filled = only(picture, ~centre_region(side))
    np.testing.assert_allclose(filled.astype(int), np.broadcast_to((40, 120, 200), filled.shape), atol=1)


def test_what_is_shown_is_the_picture_but_at_the_edge(picture):
    region = np.zeros((96, 96), dtype=np.bool_)
    region[:, :48] = True
    shown = only(picture, region)
    np.testing.assert_array_equal(shown[:, :40], picture[:, :40])
    assert shown[:, 48:].std() < 0.2 * picture.std()


def test_the_fill_is_nearer_to_what_is_nearer():
    picture = np.zeros((96, 96, 3), dtype=np.uint8)
    picture[:, 60:] = 200
    region = np.ones((96, 96), dtype=np.bool_)
    region[30:66, 30:66] = False
    filled = only(picture, region)[48, :, 0].astype(int)
    assert filled[33] < 40 < 100 < filled[63]


def test_the_views_of_a_picture(picture):
    heatmap = np.zeros((96, 96), dtype=np.float32)
    heatmap[:20, :20] = 1
    made = views(picture, heatmap)
    assert set(made) == {"evidence", "rest", "centre", "border", "background"}
    for view, shown, hidden in (
        ("centre", [(48, 48)], [(3, 3), (3, 92)]),
        ("border", [(3, 92), (3, 3)], [(48, 48)]),
        ("evidence", [(3, 3)], [(48, 48), (92, 92)]),
        ("rest", [(48, 48), (92, 92)], [(3, 3)]),
        ("background", [(92, 92)], [(3, 3), (48, 48)]),
    ):
        assert all((made[view][at] == picture[at]).all() for at in shown)
        assert all((made[view][at] != picture[at]).any() for at in hidden)
        assert made[view].shape == picture.shape
        assert made[view].dtype == np.uint8


@pytest.mark.parametrize("heatmap", [None, np.zeros((96, 96), dtype=np.float32)])
def test_without_evidence_there_is_only_the_middle_and_the_border(picture, heatmap):
    assert set(views(picture, heatmap)) == {"centre", "border"}
