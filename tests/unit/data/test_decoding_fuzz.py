"""Damaged files: each is decoded or refused with a reason, and none takes long."""

import io
import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.decoding import decode
from clf_core.errors import PictureError

FORMATS = (
    "JPEG",
    "progressive JPEG",
    "PNG",
    "palette PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "packed TIFF",
    "AVIF",
    "HEIF",
)
CASES_PER_FORMAT = 28


def truncate(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, len(data)) :]


def flip_bits(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 32))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def edit_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3))):
        place = chance.randrange(4, min(len(data), 64))
        data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))


def insert_and_delete(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.randrange(1, 64))
    place = chance.randrange(len(data))
    del data[place : place + chance.randrange(1, 64)]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    truncate,
    flip_bits,
    edit_header,
    insert_and_delete,
)


def sound(kind: str) -> bytes:
    rows, columns = np.mgrid[0:40, 0:56]
    noise = np.random.default_rng(1).integers(0, 60, (40, 56, 3))
    values = np.stack([rows * 4, columns * 3, rows + columns], axis=-1) + noise
    picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    if kind.startswith("palette"):
        picture = picture.quantize(32)
    options = {
        "progressive JPEG": {"progressive": True},
        "packed TIFF": {"compression": "tiff_adobe_deflate"},
    }.get(kind, {})
    buffer = io.BytesIO()
    picture.save(buffer, kind.split()[-1], **options)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns about what it tolerates
@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_are_decoded_or_refused(kind: str) -> None:
    limits = ImportLimits(max_pixels=4_000_000)
    original = sound(kind)
    assert decode(original, limits).size == (56, 40)
    refused = 0
    for case in range(CASES_PER_FORMAT):
        chance = random.Random(f"{kind} {case}")  # a failure names the case that repeats it
        data = bytearray(original)
        MUTATIONS[case % len(MUTATIONS)](data, chance)
        started = time.monotonic()
        try:
            assert decode(bytes(data), limits).mode == "RGB", case
        except PictureError:
            refused += 1
        assert time.monotonic() - started < 10, case
    assert refused > 0, "no damage was noticed, so this test shows nothing"
