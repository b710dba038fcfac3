"""Variants of a whole batch at once, in torch, on the device: the switches of ``AugmentConfig`` for training in epochs.

The same switches with the same bounds as ``data.augmentation``, which makes single variants for people to look at and
for the quick preset. What differs: pixels are not rounded to whole levels between the steps, resampling is bilinear
from the cached square and not from the original picture, and the chances come from another generator.

Chances are a pure function of (seed, epoch, row, number of the chance): SplitMix64 (Steele, Lea and Flood, "Fast
Splittable Pseudorandom Number Generators", 2014) over a counter, for all rows at once. There is no state, so it does
not matter in which order, in which batch, after which resumption or in which process a row is asked for.

Processor time for 32 pictures of 224 px (AMD EPYC): as they are 4 ms, light 28, standard 38, strong 73, where a step of
lite0 takes 2,600. The grid for grid_sample is put together from outer sums, as affine_grid's matrix product alone took
33 ms; the colours of a picture are changed by one 3 x 4 matrix.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from clf_core.config import AugmentConfig, Preprocessing
from clf_core.data.augmentation import FROM_YIQ, LEAST_BLUR, LONGEST_SIDE, LUMA, TO_YIQ
from clf_core.data.transforms import mean_colour

_CHANCES = (
    "flip_horizontal",
    "flip_vertical",
    "angle",
    "zoom",
    "across",
    "down",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "blur",
    "noise",
    "erase",
    "erase_shape",
    "erase_across",
    "erase_down",
    "grain",
)
"""All are drawn whatever the switches, so that moving one switch changes nothing else."""

Chances = dict[str, NDArray[np.float64]]
"""Name -> [B], uniform in 0..1."""


@dataclass(frozen=True)
class Geometry:
    """Where on the cached pixels the network's square lies.

    Attributes:
        margin: pixels around the square.
        side: of the square, S.
        extents: [B, 2] float32, the shares of the square's width and height that the picture fills, in its middle.
    """

    margin: int
    side: int
    extents: NDArray[np.float32]


@torch.no_grad()
def augment_batch(
    pixels: torch.Tensor,
    rows: NDArray[np.int64],
    epoch: int,
    seed: int,
    switches: AugmentConfig,
    geometry: Geometry,
    preprocessing: Preprocessing,
) -> torch.Tensor:
    """Change each picture of a batch a little, by chance and repeatably.

    Args:
        pixels: [B, P, P, 3] uint8, P = S + 2 margin.
        rows: [B] numbers of the pictures, on which the chances depend.
        epoch: likewise.
        seed: likewise; of the run.
        switches: resolved (``AugmentConfig.resolved``); with every switch off the result is ``normalised``'s.
        preprocessing: mean, std and colour of bars.

    Returns:
        [B, 3, S, S] float32, normalised, contiguous.
    """
    drawn = chances(seed, epoch, rows)
    images = _cut_out(pixels, switches, geometry, drawn)  # [B, 3, S, S], levels 0..255
    images = _recolour(images, switches, drawn)
    if switches.blur:
        images = _blurred(images, switches.blur * drawn["blur"])
    if switches.noise:
        images = _grained(images, 255 * switches.noise * drawn["noise"], drawn["grain"])
    if switches.erase:
        _cover(images, switches.erase * drawn["erase"], mean_colour(preprocessing), drawn)
    return _normalise(images, preprocessing)


@torch.no_grad()
def normalised(pixels: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """[B, S, S, 3] uint8 -> [B, 3, S, S] float32, as the network expects them; contiguous."""
    return _normalise(_planes(pixels), preprocessing)


def chances(seed: int, epoch: int, rows: NDArray[np.int64]) -> Chances:
    """Uniform numbers in 0..1 for these rows of this epoch, [B] float64 by name."""
    with np.errstate(over="ignore"):  # 64-bit integers are meant to wrap around
        key = _mixed(_mixed(np.uint64(seed) + _STEP) ^ np.uint64(epoch))
        keys = _mixed(key ^ rows.astype(np.uint64))  # [B]
        counters = np.arange(1, len(_CHANCES) + 1, dtype=np.uint64)[:, None] * _STEP
        drawn = _mixed(keys + counters)  # [chances, B]
    uniform = (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
    return dict(zip(_CHANCES, uniform, strict=True))


_STEP = np.uint64(0x9E3779B97F4A7C15)


def _mixed(values: "NDArray[np.uint64] | np.uint64") -> NDArray[np.uint64]:
    """SplitMix64's finaliser."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)), dtype=np.uint64)


