"""Near duplicates: pictures that are the same but for size, compression, brightness or a slight crop.

First version of the interface; the search itself follows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures that look the same.

    Attributes:
        first, second: their places, first < second.
        similarity: 0..1, 1 for equal ones.
    """

    first: int
    second: int
    similarity: float


def find_copies(
    thumbs: NDArray[np.uint8],
    colours: NDArray[np.uint8] | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
) -> list[Pair]:
    """Find the pictures that are copies of each other.

    Args:
        thumbs: [N, 24, 24] uint8, see ``Facts.thumbs``.
        colours: [N, 4, 4, 3] uint8, see ``Facts.colours``; None to go by the grey values alone.
        cancelled: asked now and then; True stops the search with CancelledError.

    Returns:
        Pairs enough to connect all copies of a picture: not every pair of a large group is listed.
    """
    raise NotImplementedError


def components(count: int, pairs: Iterable[Pair] | Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Number the connected components that ``pairs`` make of ``count`` pictures.

    Returns:
        [count] int64, the component of each picture, numbered from 0 in order of their first picture.
    """
    raise NotImplementedError
