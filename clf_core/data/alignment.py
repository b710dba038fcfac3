"""Laying one small picture over another: are they the same but for a slight crop and the brightness?

Source of the method: B. Lucas & T. Kanade 1981, 'An iterative image registration technique'; gain and offset of
the brightness are solved for together with the geometry, as in S. Baker & I. Matthews 2004, 'Lucas-Kanade 20
years on', part 3.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 4
_MOST_SCALE = 0.13
"""Two crops of up to 5 % on each side differ by at most 1 / 0.9 in scale."""
_MOST_SHIFT = 0.11
"""Of the side; likewise."""
_STEP_LIMIT = 0.05
_DAMPING = 1e-3

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """How alike P pairs of pictures are once one is laid over the other.

    Attributes:
        overall: [P] float32, correlation along the colour axis in which the pair has most contrast, -1..1.
        detail: [P] float32, the same of what is left after a blur is taken away.
        colour: [P] float32, root mean square difference of Cb and Cr, 0..255 levels.
    """

    overall: Floats
    detail: Floats
    colour: Floats


def compare(luma: tuple[Floats, Floats], chroma: tuple[Floats, Floats]) -> Likeness:
    """Lay the first pictures over the second ones.

    Args:
        luma: [P, S, S] float32 of both, 0..255.
        chroma: [P, S / 2, S / 2, 2] float32 of both, Cb and Cr around 0.
    """
    first, second = _most_contrast(luma, chroma)
    scale, shift = _register(first, second)
    side = first.shape[1]
    moved, inside = _moved(first, scale, shift)
    gain = _gain(moved, second, inside)
    overall = _correlation(moved, second, inside)
    detail = _correlation(_detail(moved), _detail(second), inside)
    planes = [_moved(chroma[0][..., plane], scale, shift * (side // 2) / side) for plane in (0, 1)]
    root = np.sqrt(np.clip(gain, 0.25, 4))[:, None, None]
    apart = [
        ((chroma[1][..., plane] / root - pixels * root) ** 2 * within).sum((1, 2)) / within.sum((1, 2))
        for plane, (pixels, within) in enumerate(planes)
    ]
    return Likeness(overall, detail, np.sqrt((apart[0] + apart[1]) / 2))


def tangent_similarity(
    luma: tuple[Floats, Floats], chroma: tuple[Floats, Floats], project: Callable[[Floats, Floats], Floats]
) -> Floats:
    """How alike pairs are when the first ones may be shifted and scaled a little, to first order.

    Args:
        luma, chroma: as in ``compare``.
        project: linear; makes [P, D] of luma and chroma.

    Returns:
        [P] float32, 0..1: the correlation of the second with its best approximation by the first, its derivatives
        along each axis and its scalings along each axis.
    """
    parts: list[tuple[Floats, Floats]] = [(luma[0], chroma[0])]
    for axis in (1, 2):
        grey = _gradient(luma[0], axis)
        planes = _gradient(chroma[0], axis) * np.float32(0.5)  # a colour pixel is two grey ones wide
        parts.append((grey, planes))
        parts.append((grey * _ramp(grey, axis), 2 * planes * _ramp(planes, axis)))
    basis = np.stack([project(*part) for part in parts], axis=2)  # [P, D, 5]
    wanted = project(luma[1], chroma[1])
    orthonormal, _ = np.linalg.qr(basis)
    explained = (orthonormal.transpose(0, 2, 1) @ wanted[:, :, None])[:, :, 0]
    share = (explained**2).sum(1) / ((wanted**2).sum(1) + np.float32(1e-6))
    likeness: Floats = np.sqrt(np.minimum(share, 1))
    return likeness


def _gradient(pixels: Floats, axis: int) -> Floats:
    return np.asarray(np.gradient(pixels, axis=axis), dtype=np.float32)


def _ramp(pixels: Floats, axis: int) -> Floats:
    """Distance of each pixel from the centre along ``axis``, to be multiplied with ``pixels``."""
    side = pixels.shape[axis]
    shape = [1] * pixels.ndim
    shape[axis] = side
    ramp: Floats = (np.arange(side, dtype=np.float32) - (side - 1) / 2).reshape(shape)
    return ramp


def _most_contrast(luma: tuple[Floats, Floats], chroma: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """[P, S, S] of both: the colours projected on the axis along which the two together vary most.

    Mostly that is grey, but a red shape on a green ground may have no contrast in grey at all.
    """
    count, side = luma[0].shape[0], luma[0].shape[1]
    half = side // 2
    total = np.zeros((count, 3, 3), dtype=np.float32)
    for grey, planes in zip(luma, chroma, strict=True):
        coarse = grey.reshape(count, half, 2, half, 2).mean(axis=(2, 4))
        colours = np.stack([coarse, planes[..., 0], planes[..., 1]], axis=1).reshape(count, 3, -1)
        colours = colours - colours.mean(axis=2, keepdims=True)
        spread = colours @ colours.transpose(0, 2, 1)
        total += spread / (np.trace(spread, axis1=1, axis2=2)[:, None, None] + 1e-6)
    axis = np.linalg.eigh(total)[1][:, :, 2]  # [P, 3], the eigenvector of the largest eigenvalue
    enlarge = _enlarging(half)
    return (
        _along(axis, luma[0], chroma[0], enlarge),
        _along(axis, luma[1], chroma[1], enlarge),
    )


def _along(axis: Floats, grey: Floats, planes: Floats, enlarge: Floats) -> Floats:
    small = axis[:, 1, None, None] * planes[..., 0] + axis[:, 2, None, None] * planes[..., 1]
    projected: Floats = axis[:, 0, None, None] * grey + enlarge @ small @ enlarge.T
    return projected


def _enlarging(half: int) -> Floats:
    """[2 * half, half], linear interpolation to twice the side."""
    at = np.clip((np.arange(2 * half) - 0.5) / 2, 0, half - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(half))), dtype=np.float32)


def _register(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Scale and shift ([P, 2] each, vertical first, shift in pixels) that lay ``first`` over ``second``."""
    count, side = first.shape[:2]
    scale = np.ones((count, 2), dtype=np.float32)
    shift = np.zeros((count, 2), dtype=np.float32)
    ramp = (np.arange(side, dtype=np.float32) - (side - 1) / 2)[None, :]
    for _ in range(_STEPS):
        moved, inside = _moved(first, scale, shift)
        down, across = _gradient(moved, 1), _gradient(moved, 2)
        parts = (moved, down, down * ramp[:, :, None], across, across * ramp[:, None, :])
        jacobian = np.stack([_centred(part, inside) for part in parts], axis=1).reshape(count, len(parts), -1)
        normal = jacobian @ jacobian.transpose(0, 2, 1)
        wanted = jacobian @ _centred(second, inside).reshape(count, -1, 1)
        diagonal = np.einsum("pii->pi", normal)
        diagonal += _DAMPING * diagonal + 1e-3  # keeps pictures without gradients from dividing by zero
        solved = np.linalg.solve(normal, wanted)[:, :, 0]
        step = solved[:, 1:] / np.maximum(np.abs(solved[:, :1]), 0.2)
        shift += np.clip(step[:, [0, 2]], -_STEP_LIMIT * side, _STEP_LIMIT * side)
        scale += np.clip(step[:, [1, 3]], -_STEP_LIMIT, _STEP_LIMIT)
        np.clip(shift, -_MOST_SHIFT * side, _MOST_SHIFT * side, out=shift)
        np.clip(scale, 1 - _MOST_SCALE, 1 + _MOST_SCALE, out=scale)
    return scale, shift


