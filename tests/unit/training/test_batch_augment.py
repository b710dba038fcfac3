"""Variants of batches: within the same bounds as single ones, repeatable, and nothing at all where all is off."""

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image

from clf_core.config import AugmentConfig, Preprocessing
from clf_core.data.augmentation import variant
from clf_core.training.batch_augment import Geometry, augment_batch, chances, normalised

SIDE = 32
PREPARED = Preprocessing(input_size=SIDE, resize_size=SIDE, interpolation="bilinear", mean=(0, 0, 0), std=(1, 1, 1))
MANY = 400


def picture(margin=0):
    """Colours that say where a pixel comes from: red goes with x, green with y."""
    side = SIDE + 2 * margin
    ramp = np.linspace(40, 200, side)
    red, green = np.meshgrid(ramp, ramp)
    return np.stack([red, green, np.full_like(red, 90)], axis=2).astype(np.uint8)


def batch(augment, pixels=None, *, margin=0, count=MANY, epoch=1, seed=0):
    """[count, 3, S, S] in 0..1: variants of one picture."""
    pixels = picture(margin) if pixels is None else pixels
    geometry = Geometry(margin, SIDE, np.ones((count, 2), dtype=np.float32))
    tiled = torch.from_numpy(np.repeat(pixels[None], count, axis=0))
    return augment_batch(tiled, np.arange(count), epoch, seed, augment.resolved(), geometry, PREPARED).numpy()


def singles(augment, pixels=None, count=200):
    """The same number of single variants, [count, 3, S, S] in 0..1."""
    image = Image.fromarray(picture() if pixels is None else pixels)
    made = [variant(image, PREPARED, augment, sha256=f"{n:064x}", view=1, seed=0) for n in range(count)]
    return np.stack(made).transpose(0, 3, 1, 2) / 255


def test_nothing_changes_where_all_is_off():
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    plain = normalised(torch.from_numpy(pixels), PREPARED)
    geometry = Geometry(0, SIDE, np.ones((3, 2), dtype=np.float32))
    same = augment_batch(torch.from_numpy(pixels), np.arange(3), 1, 0, AugmentConfig().resolved(), geometry, PREPARED)
    assert torch.equal(same, plain)
    np.testing.assert_allclose(plain.numpy(), pixels.transpose(0, 3, 1, 2) / 255, atol=1e-6)


def test_resampling_without_change_is_exact():
    """Enlarging by next to nothing and turning by next to nothing leaves every pixel where it was."""
    changed = batch(AugmentConfig(rotate=1e-6, crop=1.0), margin=4, count=2)
    np.testing.assert_allclose(changed[0], picture(4)[4:-4, 4:-4].transpose(2, 0, 1) / 255, atol=1e-4)


def test_chances_are_uniform_and_of_their_own():
    drawn = chances(7, 3, np.arange(20_000))
    values = np.stack(list(drawn.values()))
    assert values.min() >= 0
    assert values.max() < 1
    np.testing.assert_allclose(values.mean(axis=1), 0.5, atol=0.01)
    np.testing.assert_allclose(values.var(axis=1), 1 / 12, atol=0.003)
    correlation = np.corrcoef(values)
    assert np.abs(correlation - np.eye(len(values))).max() < 0.03
    following = np.corrcoef(values[0, 1:], values[0, :-1])[0, 1]
    assert abs(following) < 0.03
    for other in (chances(8, 3, np.arange(20_000)), chances(7, 4, np.arange(20_000))):
        assert abs(np.corrcoef(values[0], other["flip_horizontal"])[0, 1]) < 0.03


def test_half_are_mirrored():
    plain = picture().transpose(2, 0, 1) / 255
    across = batch(AugmentConfig(flip_horizontal=True))
    mirrored = np.isclose(across, plain[None, :, :, ::-1], atol=1e-6).all(axis=(1, 2, 3))
    kept = np.isclose(across, plain[None], atol=1e-6).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 0.4 < mirrored.mean() < 0.6
    down = batch(AugmentConfig(flip_vertical=True))
    assert 0.4 < np.isclose(down, plain[None, :, ::-1], atol=1e-6).all(axis=(1, 2, 3)).mean() < 0.6


