"""Covering what a heatmap calls bright or dark, against the package's ROAD."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from scipy.special import log_softmax

from clf_core.explanation.faithfulness import SurroundingsFill, cover, log_odds

SIZE = 96


@pytest.mark.parametrize("share", [0.01, 0.4, 0.9])
def test_the_filling_is_the_packages(share):
    picture = torch.randn(3, 24, 20, generator=torch.Generator().manual_seed(0))
    kept = torch.from_numpy(np.random.default_rng(1).random((24, 20)) >= share).float()
    expected = NoisyLinearImputer(noise=0.0)(picture, kept)
    found = SurroundingsFill(noise=0.0)(picture, kept)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=0, atol=1e-5)
    assert torch.equal(found[:, kept > 0], picture[:, kept > 0])


def test_a_ramp_is_filled_as_a_ramp_and_the_noise_is_the_same_each_time():
    ramp = torch.arange(16.0).expand(1, 16, 16).contiguous()
    kept = torch.ones(16, 16)
    kept[4:12, 4:12] = 0
    np.testing.assert_allclose(SurroundingsFill(0)(ramp, kept).numpy(), ramp.numpy(), rtol=0, atol=1e-5)
    noisy = SurroundingsFill(0.5)
    assert torch.equal(noisy(ramp, kept), noisy(ramp, kept))
    assert 0.3 < float((noisy(ramp, kept) - ramp)[:, 4:12, 4:12].std()) < 0.7


def test_nothing_to_fill():
    picture = torch.randn(3, 8, 8)
    assert torch.equal(SurroundingsFill()(picture, torch.ones(8, 8)), picture)


def test_covering_the_object_takes_the_class_away_and_covering_the_rest_does_not(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 4, seed=5)
    for picture, label, inside in zip(shown.pictures, shown.labels, shown.inside, strict=True):
        honest = cover(fitted_maker, picture, inside.astype(np.float32), int(label))
        assert honest.before > 1
        assert (honest.darkest - honest.brightest).min() > 1
        upside_down = cover(fitted_maker, picture, 1 - inside.astype(np.float32), int(label))
        assert (upside_down.darkest - upside_down.brightest).max() < -1


def test_a_share_of_equal_places_is_covered_not_all_of_them(fitted_maker, red_and_green_squares):
    """A flat map has no threshold that would cut off a tenth."""
    picture = red_and_green_squares.pictures(SIZE, 1).pictures[0]
    removal = cover(fitted_maker, picture, np.zeros((SIZE, SIZE), dtype=np.float32), 0, shares=(0.1,))
    assert removal.shares == (0.1,)
    assert abs(float(removal.brightest[0] - removal.darkest[0])) < 3
    again = cover(fitted_maker, picture, np.zeros((SIZE, SIZE), dtype=np.float32), 0, shares=(0.1,))
    assert np.array_equal(removal.brightest, again.brightest)


def test_log_odds():
    logits = np.random.default_rng(0).normal(0, 30, (50, 4)).astype(np.float32)
    probability = log_softmax(logits.astype(np.float64), axis=1)
    expected = probability[:, 2] - np.log1p(-np.exp(probability[:, 2]).clip(max=1 - 1e-15))
    ordinary = np.abs(expected) < 25
    np.testing.assert_allclose(log_odds(logits, 2)[ordinary], expected[ordinary], rtol=1e-4, atol=1e-5)
    assert np.isfinite(log_odds(logits, 2)).all()
