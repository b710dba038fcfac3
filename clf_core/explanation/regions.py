"""Parts of a picture, and the picture with all but a part blurred away.

Blurring takes away what is in a place without putting something else there that a network may never have seen, as a
grey patch would be (Fong and Vedaldi 2017, 'Interpretable explanations of black boxes by meaningful perturbation',
arXiv:1704.03296). Colours and their rough layout stay; shapes, edges and textures go.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from clf_core.results.shortcut import View

EVIDENCE_SHARE = 0.8
"""Of the heatmap's mass, within the region where the network looked."""

LARGEST_REGION = 0.6
"""Of the picture's area: beyond that there would be no rest to speak of."""

CENTRE_SIDE = 0.7
"""Side of the centre, of that of the picture: half of the area is centre, half is border."""

_BLUR = 1 / 6
"""Standard deviation of the blur, of the picture's side; a thing half as wide as the picture becomes a spot."""

_GRID = 24
"""Side of the small picture the blur is computed on; a standard deviation there is 4 pixels."""

_SOFT_EDGE = 1 / 32
"""Standard deviation of the passage between sharp and blurred: a hard one would itself be a shape to recognise."""


def evidence_region(heatmap: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The smallest part of a picture that holds most of a heatmap.

    Args:
        heatmap: [S, S], no value below 0.

    Returns:
        [S, S] bool; all False for an empty heatmap.
    """
    values = heatmap.astype(np.float64).ravel()
    region = np.zeros(values.shape, dtype=np.bool_)
    order = np.argsort(-values, kind="stable")
    held = np.cumsum(values[order])
    if held[-1] > 0:
        enough = int(np.searchsorted(held, EVIDENCE_SHARE * held[-1])) + 1
        region[order[: min(enough, int(LARGEST_REGION * len(values)))]] = True
    return region.reshape(heatmap.shape)


def centre_region(side: int) -> NDArray[np.bool_]:
    """[S, S] bool, the square in the middle that has half of the picture's area."""
    inside = np.abs(np.arange(side) + 0.5 - side / 2) < CENTRE_SIDE * side / 2
    return np.outer(inside, inside)


def share_at_border(heatmap: NDArray[np.float32]) -> float:
    """Share of a heatmap's mass outside the centre; NaN for an empty heatmap."""
    total = float(heatmap.sum(dtype=np.float64))
    if not total > 0:
        return float("nan")
    return 1 - float(heatmap[centre_region(len(heatmap))].sum(dtype=np.float64)) / total


def border_area(side: int) -> float:
    """Share of the picture's area outside the centre."""
    return 1 - float(centre_region(side).mean())


def blurred(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole picture blurred until only rough colours are left: [S, S, 3] uint8 for the same."""
    side = len(picture)
    small = Image.fromarray(picture).resize((_GRID, _GRID), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(_BLUR * _GRID))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))


def keep(picture: NDArray[np.uint8], blur: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture within the region and its blurred form elsewhere, with a soft edge.

    Args:
        picture, blur: [S, S, 3] uint8.
        region: [S, S] bool.

    Returns:
        [S, S, 3] uint8.
    """
    mask = Image.fromarray(region.astype(np.uint8) * 255)
    soft = mask.filter(ImageFilter.GaussianBlur(_SOFT_EDGE * len(picture)))
    return np.asarray(Image.composite(Image.fromarray(picture), Image.fromarray(blur), soft))


def views(picture: NDArray[np.uint8], heatmap: NDArray[np.float32] | None) -> Mapping[View, NDArray[np.uint8]]:
    """All that a network is asked of one picture but the picture itself.

    Args:
        picture: [S, S, 3] uint8.
        heatmap: [S, S]; None, or an empty one, leaves out the two views that need it.

    Returns:
        view -> [S, S, 3] uint8.
    """
    blur, centre = blurred(picture), centre_region(len(picture))
    made: dict[View, NDArray[np.uint8]] = {
        "centre": keep(picture, blur, centre),
        "border": keep(picture, blur, ~centre),
        "blurred": blur,
    }
    region = None if heatmap is None else evidence_region(heatmap)
    if region is not None and region.any():
        made["evidence"] = keep(picture, blur, region)
        made["rest"] = keep(picture, blur, ~region)
    return made
