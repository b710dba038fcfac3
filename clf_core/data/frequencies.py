"""Small pictures as their lowest frequencies: what survives shrinking and compression."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FREQUENCIES = 8
_COLOUR_FREQUENCIES = 3
_BLOCK = 2048


def describe(thumbs: NDArray[np.uint8], colours: NDArray[np.uint8]) -> Floats:
    """Low frequencies of grey and colour without their means.

    Args:
        thumbs: [N, 24, 24] uint8.
        colours: [N, 12, 12, 2] uint8, Cb and Cr.

    Returns:
        [N, 62] float32; the norm is 24 times the standard deviation of what is kept.
    """
    parts = [np.zeros((0, _basis().shape[1] + 2 * _colour_basis().shape[1]), dtype=np.float32)]
    for at in range(0, len(thumbs), _BLOCK):
        parts.append(project(*as_floats(thumbs, colours, slice(at, at + _BLOCK))))
    return np.concatenate(parts)


def as_floats(
    thumbs: NDArray[np.uint8], colours: NDArray[np.uint8], places: "slice | NDArray[np.int64]"
) -> tuple[Floats, Floats]:
    """Some of the pictures as [P, 24, 24] and [P, 12, 12, 2] float32, no colour being 0."""
    return thumbs[places].astype(np.float32), colours[places].astype(np.float32) - 128


def project(grey: Floats, planes: Floats) -> Floats:
    """[P, 62] float32, linear in both."""
    flat = planes.reshape(len(planes), -1, 2)
    colour = _colour_basis()
    return np.concatenate(
        [grey.reshape(len(grey), -1) @ _basis(), flat[..., 0] @ colour, flat[..., 1] @ colour], axis=1
    )


@cache
def _basis() -> Floats:
    return _cosines(24, _FREQUENCIES)


@cache
def _colour_basis() -> Floats:
    return 2 * _cosines(12, _COLOUR_FREQUENCIES)  # a colour pixel stands for 2 x 2 grey ones


def _cosines(side: int, highest: int) -> Floats:
    """[side * side, D], the functions of the orthonormal cosine transform (type 2) but for the constant one."""
    at = (np.arange(side) + 0.5) * np.pi / side
    waves = np.cos(np.arange(highest + 1)[:, None] * at) * np.sqrt(2 / side)
    waves[0] /= np.sqrt(2)
    chosen = [(v, u) for v in range(highest + 1) for u in range(highest + 1) if 0 < u + v <= highest]
    return np.stack([np.outer(waves[v], waves[u]).ravel() for v, u in chosen], axis=1).astype(np.float32)
