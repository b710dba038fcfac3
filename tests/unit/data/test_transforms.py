"""Every way to make a square equals its reference: the usual two steps, Pillow's and torchvision's own."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from clf_core.config import Preprocessing
from clf_core.data.transforms import seen_box, shrunk, to_input


def preprocessing(size: int = 64, resize: int = 73, interpolation: str = "bicubic") -> Preprocessing:
    return Preprocessing(
        input_size=size, resize_size=resize, interpolation=interpolation, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)
    )


def two_steps(picture: Image.Image, settings: Preprocessing) -> np.ndarray:
    """torchvision's Resize and CenterCrop, written out."""
    width, height = picture.size
    shorter = settings.resize_size
    size = (shorter, int(shorter * height / width)) if width <= height else (int(shorter * width / height), shorter)
    resized = picture.resize(size, getattr(Image.Resampling, settings.interpolation.upper()))
    left, top = (round((side - settings.input_size) / 2) for side in size)
    return np.asarray(resized.crop((left, top, left + settings.input_size, top + settings.input_size)))


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


@given(st.integers(16, 200), st.integers(16, 200), st.integers(0, 40), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=120)
def test_equals_resize_then_crop(width: int, height: int, margin: int, interpolation: str) -> None:
    chosen = preprocessing(64, 64 + margin, interpolation)
    picture = noise(width, height)
    made = to_input(picture, chosen)
    assert made.shape == (64, 64, 3)
    assert made.dtype == np.uint8
    difference = np.abs(made.astype(int) - two_steps(picture, chosen))
    # Bicubic overshoots on noise, and what is clipped between the passes depends on their order.
    assert difference.max() <= (2 if interpolation == "bilinear" else 64)
    assert difference.mean() <= 1


def test_equals_resize_then_crop_on_a_smooth_picture() -> None:
    rows, columns = np.mgrid[0:300, 0:420]
    values = np.stack([rows * 0.8, columns * 0.6, 128 + 60 * np.sin(rows / 20) * np.cos(columns / 15)], axis=-1)
    picture = Image.fromarray(values.astype(np.uint8))
    chosen = preprocessing(224, 256)
    assert np.abs(to_input(picture, chosen).astype(int) - two_steps(picture, chosen)).max() <= 2


@pytest.mark.parametrize("size", [(4, 60_000), (60_000, 4)])
def test_a_long_strip_costs_no_more_than_a_photo(size: tuple[int, int]) -> None:
    assert to_input(Image.new("RGB", size, (1, 2, 3)), preprocessing(224, 256)).tolist()[0][0] == [1, 2, 3]


def test_the_result_may_be_written_to() -> None:
    made = to_input(noise(80, 90), preprocessing())
    made[0, 0] = 0
    assert made.flags.c_contiguous


def fitted(fit: str, size: int = 64, interpolation: str = "bicubic") -> Preprocessing:
    return preprocessing(size, size, interpolation).model_copy(update={"fit": fit, "mean": (0.2, 0.5, 1.0)})


@given(st.integers(2, 200), st.integers(2, 200), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=60)
def test_squeezing_shows_all_of_the_picture(width: int, height: int, interpolation: str) -> None:
    picture = noise(width, height)
    expected = picture.resize((64, 64), getattr(Image.Resampling, interpolation.upper()))
    assert (to_input(picture, fitted("squeeze", interpolation=interpolation)) == np.asarray(expected)).all()


@given(st.integers(2, 200), st.integers(2, 200), st.sampled_from(["bilinear", "bicubic"]))
@settings(max_examples=60)
def test_padding_equals_pillows(width: int, height: int, interpolation: str) -> None:
    picture = noise(width, height)
    kernel = getattr(Image.Resampling, interpolation.upper())
    made = to_input(picture, fitted("pad", interpolation=interpolation))
    if min(round(height / width * 64), round(width / height * 64)) >= 1:  # Pillow's own fails on thinner ones
        assert (made == np.asarray(ImageOps.pad(picture, (64, 64), kernel, color=(51, 128, 255)))).all()
    assert made.shape == (64, 64, 3)


def test_a_square_picture_is_the_same_squeezed_or_padded() -> None:
    picture = noise(90, 90)
    assert (to_input(picture, fitted("squeeze")) == to_input(picture, fitted("pad"))).all()


def test_geometry_is_that_of_torchvision() -> None:
    from torchvision.transforms import functional

    picture = noise(300, 210)
    squeezed = functional.resize(picture, [64, 64], functional.InterpolationMode.BICUBIC)
    assert (to_input(picture, fitted("squeeze")) == np.asarray(squeezed)).all()
    resized = functional.resize(picture, [73], functional.InterpolationMode.BICUBIC)
    cut = np.asarray(functional.center_crop(resized, [64, 64])).astype(int)
    assert np.abs(to_input(picture, preprocessing(64, 73)).astype(int) - cut).mean() <= 1


@pytest.mark.parametrize("fit", ["crop", "squeeze", "pad"])
@pytest.mark.parametrize("size", [(10, 100_000), (100_000, 10)])
def test_extreme_shapes_cost_no_more_than_a_photo(size: tuple[int, int], fit: str) -> None:
    def best_of_five(picture: Image.Image) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            assert to_input(picture, fitted(fit, 224)).shape == (224, 224, 3)
            times.append(time.perf_counter() - began)
        return min(times)

    photo = best_of_five(Image.new("RGB", (1000, 1000)))  # as many pixels
    assert best_of_five(Image.new("RGB", size)) < 8 * photo


def test_the_bars_are_nothing_to_the_network() -> None:
    made = to_input(Image.new("RGB", (100, 50), (0, 255, 0)), fitted("pad"))
    assert {tuple(pixel) for pixel in made[:16].reshape(-1, 3).tolist()} == {(51, 128, 255)}
    assert {tuple(pixel) for pixel in made[16:48].reshape(-1, 3).tolist()} == {(0, 255, 0)}
    assert {tuple(pixel) for pixel in made[48:].reshape(-1, 3).tolist()} == {(51, 128, 255)}


def test_what_is_seen_as_a_box_on_the_picture() -> None:
    assert seen_box((200, 100), fitted("squeeze")) == (0, 0, 200, 100)
    assert seen_box((200, 100), fitted("pad")) == (0, -50, 200, 150)
    assert seen_box((200, 100), fitted("crop")) == (50, 0, 150, 100)


@given(st.integers(2, 3000), st.integers(2, 3000), st.integers(2, 500))
def test_a_shrunk_picture_keeps_its_shape(width: int, height: int, longest: int) -> None:
    made = shrunk(Image.new("L", (width, height)), longest)
    assert max(made.shape) == min(longest, max(width, height))
    if min(made.shape) > 1:
        assert made.shape[0] / made.shape[1] == pytest.approx(height / width, rel=0.5)
