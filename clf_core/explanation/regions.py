"""Parts of a picture, and the picture with all but a part blurred away.

What is hidden is filled with a blur of what is left around it, each visible place weighing the more the nearer it is
(normalized convolution: Knutsson and Westin 1993, 'Normalized and differential convolution'). Blurring the hidden place
itself, as Fong and Vedaldi 2017 (arXiv:1704.03296) do, leaves its colours as a spot, and a network that knows shapes
answers by the spot; grey would be something it has never seen.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from clf_core.results.shortcut import View

EVIDENCE_SHARE = 0.9
"""Of the heatmap's mass, within the region where the network looked."""

LARGEST_REGION = 0.6
"""Of the picture's area: beyond that there would be no rest to speak of."""

CENTRE_SIDE = 0.7
"""Side of the centre, of that of the picture: half of the area is centre, half is border."""

_GRID = 32
"""Side of the small picture on which what is hidden is filled."""

_REACH = _GRID / 12
"""Standard deviation of the blur there; farther in, the mean of all that is visible takes over."""

_MEAN_WEIGHT = 1e-3

_SOFT_EDGE = 1 / 64
"""Standard deviation of the passage, of the picture's side: a hard edge would itself be a shape to recognise."""


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


def only(picture: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture within the region; elsewhere a blur of that, in which nothing of what is hidden is left.

    Args:
        picture: [S, S, 3] uint8.
        region: [S, S] bool, what stays visible, not empty.

    Returns:
        [S, S, 3] uint8.
    """
    mask = Image.fromarray(region.astype(np.uint8) * 255)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(_SOFT_EDGE * len(picture))), dtype=np.float32) / 255
    weight = np.where(region, soft, 0)[..., None]  # what is hidden must not shine through the soft edge
    mixed = weight * picture + (1 - weight) * _fill(picture, region)
    return np.rint(mixed).astype(np.uint8)


def views(picture: NDArray[np.uint8], heatmap: NDArray[np.float32] | None) -> Mapping[View, NDArray[np.uint8]]:
    """All that a network is asked of one picture but the picture itself.

    Args:
        picture: [S, S, 3] uint8.
        heatmap: [S, S]; None, or an empty one, leaves out the views that need it.

    Returns:
        view -> [S, S, 3] uint8.
    """
    centre = centre_region(len(picture))
    regions: dict[View, NDArray[np.bool_]] = {"centre": centre, "border": ~centre}
    evidence = None if heatmap is None else evidence_region(heatmap)
    if evidence is not None and evidence.any():
        regions |= {"evidence": evidence, "rest": ~evidence, "background": ~(evidence | centre)}
    return {view: only(picture, region) for view, region in regions.items() if region.any()}


def _fill(picture: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What the visible part looks like from afar, everywhere: [S, S, 3] float32."""
    visible = _shrunk(region.astype(np.float32))
    weight = (visible >= min(0.999, float(visible.max()))).astype(np.float32)  # cells with nothing hidden in them
    side, filled = len(picture), []
    spread = _spread(weight)
    for channel in range(3):
        seen = weight * _shrunk(picture[..., channel].astype(np.float32))
        mean = float(seen.sum() / weight.sum())
        cells = (_spread(seen) + _MEAN_WEIGHT * mean) / (spread + _MEAN_WEIGHT)
        filled.append(np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BILINEAR)))
    return np.stack(filled, axis=-1)


def _shrunk(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """[S, S] -> [G, G], means of cells."""
    return np.asarray(Image.fromarray(plane).resize((_GRID, _GRID), Image.Resampling.BOX), dtype=np.float32)


def _spread(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur [G, G] with a Gaussian; beyond the edge there is nothing."""
    steps = np.arange(_GRID)
    kernel = np.exp(-0.5 * ((steps[:, None] - steps) / _REACH) ** 2)
    kernel /= np.sqrt(2 * np.pi) * _REACH
    return np.asarray(kernel @ cells @ kernel.T, dtype=np.float32)
