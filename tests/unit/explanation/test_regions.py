import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clf_core.explanation.regions import (
    EVIDENCE_SHARE,
    LARGEST_REGION,
    blurred,
    border_area,
    centre_region,
    evidence_region,
    keep,
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


@pytest.mark.parametrize("side", [16, 96, 224])
def test_blurring_keeps_the_colour_and_takes_the_shape_away(side):
    picture = np.full((side, side, 3), (40, 120, 200), dtype=np.uint8)
    np.testing.assert_allclose(blurred(picture).astype(int), picture, atol=1)
    checks = np.indices((side, side)).sum(axis=0) // max(2, side // 32) % 2 * 255
    striped = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    assert blurred(striped).shape == striped.shape
    assert blurred(striped).std() < 0.05 * striped.std()


def test_within_the_region_is_the_picture_and_outside_its_blur(picture):
    region = np.zeros((96, 96), dtype=np.bool_)
    region[:, :48] = True
    blur = blurred(picture)
    kept = keep(picture, blur, region)
    np.testing.assert_array_equal(kept[:, :36], picture[:, :36])
    np.testing.assert_array_equal(kept[:, 60:], blur[:, 60:])
    between = np.minimum(picture, blur), np.maximum(picture, blur)
    assert (kept >= between[0]).all()
    assert (kept <= between[1]).all()


def test_the_views_of_a_picture_are_complements(picture):
    heatmap = np.zeros((96, 96), dtype=np.float32)
    heatmap[:20, :20] = 1
    made = views(picture, heatmap)
    assert set(made) == {"evidence", "rest", "centre", "border", "blurred"}
    np.testing.assert_array_equal(made["centre"][48, 48], picture[48, 48])
    np.testing.assert_array_equal(made["border"][0, 95], picture[0, 95])
    np.testing.assert_array_equal(made["evidence"][5, 5], picture[5, 5])
    np.testing.assert_array_equal(made["rest"][90, 90], picture[90, 90])
    np.testing.assert_array_equal(made["rest"][5, 5], made["blurred"][5, 5])
    assert all(view.shape == picture.shape and view.dtype == np.uint8 for view in made.values())


@pytest.mark.parametrize("heatmap", [None, np.zeros((96, 96), dtype=np.float32)])
def test_without_evidence_there_is_no_place_to_hide_or_show(picture, heatmap):
    assert set(views(picture, heatmap)) == {"centre", "border", "blurred"}
