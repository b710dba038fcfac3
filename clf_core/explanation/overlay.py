"""Drawing a heatmap over its picture, and the legend that goes with it."""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

_Paint = Callable[[NDArray[np.float32]], NDArray[np.uint8]]

COLOUR_MAP = "magma"
"""Perceptually uniform: equal steps of evidence look equally far apart, in grey and to the colour-blind too."""

DIFFERENCE_COLOUR_MAP = "PuOr_r"
"""For what lies on both sides of zero: purple, white, orange; the colour-blind can tell them apart (Brewer 2002)."""


def blend(picture: NDArray[np.uint8], heatmap: NDArray[np.float32], opacity: float) -> NDArray[np.uint8]:
    """Lay the coloured heatmap over the picture, equally opaque everywhere so that the legend holds.

    Args:
        picture: [H, W, 3] uint8 RGB.
        heatmap: [H, W] float32 in 0..1.
        opacity: 0 shows the picture alone, 1 the heatmap alone.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        ValueError: the sizes differ or the opacity lies outside 0..1.
    """
    return _mixed(picture, colourise, heatmap, opacity)


def blend_difference(picture: NDArray[np.uint8], difference: NDArray[np.float32], opacity: float) -> NDArray[np.uint8]:
    """Lay the coloured difference of two heatmaps over the picture; as ``blend``, for values in -1..1."""
    return _mixed(picture, colourise_difference, difference, opacity)


def colourise(heatmap: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour each value: [..., 3] uint8 RGB for [...] values in 0..1; values outside are clipped."""
    steps = np.rint(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)
    return np.asarray(_palette(COLOUR_MAP)[steps])


def colourise_difference(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour each value: [..., 3] uint8 RGB for [...] values in -1..1, purple to orange; those outside are clipped."""
    steps = np.rint(127.5 + 127.5 * np.clip(difference, -1, 1)).astype(np.uint8)
    return np.asarray(_palette(DIFFERENCE_COLOUR_MAP)[steps])


def legend(width: int = 256, height: int = 16) -> NDArray[np.uint8]:
    """The strip of colours from no evidence (left) to the strongest (right): [height, width, 3] uint8 RGB.

    Raises:
        ValueError: a side is less than 1 pixel.
    """
    return _strip(colourise, 0, width, height)


def difference_legend(width: int = 256, height: int = 16) -> NDArray[np.uint8]:
    """The strip from the second class's evidence (left, purple) to the first's (right, orange), as ``legend``."""
    return _strip(colourise_difference, -1, width, height)


def _mixed(picture: NDArray[np.uint8], paint: _Paint, values: NDArray[np.float32], opacity: float) -> NDArray[np.uint8]:
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.shape[:2] != values.shape:
        raise ValueError(f"need [H, W, 3] and [H, W], got {picture.shape} and {values.shape}")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie in 0..1, got {opacity:g}")
    mixed = (1 - opacity) * picture.astype(np.float32) + opacity * paint(values).astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def _strip(paint: _Paint, lowest: float, width: int, height: int) -> NDArray[np.uint8]:
    if width < 1 or height < 1:
        raise ValueError(f"a legend needs at least one pixel, got {width} x {height}")
    row = paint(np.linspace(lowest, 1, width, dtype=np.float32))  # [width, 3]
    return np.broadcast_to(row, (height, width, 3)).copy()


@cache
def _palette(name: str) -> NDArray[np.uint8]:
    """[256, 3] uint8 RGB."""
    from matplotlib import colormaps

    colours = colormaps[name](np.arange(256))[:, :3]
    palette: NDArray[np.uint8] = np.rint(colours * 255).astype(np.uint8)
    return palette