def test_mirroring_goes_with_turning_and_cropping():
    changed = batch(AugmentConfig(flip_horizontal=True, crop=0.5))
    rising = changed[:, 0, SIDE // 2, -1] > changed[:, 0, SIDE // 2, 0]  # red goes with x
    assert 0.4 < rising.mean() < 0.6
    assert (changed[:, 1, -1] > changed[:, 1, 0]).all()


def test_cropping_shows_the_same_share_of_the_area():
    shown = []
    for made in (batch(AugmentConfig(crop=0.4)), singles(AugmentConfig(crop=0.4))):
        span = made[:, 0, :, -1].mean(axis=1) - made[:, 0, :, 0].mean(axis=1)
        whole = (200 - 40) / 255
        shown.append((span / whole) ** 2)
    for shares in shown:
        assert shares.min() > 0.34
        assert shares.max() <= 1.0
    assert abs(np.median(shown[0]) - np.median(shown[1])) < 0.07
    left = batch(AugmentConfig(crop=0.4))[:, 0, :, 0].mean(axis=1) * 255
    assert left.min() < 43  # the window reaches every side of the square
    assert left.max() > 85


def test_turning_keeps_within_the_bound():
    """The direction in which red rises turns by as much as the picture."""
    angles = []
    for made in (batch(AugmentConfig(rotate=20), margin=6), singles(AugmentConfig(rotate=20))):
        inner = made[:, 0, 8:-8, 8:-8]
        by_x = np.diff(inner, axis=2).mean(axis=(1, 2))
        by_y = np.diff(inner, axis=1).mean(axis=(1, 2))
        angles.append(np.degrees(np.arctan2(by_y, by_x)))
    for turned in angles:
        assert np.abs(turned).max() < 20.5
        assert turned.max() > 17
        assert turned.min() < -17
    assert abs(angles[0].std() - angles[1].std()) < 1.5


def test_the_corners_of_turned_variants_are_real_pixels():
    """Where the margin holds the picture's surroundings, a turned corner goes on in the same colours."""
    wide = picture(6)
    changed = batch(AugmentConfig(rotate=20), wide, margin=6, count=50) * 255
    assert changed[:, 0].min() >= 39
    steps = np.abs(np.diff(changed[:, 0], axis=2))
    assert steps.max() < 6  # no edge of repeated pixels


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_light_and_colour_keep_within_the_bounds_of_single_variants(name):
    pixels = np.random.default_rng(1).integers(90, 160, (SIDE, SIDE, 3), dtype=np.uint8)
    augment = AugmentConfig(**{name: 0.3})
    figures = []
    for made in (batch(augment, pixels), singles(augment, pixels)):
        grey = made.mean(axis=1)
        figures.append(
            {
                "brightness": made.mean(axis=(1, 2, 3)) / (pixels.mean() / 255),
                "contrast": grey.std(axis=(1, 2)) / (pixels.mean(axis=2).std() / 255),
                "saturation": made.std(axis=1).mean(axis=(1, 2)) / (pixels.std(axis=2).mean() / 255),
            }[name]
        )
    ours, theirs = figures
    for figure in figures:
        assert figure.min() > 0.68
        assert figure.max() < 1.32
    assert abs(ours.mean() - theirs.mean()) < 0.04
    assert abs(ours.std() - theirs.std()) < 0.03


def test_hue_turns_as_in_single_variants():
    pixels = np.full((SIDE, SIDE, 3), (180, 90, 90), dtype=np.uint8)
    hues = []
    for made in (batch(AugmentConfig(hue=0.1), pixels), singles(AugmentConfig(hue=0.1), pixels)):
        colours = made.mean(axis=(2, 3))
        hues.append(np.array([(colorsys.rgb_to_hsv(*colour)[0] + 0.5) % 1 - 0.5 for colour in colours]))
    assert abs(np.abs(hues[0]).max() - np.abs(hues[1]).max()) < 0.02
    assert abs(hues[0].std() - hues[1].std()) < 0.01


def test_blur_smooths_as_single_variants():
    pixels = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    sharpness = [
        np.abs(np.diff(made, axis=3)).mean(axis=(1, 2, 3))
        for made in (batch(AugmentConfig(blur=1.5), pixels, count=200), singles(AugmentConfig(blur=1.5), pixels))
    ]
    assert abs(sharpness[0].min() - sharpness[1].min()) < 0.02
    assert abs(np.median(sharpness[0]) - np.median(sharpness[1])) < 0.04
    assert sharpness[0].max() > 0.3  # some stay sharp
    flat = batch(AugmentConfig(blur=3.0), np.full((SIDE, SIDE, 3), 77, dtype=np.uint8), count=20)
    np.testing.assert_allclose(flat, 77 / 255, atol=1e-5)


def test_noise_has_the_deviation_asked_for():
    pixels = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    deviations = batch(AugmentConfig(noise=0.1), pixels).std(axis=(1, 2, 3))
    assert deviations.max() < 0.105
    assert deviations.min() < 0.005
    assert abs(deviations.mean() - 0.05) < 0.005


def test_erasing_covers_no_more_than_asked_for():
    pixels = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    shares = (batch(AugmentConfig(erase=0.3), pixels)[:, 0] == 0).mean(axis=(1, 2))
    alone = (singles(AugmentConfig(erase=0.3), pixels)[:, 0] == 0).mean(axis=(1, 2))
    assert shares.max() < 0.33
    assert abs(shares.mean() - alone.mean()) < 0.03


def test_values_stay_within_black_and_white():
    changed = batch(AugmentConfig(preset="strong"), margin=8)
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    assert np.isfinite(changed).all()
