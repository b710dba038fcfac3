"""The resize-and-crop in one step equals the usual two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clf_core.config import Preprocessing
from clf_core.data.transforms import to_input


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