def _planes(pixels: torch.Tensor) -> torch.Tensor:
    """[B, P, P, 3] uint8 -> [B, 3, P, P] float32. The bytes are reordered, a quarter of the floats' work."""
    return pixels.permute(0, 3, 1, 2).contiguous().float()


def _normalise(images: torch.Tensor, preprocessing: Preprocessing) -> torch.Tensor:
    """Levels 0..255 -> (x / 255 - mean) / std, in place."""
    std = torch.tensor(preprocessing.std, device=images.device).view(1, 3, 1, 1)
    mean = torch.tensor(preprocessing.mean, device=images.device).view(1, 3, 1, 1)
    return images.div_(255).sub_(mean).div_(std)


def _column(values: NDArray[np.float64], like: torch.Tensor, dims: int) -> torch.Tensor:
    """[B] as float32 on the device, with ``dims`` axes."""
    tensor = torch.from_numpy(values.astype(np.float32)).to(like.device)
    return tensor.view(-1, *[1] * (dims - 1))


def _cut_out(pixels: torch.Tensor, switches: AugmentConfig, geometry: Geometry, drawn: Chances) -> torch.Tensor:
    """Enlarge, turn and mirror: [B, 3, S, S] float32."""
    side, margin = geometry.side, geometry.margin
    mirrored = np.where(drawn["flip_horizontal"] < 0.5, -1.0, 1.0) if switches.flip_horizontal else np.ones(len(pixels))
    headlong = np.where(drawn["flip_vertical"] < 0.5, -1.0, 1.0) if switches.flip_vertical else np.ones(len(pixels))
    if not switches.rotate and switches.crop == 1:
        images = _planes(pixels[:, margin : margin + side, margin : margin + side])
        for values, axis in ((mirrored, 3), (headlong, 2)):
            chosen = torch.from_numpy(values < 0).to(images.device)
            if bool((values < 0).any()):
                images[chosen] = images[chosen].flip(axis)
        return images
    zoom = np.sqrt(1 - drawn["zoom"] * (1 - switches.crop))
    angle = np.radians((2 * drawn["angle"] - 1) * switches.rotate)
    left = _slide(geometry.extents[:, 0], side, zoom * side, drawn["across"])
    top = _slide(geometry.extents[:, 1], side, zoom * side, drawn["down"])
    middle_x, middle_y = margin + left + zoom * side / 2, margin + top + zoom * side / 2
    cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    images = _planes(pixels)
    grid = _grid(
        images,
        side,
        ((cosine * mirrored, sine * headlong, middle_x), (-sine * mirrored, cosine * headlong, middle_y)),
    )
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _slide(
    extent: NDArray[np.float32], side: int, length: NDArray[np.float64], chance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where windows of ``length`` within 0..side begin, so that each lies on its picture or else holds all of it.

    The batch's form of ``data.augmentation``'s rule: a window on nothing but bars would teach a wrong label.
    """
    first = side * (1 - extent.astype(np.float64)) / 2
    last = side - first
    fits = length <= last - first
    lowest = np.where(fits, first, np.maximum(0, last - length))
    highest = np.where(fits, last - length, np.minimum(first, side - length))
    return np.asarray(lowest + chance * (highest - lowest))


_Row = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _grid(images: torch.Tensor, side: int, matrix: tuple[_Row, _Row]) -> torch.Tensor:
    """From each pixel of the result to where it comes from: [B, S, S, 2] in grid_sample's -1..1.

    Args:
        matrix: per axis x and y the factors of the result's offsets from its middle, and where the middle lies, all in
            pixels of ``images``.
    """
    offsets = torch.arange(side, device=images.device, dtype=torch.float32) + (0.5 - side / 2)
    across, down = offsets.view(1, 1, -1), offsets.view(1, -1, 1)
    grid = images.new_empty((len(images), side, side, 2))
    scale = 2 / images.shape[-1]
    for axis, (by_x, by_y, middle) in enumerate(matrix):
        from_x = _column(by_x * scale, images, 3) * across + _column(middle * scale - 1, images, 3)  # [B, 1, S]
        torch.add(from_x, _column(by_y * scale, images, 3) * down, out=grid[..., axis])
    return grid


def _recolour(images: torch.Tensor, switches: AugmentConfig, drawn: Chances) -> torch.Tensor:
    """Brightness, contrast, saturation and hue in one matrix per picture; see ``data.augmentation``."""
    if not (switches.brightness or switches.contrast or switches.saturation or switches.hue):
        return images
    brightness = 1 + (2 * drawn["brightness"] - 1) * switches.brightness
    contrast = 1 + (2 * drawn["contrast"] - 1) * switches.contrast
    saturation = (1 + (2 * drawn["saturation"] - 1) * switches.saturation)[:, None, None]
    turn = 2 * math.pi * (2 * drawn["hue"] - 1) * switches.hue
    colours = saturation * np.eye(3) + (1 - saturation) * np.outer(np.ones(3), LUMA)
    if switches.hue:
        turned = np.zeros((len(turn), 3, 3))
        turned[:, 0, 0] = 1
        turned[:, 1, 1] = turned[:, 2, 2] = np.cos(turn)
        turned[:, 2, 1] = np.sin(turn)
        turned[:, 1, 2] = -turned[:, 2, 1]
        colours = FROM_YIQ @ turned @ TO_YIQ @ colours
    matrix = torch.from_numpy(((brightness * contrast)[:, None, None] * colours).astype(np.float32)).to(images.device)
    flat = images.flatten(2)  # [B, 3, S * S]
    grey = flat.mean(dim=2) @ torch.tensor(LUMA, dtype=torch.float32, device=images.device)  # [B]
    shift = _column((1 - contrast) * brightness, images, 1) * grey
    changed = torch.baddbmm(shift.view(-1, 1, 1), matrix, flat)
    return changed.clamp_(0, 255).view_as(images)


def _blurred(images: torch.Tensor, radii: NDArray[np.float64]) -> torch.Tensor:
    """Gaussian blur with a standard deviation of its own for each picture; borders are repeated."""
    chosen = np.flatnonzero(radii > LEAST_BLUR)
    if not len(chosen):
        return images
    rows = torch.from_numpy(chosen).to(images.device)
    reach = math.ceil(3 * radii.max())
    taps = np.arange(-reach, reach + 1)
    kernels = np.exp(-0.5 * (taps / radii[chosen, None]) ** 2)  # [b, T]
    kernels /= kernels.sum(axis=1, keepdims=True)
    weights = torch.from_numpy(np.repeat(kernels, 3, axis=0).astype(np.float32)).to(images.device)[:, None, None]
    count, side = len(weights), images.shape[-1]
    padded = functional.pad(images[rows], (reach,) * 4, mode="replicate").view(1, count, side + 2 * reach, -1)
    across = functional.conv2d(padded, weights, groups=count)
    images[rows] = functional.conv2d(across, weights.transpose(2, 3), groups=count).view(-1, 3, side, side)
    return images


def _grained(images: torch.Tensor, deviations: NDArray[np.float64], keys: NDArray[np.float64]) -> torch.Tensor:
    """Add noise of its own deviation, in levels, to each picture; each row's generator begins with its own chance."""
    generator = torch.Generator(images.device)
    grain = torch.empty_like(images[0])
    for image, deviation, key in zip(images, deviations.tolist(), keys.tolist(), strict=True):
        generator.manual_seed(int(key * 2**53))
        image.add_(grain.normal_(0, 1, generator=generator), alpha=deviation)
    return images.clamp_(0, 255)


def _cover(images: torch.Tensor, shares: NDArray[np.float64], colour: tuple[int, int, int], drawn: Chances) -> None:
    """Cover a rectangle of its own share of the area of each picture, in place (Zhong et al., 2020)."""
    side = images.shape[-1]
    fill = torch.tensor(colour, dtype=images.dtype, device=images.device).view(3, 1, 1)
    stretch = LONGEST_SIDE ** (drawn["erase_shape"] - 0.5)  # height over width is the square of this
    heights = np.minimum(side, np.rint(side * np.sqrt(shares) * stretch)).astype(int)
    widths = np.minimum(side, np.rint(side * np.sqrt(shares) / stretch)).astype(int)
    tops = (drawn["erase_down"] * (side - heights + 1)).astype(int)
    lefts = (drawn["erase_across"] * (side - widths + 1)).astype(int)
    for image, top, left, height, width in zip(images, tops, lefts, heights, widths, strict=True):
        image[:, top : top + height, left : left + width] = fill
