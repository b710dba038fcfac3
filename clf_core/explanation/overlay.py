"""Drawing a heatmap over its picture, and the legend that goes with it."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

COLOUR_MAP = "magma"
"""Perceptually uniform: equal steps of evidence look equally far apart, in grey and to the colour-blind too."""


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
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.shape[:2] != heatmap.shape:
        raise ValueError(f"need [H, W, 3] and [H, W], got {picture.shape} and {heatmap.shape}")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must lie in 0..1, got {opacity:g}")
    colours = colourise(heatmap).astype(np.float32)
    mixed = (1 - opacity) * picture.astype(np.float32) + opacity * colours
    return np.rint(mixed).astype(np.uint8)


def colourise(heatmap: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour each value: [..., 3] uint8 RGB for [...] values in 0..1; values outside are clipped."""
    steps = np.rint(np.clip(heatmap, 0, 1) * 255).astype(np.uint8)
    return _palette()[steps]


def legend(width: int = 256, height: int = 16) -> NDArray[np.uint8]:
    """The strip of colours from no evidence (left) to the strongest (right): [height, width, 3] uint8 RGB.

    Raises:
        ValueError: a side is less than 1 pixel.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a legend needs at least one pixel, got {width} x {height}")
    row = colourise(np.linspace(0, 1, width, dtype=np.float32))  # [width, 3]
    return np.broadcast_to(row, (height, width, 3)).copy()


@cache
def _palette() -> NDArray[np.uint8]:
    """[256, 3] uint8 RGB."""
    from matplotlib import colormaps

    colours = colormaps[COLOUR_MAP](np.arange(256))[:, :3]
    palette: NDArray[np.uint8] = np.rint(colours * 255).astype(np.uint8)
    return palette