def _moved(pixels: Floats, scale: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """Resample [P, S, S] about its centre; also [P, S, S] of 1 where that lies inside the picture, else 0."""
    down, rows = _resampling(pixels.shape[1], scale[:, 0], shift[:, 0])
    across, columns = _resampling(pixels.shape[2], scale[:, 1], shift[:, 1])
    moved = np.asarray(down @ pixels @ across.transpose(0, 2, 1), dtype=np.float32)
    inside: Floats = rows[:, :, None] * columns[:, None, :]
    return moved, inside


def _resampling(side: int, scale: Floats, shift: Floats) -> tuple[Floats, Floats]:
    """[P, S, S] matrices of cubic interpolation (R. Keys 1981), and [P, S] of 1 for rows inside, else 0."""
    centre = (side - 1) / 2
    at = centre + (np.arange(side, dtype=np.float32) - centre) * scale[:, None] + shift[:, None]
    inside = ((at > -0.6) & (at < side - 0.4)).astype(np.float32)
    apart = np.abs(np.clip(at, 0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32))
    near = (1.5 * apart - 2.5) * apart * apart + 1
    far = ((-0.5 * apart + 2.5) * apart - 4) * apart + 2
    weights: Floats = np.where(apart < 1, near, np.where(apart < 2, far, np.float32(0)))
    weights /= weights.sum(axis=2, keepdims=True)
    return weights, inside


def _centred(pixels: Floats, inside: Floats) -> Floats:
    mean = (pixels * inside).sum((1, 2)) / inside.sum((1, 2))
    centred: Floats = (pixels - mean[:, None, None]) * inside
    return centred


def _correlation(one: Floats, other: Floats, inside: Floats) -> Floats:
    one, other = _centred(one, inside), _centred(other, inside)
    product = (one * other).sum((1, 2))
    correlation: Floats = product / np.sqrt((one**2).sum((1, 2)) * (other**2).sum((1, 2)) + np.float32(1e-6))
    return correlation


def _gain(one: Floats, other: Floats, inside: Floats) -> Floats:
    """By how much brighter the other is, from how much more both vary: blind to an offset."""
    one, other = _centred(one, inside), _centred(other, inside)
    gain: Floats = np.sqrt(((other**2).sum((1, 2)) + 1e-3) / ((one**2).sum((1, 2)) + 1e-3))
    return gain


_BLUR = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16


def _detail(pixels: Floats) -> Floats:
    """What a binomial blur of 5 x 5 takes away."""
    side = pixels.shape[1]
    blurred = np.pad(pixels, ((0, 0), (2, 2), (2, 2)), mode="edge")
    blurred = np.stack([weight * blurred[:, at : at + side] for at, weight in enumerate(_BLUR)]).sum(axis=0)
    blurred = np.stack([weight * blurred[:, :, at : at + side] for at, weight in enumerate(_BLUR)]).sum(axis=0)
    detail: Floats = pixels - blurred
    return detail
