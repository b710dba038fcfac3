"""Heatmaps of many pictures side by side: which pictures, and how small they are drawn."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.explanation.overlay import colourise

MOST_MISTAKES = 1_000
"""Mistakes that are drawn, the surest ones."""

_MOST_RIGHT = 600
_MOST_PER_CLASS = 12
_LEAST_PER_CLASS = 2

TILE = 192
"""Longer side of a drawn picture, in pixels."""

_QUALITY = 82


@dataclass(frozen=True)
class Case:
    """A picture and what was said of it.

    Attributes:
        sha256: identifier of the picture.
        true, said: its class, and the one the model named.
        probability: of ``said``.
    """

    sha256: str
    true: str
    said: str
    probability: float


def per_class(classes: int) -> int:
    """Return how many pictures of each class are drawn beside the mistakes: 2 to 12, about 600 in all."""
    return min(_MOST_PER_CLASS, max(_LEAST_PER_CLASS, _MOST_RIGHT // max(classes, 1)))


def chosen(cases: Iterable[Case], classes: Sequence[str]) -> list[Case]:
    """Choose what to draw: the mistakes, the surest first, then recognised pictures class by class.

    Of each class those are taken that lie evenly between the surest and the least sure, so that the doubtful ones are
    among them.

    Args:
        cases: what was said of each picture; of a picture that comes twice, the first counts.
        classes: names in the order in which to draw them.
    """
    unique = list({case.sha256: case for case in reversed(list(cases))}.values())[::-1]
    surest = sorted(unique, key=lambda case: -case.probability)
    mistakes = [case for case in surest if case.true != case.said][:MOST_MISTAKES]
    right: dict[str, list[Case]] = {name: [] for name in classes}
    for case in surest:
        if case.true == case.said and case.true in right:
            right[case.true].append(case)
    number = per_class(len(classes))
    return mistakes + [case for name in classes for case in _evenly(right[name], number)]


def _evenly(cases: list[Case], number: int) -> list[Case]:
    if len(cases) <= number:
        return cases
    return [cases[place] for place in np.linspace(0, len(cases) - 1, number).round().astype(int)]


def picture_tile(picture: NDArray[np.uint8]) -> bytes:
    """Draw a picture small: [H, W, 3] uint8 RGB -> a WebP file."""
    return _small(picture)


def heat_tile(heatmap: NDArray[np.float32]) -> bytes:
    """Draw a heatmap small, in colours: [H, W] float32 in 0..1 -> a WebP file."""
    return _small(colourise(heatmap))


def _small(pixels: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()
