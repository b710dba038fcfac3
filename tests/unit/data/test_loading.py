"""The stream of inputs: order, bounded look-ahead, errors that name their file."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportLimits, Preprocessing
from clf_core.data.loading import input_from_bytes, load_inputs, map_ahead
from clf_core.errors import ClfError, NotFoundError, PictureError, StorageError

PREPROCESSING = Preprocessing(input_size=32, resize_size=36, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


@pytest.fixture
def stored(picture_bytes: Callable[..., bytes]) -> dict[str, bytes]:
    return {f"{number}": picture_bytes((number * 6, 10, 10)) for number in range(40)}


@pytest.mark.parametrize("threads", [None, 1, 3])
def test_inputs_come_in_order(stored: dict[str, bytes], limits: ImportLimits, threads: int | None) -> None:
    inputs = list(load_inputs(list(stored), stored.__getitem__, PREPROCESSING, limits, threads))
    assert [int(made[0, 0, 0]) for made in inputs] == [number * 6 for number in range(40)]
    assert {made.shape for made in inputs} == {(32, 32, 3)}


@pytest.mark.fault("B3")
def test_one_picture_and_a_stream_give_the_same_pixels(
    picture_bytes: Callable[..., bytes], limits: ImportLimits
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    data = picture_bytes(Image.fromarray(noise), "JPEG")
    (streamed,) = load_inputs(["noise"], {"noise": data}.__getitem__, PREPROCESSING, limits)
    assert (streamed == input_from_bytes(data, PREPROCESSING, limits)).all()


def test_a_damaged_file_is_named(stored: dict[str, bytes], limits: ImportLimits) -> None:
    stored["7"] = b"not a picture any more"
    inputs = load_inputs(list(stored), stored.__getitem__, PREPROCESSING, limits)
    for _ in range(7):
        next(inputs)
    with pytest.raises(PictureError, match=r"^7: A text file"):
        next(inputs)


@pytest.mark.parametrize("error", [NotFoundError, StorageError])
def test_a_missing_file_is_named(stored: dict[str, bytes], limits: ImportLimits, error: type[ClfError]) -> None:
    def read(key: str) -> bytes:
        raise error("There is no such picture", why="It was swept", remedy="Import it")

    with pytest.raises(PictureError, match=r"^0: There is no such picture") as caught:
        next(load_inputs(list(stored), read, PREPROCESSING, limits))
    assert (caught.value.why, caught.value.remedy) == ("It was swept", "Import it")


def test_look_ahead_is_bounded() -> None:
    started = []

    def work(item: int) -> int:
        started.append(item)
        return item

    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    results = map_ahead(work, endless(), threads=2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    results.close()
    assert len(started) <= 5 + 2 * 4


def test_leaving_early_stops_the_threads() -> None:
    release = threading.Event()
    results = map_ahead(lambda item: release.wait(5) if item else True, range(50), threads=2)
    next_done = threading.Thread(target=lambda: next(results))
    next_done.start()
    next_done.join(5)
    release.set()
    before = time.monotonic()
    results.close()
    assert time.monotonic() - before < 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
