"""Variants: repeatable, independent of each other, bounded by their switches, quick enough to train with."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from clf_core.config import AugmentConfig, Preprocessing
from clf_core.data.augmentation import variant
from clf_core.data.transforms import to_input

KEY, OTHER = "ab" * 32, "cd" * 32


def preprocessing(fit: str = "crop", size: int = 64, resize: int = 73) -> Preprocessing:
    return Preprocessing(input_size=size, resize_size=resize, mean=(0.5,) * 3, std=(0.5,) * 3, fit=fit)


def scene(width: int = 160, height: int = 120) -> Image.Image:
    """Smooth, with no two parts alike, and nothing that clips."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [60 + 80 * rows / height, 60 + 80 * columns / width, 100 + 40 * np.sin(rows / 9) * np.cos(columns / 13)]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))


def make(config: AugmentConfig, view: int = 1, *, fit: str = "crop", key: str = KEY, seed: int = 0, picture=None):
    return variant(picture or scene(), preprocessing(fit), config, sha256=key, view=view, seed=seed)


def apart(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize("fit", ["crop", "squeeze", "pad"])
def test_with_every_switch_off_it_is_the_picture_itself(fit):
    for view in (1, 2):
        assert apart(make(AugmentConfig(), view, fit=fit), to_input(scene(), preprocessing(fit))) < 0.6


@pytest.mark.parametrize("preset", ["light", "standard", "strong"])
def test_the_same_in_any_order_and_on_any_thread(preset):
    config = AugmentConfig(preset=preset)
    wanted = [(view, key) for view in range(1, 6) for key in (KEY, OTHER)]
    one_by_one = {which: make(config, which[0], key=which[1]) for which in wanted}
    with ThreadPoolExecutor(4) as threads:
        backwards = list(threads.map(lambda which: make(config, which[0], key=which[1]), reversed(wanted)))
    for which, made in zip(reversed(wanted), backwards, strict=True):
        np.testing.assert_array_equal(made, one_by_one[which])


def test_view_picture_and_seed_each_make_a_difference():
    config = AugmentConfig(preset="standard")
    first = make(config)
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    for other in (make(config, 2), make(config, key=OTHER), make(config, seed=1)):
        assert apart(first, other) > 1


def test_a_switch_changes_nothing_but_its_own():
    """So that a preview stays put while one slider is moved."""
    turned = AugmentConfig(rotate=20, crop=0.7)
    brighter = AugmentConfig(rotate=20, crop=0.7, brightness=0.3)
    for view in (1, 2, 3):
        plain, lit = make(turned, view).astype(float), make(brighter, view).astype(float)
        inside = plain > 30
        ratios = lit[inside] / plain[inside]
        assert ratios.std() < 0.02
        assert 0.69 < ratios.mean() < 1.31


def test_half_are_mirrored_and_the_others_are_not():
    plain = to_input(scene(), preprocessing())
    for name, flipped in (("flip_horizontal", plain[:, ::-1]), ("flip_vertical", plain[::-1])):
        made = [make(AugmentConfig(**{name: True}), view) for view in range(1, 41)]
        mirrored = [apart(picture, flipped) < 0.6 for picture in made]
        assert all(
            is_flipped or apart(picture, plain) < 0.6 for picture, is_flipped in zip(made, mirrored, strict=True)
        )
        assert 10 <= sum(mirrored) <= 30


def test_a_crop_shows_a_part_no_smaller_than_asked_for():
    """The red plane tells the row and the green one the column, so their spread tells how much is seen."""
    spread = to_input(scene(), preprocessing()).reshape(-1, 3).astype(int)
    whole = np.ptp(spread[:, :2], axis=0)
    shares = []
    for view in range(1, 30):
        seen = np.ptp(make(AugmentConfig(crop=0.25), view).reshape(-1, 3)[:, :2].astype(int), axis=0)
        shares.append(float(np.prod(seen / whole)))
    assert min(shares) > 0.25 * 0.8
    assert min(shares) < 0.5
    assert max(shares) < 1.1


def test_turning_is_bounded_and_goes_both_ways():
    """The columns' plane, turned: its gradient tells the angle."""
    angles = []
    for view in range(1, 30):
        green = make(AugmentConfig(rotate=20), view, picture=scene(400, 400))[16:48, 16:48, 1].astype(float)
        down, across = (gradient.mean() for gradient in np.gradient(green))
        angles.append(np.degrees(np.arctan2(down, across)))
    assert max(np.abs(angles)) < 21
    assert min(angles) < -5
    assert max(angles) > 5


@pytest.mark.parametrize(
    ("switch", "enhancer"),
    [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast), ("saturation", ImageEnhance.Color)],
)
def test_colours_change_as_pillow_changes_them(switch, enhancer):
    plain = Image.fromarray(to_input(scene(), preprocessing()))
    for view in (1, 2, 3, 4):
        made = make(AugmentConfig(**{switch: 0.4}), view)
        factors = np.linspace(0.6, 1.4, 161)
        distances = [apart(np.asarray(enhancer(plain).enhance(factor)), made) for factor in factors]
        assert min(distances) < 0.8
    assert len({round(float(make(AugmentConfig(**{switch: 0.4}), view).std()), 3) for view in range(1, 6)}) > 1


