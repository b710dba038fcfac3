"""How many pictures a second a loaded network takes on this machine, decoding apart."""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clf_core.models.runtime import FeatureRuntime

_WARM_UP = 8
_PICTURES = 16
"""Different ones, so that no cache of the processor flatters the figure."""


def pictures_per_second(runtime: FeatureRuntime, seconds: float = 1.0) -> float:
    """Let ``runtime`` work on noise for about ``seconds`` and return its pace.

    The pace does not depend on what the pictures show. The first few, which wake its threads, are not counted.
    """
    size = runtime.spec.preprocessing.input_size
    pictures = np.random.default_rng(0).integers(0, 256, (_PICTURES, size, size, 3), dtype=np.uint8)
    for _ in runtime.stream(pictures[:_WARM_UP]):
        pass
    started, done = time.perf_counter(), 0
    for _ in runtime.stream(_until(started + seconds, pictures)):
        done += 1
    return done / (time.perf_counter() - started)


def _until(end: float, pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Hand out pictures until the time is over, at least one."""
    number = 0
    while number == 0 or time.perf_counter() < end:
        yield pictures[number % len(pictures)]
        number += 1
