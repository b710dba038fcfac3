"""Pictures as a stream of network inputs, decoded in threads ahead of whoever consumes them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.data.augmentation import variant
from clf_core.data.decoding import decode
from clf_core.data.transforms import to_input
from clf_core.device import cpu_count
from clf_core.errors import NotFoundError, PictureError, StorageError

_MAX_THREADS = 16
_AHEAD_PER_THREAD = 4

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def input_from_bytes(data: bytes, preprocessing: Preprocessing, limits: ImportLimits) -> NDArray[np.uint8]:
    """Decode one picture file and make it a network input; the one way from file to input.

    JPEG files may be decoded at reduced scale, but never below twice the size needed, so that the
    resampling filter still averages over real pixels (as Pillow's ``reducing_gap=2``).

    Returns:
        [S, S, 3] uint8, see ``to_input``.

    Raises:
        PictureError: the file cannot be decoded.
    """
    return to_input(picture_from_bytes(data, preprocessing, limits), preprocessing)


def picture_from_bytes(data: bytes, preprocessing: Preprocessing, limits: ImportLimits) -> Image.Image:
    """The decoded picture that ``input_from_bytes`` makes an input of; same arguments, same errors."""
    return decode(data, limits, at_least=scale_needed(preprocessing.resize_size))


def scale_needed(resize_size: int) -> int:
    """Pixels each side keeps at least where a JPEG is decoded at reduced scale."""
    return 2 * resize_size


def load_inputs(
    keys: Sequence[str],
    read: Callable[[str], bytes],
    preprocessing: Preprocessing,
    limits: ImportLimits,
    threads: int | None = None,
) -> Iterator[NDArray[np.uint8]]:
    """Decode pictures in threads and yield them in the order of ``keys``.

    Args:
        keys: names of the pictures, such as the sha256 of stored ones.
        read: gives the file of a name, such as ``PictureStore.read``; called in threads.
        preprocessing: the model's.
        limits: caps for decoding.
        threads: how many decode at once; None for one per core. A few pictures per thread are decoded
            ahead, so memory does not grow with the dataset.

    Yields:
        [S, S, 3] uint8, one per key.

    Raises:
        PictureError: naming the file that cannot be read or decoded.
    """

    return load_made(keys, read, preprocessing, limits, lambda picture: to_input(picture, preprocessing), threads)


def load_made(
    keys: Sequence[str],
    read: Callable[[str], bytes],
    preprocessing: Preprocessing,
    limits: ImportLimits,
    make: Callable[[Image.Image], _Result],
    threads: int | None = None,
) -> Iterator[_Result]:
    """``load_inputs`` with something else made of each decoded picture; ``make`` is called in threads."""
    return map_ahead(lambda key: make(_picture(key, read, preprocessing, limits)), keys, threads)


@dataclass(frozen=True)
class Wanted:
    """Which inputs to make of one picture.

    Attributes:
        sha256: identifier of the picture; the variants depend on it.
        views: so many variants, numbered from 1, after the picture as it is.
    """

    sha256: str
    views: int


def load_views(
    items: Sequence[Wanted],
    read: Callable[[str], bytes],
    preprocessing: Preprocessing,
    augment: AugmentConfig,
    seed: int,
    limits: ImportLimits,
) -> Iterator[NDArray[np.uint8]]:
    """Decode pictures in threads, each once, and yield the inputs wanted of each, in the order of ``items``.

    Args:
        items: what to make of each picture.
        read: gives the file of a sha256, such as ``PictureStore.read``; called in threads.
        preprocessing: the model's.
        augment: how the variants are changed.
        seed: of the run.
        limits: caps for decoding.

    Yields:
        [S, S, 3] uint8.

    Raises:
        PictureError: naming the file that cannot be read or decoded.
    """

    def load(item: Wanted) -> list[NDArray[np.uint8]]:
        picture = _picture(item.sha256, read, preprocessing, limits)
        made = [to_input(picture, preprocessing)]
        for view in range(1, item.views + 1):
            made.append(variant(picture, preprocessing, augment, sha256=item.sha256, view=view, seed=seed))
        return made

    for made in map_ahead(load, items):
        yield from made


def _picture(key: str, read: Callable[[str], bytes], preprocessing: Preprocessing, limits: ImportLimits) -> Image.Image:
    try:
        return picture_from_bytes(read(key), preprocessing, limits)
    except (PictureError, NotFoundError, StorageError) as error:
        raise PictureError(f"{key}: {error.what}", why=error.why, remedy=error.remedy) from error


def map_ahead(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int | None = None
) -> Generator[_Result, None, None]:
    """Like ``map``, in threads and with a bounded number of results waiting.

    Results come in order and an exception of ``work`` comes in its place. Leaving the loop early drops
    what has not been started and waits for what has.
    """
    count = threads or min(cpu_count(), _MAX_THREADS)
    waiting: deque[Future[_Result]] = deque()
    executor = ThreadPoolExecutor(count, thread_name_prefix="decode")
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) >= count * _AHEAD_PER_THREAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