def test_hue_keeps_grey_and_brightness():
    grey = Image.new("RGB", (90, 90), (130, 130, 130))
    assert apart(make(AugmentConfig(hue=0.5), picture=grey), np.full((64, 64, 3), 130)) < 1
    red = make(AugmentConfig(hue=0.5), picture=Image.new("RGB", (90, 90), (150, 110, 110)))
    assert abs(red.reshape(-1, 3).mean(axis=0) @ [0.299, 0.587, 0.114] - (0.299 * 150 + 0.701 * 110)) < 1.5
    assert apart(red, np.full((64, 64, 3), (150, 110, 110))) > 2


def test_blur_noise_and_erasing_do_what_they_say():
    noisy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (73, 73, 3), dtype=np.uint8))
    sharp = to_input(noisy, preprocessing()).astype(float)
    assert make(AugmentConfig(blur=5), picture=noisy).std() < 0.7 * sharp.std()
    flat = Image.new("RGB", (80, 80), (120, 120, 120))
    grain = [make(AugmentConfig(noise=0.2), view, picture=flat).astype(float) - 120 for view in range(1, 12)]
    assert max(abs(values.mean()) for values in grain) < 2
    assert 5 < max(values.std() for values in grain) < 52
    covered = [(make(AugmentConfig(erase=0.3), view, picture=flat) == 128).all(axis=-1).mean() for view in range(1, 30)]
    assert 0.15 < max(covered) < 0.32


@settings(max_examples=80)
@given(
    st.integers(2, 400),
    st.integers(2, 400),
    st.sampled_from(["crop", "squeeze", "pad"]),
    st.builds(
        AugmentConfig,
        preset=st.just("custom"),
        flip_horizontal=st.booleans(),
        rotate=st.floats(0, 180),
        crop=st.floats(0.1, 1),
        saturation=st.floats(0, 1),
        blur=st.floats(0, 5),
        erase=st.floats(0, 0.5),
    ),
    st.integers(1, 20),
)
def test_any_picture_and_any_switches_give_an_input(width, height, fit, config, view):
    made = make(config, view, fit=fit, picture=Image.new("RGB", (width, height), (200, 30, 60)))
    assert made.shape == (64, 64, 3)
    assert made.dtype == np.uint8


@settings(max_examples=60)
@given(st.integers(2, 4000), st.integers(2, 4000), st.sampled_from(["crop", "squeeze", "pad"]), st.integers(1, 50))
def test_something_of_the_picture_is_always_seen(width, height, fit, view):
    config = AugmentConfig(rotate=45, crop=0.1, flip_horizontal=True)
    made = make(config, view, fit=fit, picture=Image.new("RGB", (width, height), (250, 0, 0)))
    assert (made[..., 0].astype(int) - made[..., 1] > 60).any() or min(width, height) / max(width, height) < 0.02


def test_quick_enough_to_train_with():
    """The aim is 4 ms for a photo of 500 pixels; a busy machine may take several times as long."""
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (375, 500, 3), dtype=np.uint8))
    chosen, config, times = preprocessing("crop", 224, 256), AugmentConfig(preset="standard"), []
    for view in range(1, 16):
        began = time.perf_counter()
        variant(photo, chosen, config, sha256=KEY, view=view, seed=0)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.012


def test_no_heavy_import():
    code = (
        "import sys; import clf_core.data.augmentation; "
        "sys.exit(int(bool({'torch', 'torchvision', 'cv2', 'scipy', 'pandas'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
