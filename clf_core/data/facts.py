"""What was measured of each picture when it was imported, as a table beside the manifest.

The key is the sha256 of the stored file: facts hold for every version and every place a picture stands in.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.data import columns
from clf_core.errors import StorageError
from clf_core.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

THUMB_SIDE = 24
"""Pixels; side of the grey picture that copies are found by."""

CHROMA_SIDE = 12
"""Pixels; side of the colour planes that go with the thumb and tell a red circle from a green one."""

MEASURED_SIDE = 128
"""Pixels; pictures are measured on a copy whose sides are at most this, so that sizes can be compared."""

NUMBERS = (
    *("brightness", "contrast", "sharpness", "saturation", "entropy"),
    *("border_r", "border_g", "border_b", "border_std"),
    *(f"corner{corner}_{channel}" for corner in range(4) for channel in "rgb"),
)
"""Columns of float32, in the order of a record; what they hold is told by ``measure``."""

_THUMB_BYTES = THUMB_SIDE * THUMB_SIDE
_CHROMA_BYTES = CHROMA_SIDE * CHROMA_SIDE * 2
_PACKED = struct.Struct(f"<{_THUMB_BYTES}s{_CHROMA_BYTES}s{len(NUMBERS)}f")
_RECORD = np.dtype(
    [
        ("thumb", np.uint8, (THUMB_SIDE, THUMB_SIDE)),
        ("chroma", np.uint8, (CHROMA_SIDE, CHROMA_SIDE, 2)),
        ("numbers", "<f4", (len(NUMBERS),)),
    ]
)
_ROWS_AT_ONCE = 8192
_SMALL_SIDE = 32
_RING = 10
"""The border is the outer 1/10 on each side, and a corner is 1/10 of both sides."""


def measure(picture: Image.Image) -> bytes:
    """Measure one decoded picture on small copies of it.

    All is measured after squeezing the picture to at most 128 x 128 pixels (never enlarging it), so that the
    numbers of large and small pictures can be compared.

    - brightness, contrast: mean and standard deviation of the grey values, 0..255.
    - sharpness: variance of the Laplacian (4-neighbours) divided by the variance of the grey values, so that a
      dull picture is not taken for a blurred one (Pech-Pacheco et al. 2000, 'Diatom autofocusing', variance of
      the Laplacian; the division is ours). 0 for one even colour. White noise gives 20; photographs in focus
      0.1 to 2, blurred ones less than 0.02.
    - saturation: mean of the HSV saturation, 0..255.
    - entropy: bits, of the grey histogram, 0..8.
    - border_r, border_g, border_b, border_std: mean colour of the outer tenth, and the standard deviation of its
      grey values.
    - corner0 to corner3, each _r, _g, _b: mean colour of the corners top left, top right, bottom left, bottom right.

    Args:
        picture: mode RGB, any size of at least 2 x 2.

    Returns:
        One record for ``Facts.of``: the thumb, its colour planes and ``NUMBERS``, packed.
    """
    width, height = picture.size
    grey = picture.convert("L").resize((min(width, MEASURED_SIDE), min(height, MEASURED_SIDE)), Image.Resampling.BOX)
    thumb = grey.resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.BILINEAR)
    small = picture.reduce(_factors(width, height))
    chroma = small.resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BILINEAR).convert("YCbCr")
    brightness, contrast, entropy = _of_histogram(np.array(grey.histogram(), dtype=np.float64))
    saturation, border_and_corners, border_std = _of_colour(np.asarray(small))
    return _PACKED.pack(
        thumb.tobytes(),
        np.asarray(chroma)[:, :, 1:].tobytes(),
        brightness,
        contrast,
        _sharpness(np.asarray(grey), contrast),
        saturation,
        entropy,
        *border_and_corners[:3],
        border_std,
        *border_and_corners[3:],
    )


def _factors(width: int, height: int) -> tuple[int, int]:
    """By which whole numbers to shrink to about 32 pixels or more; the same in both directions is twice as fast."""
    across, down = max(1, width // _SMALL_SIDE), max(1, height // _SMALL_SIDE)
    return (min(across, down),) * 2 if max(across, down) <= 2 * min(across, down) else (across, down)


_GREYS = np.arange(256, dtype=np.float64)
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's mode L


def _of_histogram(counts: NDArray[np.float64]) -> tuple[float, float, float]:
    """Brightness, contrast and entropy of [256] counts of grey values."""
    shares = counts / counts.sum()
    mean = float(shares @ _GREYS)
    variance = max(0.0, float(shares @ (_GREYS * _GREYS)) - mean * mean)
    found = shares[shares > 0]
    return mean, variance**0.5, abs(float(found @ np.log2(found)))


def _sharpness(grey: NDArray[np.uint8], contrast: float) -> float:
    """Variance of the Laplacian of [H, W] over that of the grey values."""
    if min(grey.shape) < 3 or contrast == 0:
        return 0.0
    wide = grey.astype(np.int16)
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1]
    values = laplacian.astype(np.float32).ravel()
    mean = float(values.sum()) / values.size
    return max(0.0, float(values @ values) / values.size - mean * mean) / contrast**2


def _of_colour(small: NDArray[np.uint8]) -> tuple[float, list[float], float]:
    """Saturation, mean colours of border and corners (15 numbers), and contrast of the border, of [H, W, 3]."""
    height, width = small.shape[:2]
    pixels = small.reshape(-1, 3).astype(np.float32)
    red, green, blue = pixels.T
    most = np.maximum(np.maximum(red, green), blue)
    least = np.minimum(np.minimum(red, green), blue)
    saturation = 255 * float(((most - least) / np.maximum(most, 1)).sum()) / len(pixels)
    regions = _regions(height, width)
    luma = pixels @ _LUMA
    apart = luma - regions[0] @ luma
    spread = float(regions[0] @ (apart * apart))
    return saturation, (regions @ pixels).ravel().tolist(), spread**0.5


@lru_cache(maxsize=64)
def _regions(height: int, width: int) -> NDArray[np.float32]:
    """[5, H * W], weights that average over the border and over each corner of a picture of that size."""
    rows, across = max(1, height // _RING), max(1, width // _RING)
    weights = np.zeros((5, height, width), dtype=np.float32)
    weights[0] = 1
    weights[0, rows:-rows, across:-across] = 0
    for corner, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), start=1):
        weights[
            corner, -rows if down else 0 : None if down else rows, -across if right else 0 : None if right else across
        ] = 1
    flat = weights.reshape(5, -1)
    averaging: NDArray[np.float32] = flat / flat.sum(axis=1, keepdims=True)
    return averaging


class Facts:
    """Rows of measurements, one per sha256; never changed after construction."""

    def __init__(self, keys: NDArray[np.bytes_], records: NDArray[np.void]) -> None:
        """Wrap N keys of 32 raw bytes and N records."""
        self._keys = keys
        self._records = records
        self._order = np.argsort(keys, kind="stable")

    @classmethod
    def of(cls, rows: Iterable[tuple[str, bytes]]) -> Self:
        """Collect (sha256, what ``measure`` returned); of a picture given twice the first row is kept."""
        listed = list(rows)
        return cls.packed([sha256 for sha256, _ in listed], b"".join(record for _, record in listed))

    @classmethod
    def packed(cls, sha256s: Sequence[str], records: bytes | bytearray) -> Self:
        """As ``of``, of records put one behind the other; they are not copied."""
        return cls._first_rows(_keys(sha256s), np.frombuffer(records, dtype=_RECORD))

    @classmethod
    def joined(cls, parts: Iterable["Facts"]) -> Self:
        """All rows of all parts; a picture measured twice keeps its first row."""
        listed: list[Facts] = [cls.empty(), *parts]
        keys = np.concatenate([part._keys for part in listed])
        return cls._first_rows(keys, np.concatenate([part._records for part in listed]))

    @classmethod
    def _first_rows(cls, keys: NDArray[np.bytes_], records: NDArray[np.void]) -> Self:
        _, first = np.unique(keys, return_index=True)
        first.sort()
        return cls(keys, records) if len(first) == len(keys) else cls(keys[first], records[first])

    @classmethod
    def empty(cls) -> Self:
        """Facts of no picture."""
        return cls(_keys([]), np.zeros(0, dtype=_RECORD))

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Self:
        """Read the facts that several imports left; a picture measured twice keeps its first row.

        Raises:
            StorageError: a file is damaged.
        """
        return cls.joined(cls(*_read(path)) for path in paths)

    def write(self, path: Path) -> None:
        """Write as Parquet, all or nothing.

        Raises:
            StorageError: the disk refuses.
        """
        from pyarrow import parquet

        with (
            replacing(path) as handle,
            parquet.ParquetWriter(handle, _table(self, 0, 0).schema, compression="zstd") as writer,
        ):
            for start in range(0, len(self), _ROWS_AT_ONCE):
                writer.write_table(_table(self, start, start + _ROWS_AT_ONCE))

    def __len__(self) -> int:
        return len(self._keys)

    def lookup(self, sha256s: Sequence[str]) -> NDArray[np.int64]:
        """[M] int64, the row of each picture; -1 where nothing was measured of it."""
        wanted = _keys(sha256s)
        if not len(self._keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.searchsorted(self._keys, wanted, sorter=self._order)
        found = self._order[np.minimum(at, len(self._keys) - 1)]
        return np.where(self._keys[found] == wanted, found, -1).astype(np.int64)

    def number(self, name: str) -> NDArray[np.float32]:
        """[N] float32, one of ``NUMBERS`` for every row."""
        return np.ascontiguousarray(self._records["numbers"][:, NUMBERS.index(name)], dtype=np.float32)

    def thumbs(self) -> NDArray[np.uint8]:
        """[N, 24, 24] uint8, the grey pictures squeezed to a square; a view, not a copy."""
        thumbs: NDArray[np.uint8] = self._records["thumb"]
        return thumbs

    def colours(self) -> NDArray[np.uint8]:
        """[N, 12, 12, 2] uint8, Cb and Cr of the squeezed pictures, 128 for no colour; a view, not a copy."""
        planes: NDArray[np.uint8] = self._records["chroma"]
        return planes

    def picked(self, rows: NDArray[np.int64]) -> "Facts":
        """Facts of some rows in another order; no copy where it is all of them as they are."""
        if len(rows) == len(self) and (rows == np.arange(len(rows))).all():
            return self
        return Facts(self._keys[rows], self._records[rows])

    def alike(self) -> list[list[int]]:
        """Rows of which everything that was measured is the same, each list of two rows or more."""
        rows: dict[bytes, list[int]] = {}
        for row, record in enumerate(self._records):
            rows.setdefault(hashlib.blake2b(record.tobytes(), digest_size=16).digest(), []).append(row)
        return [alike for alike in rows.values() if len(alike) > 1]

    def sha256s(self) -> list[str]:
        """The key of every row, 64 hexadecimal digits each."""
        text = self._keys.tobytes().hex()
        return [text[start : start + 64] for start in range(0, len(text), 64)]


def _table(facts: Facts, start: int, end: int) -> "pa.Table":
    import pyarrow as pa

    part = facts.picked(np.arange(len(facts))[start:end])
    arrays = {
        "sha256": columns.strings(part.sha256s()),
        "thumb": columns.fixed_bytes(part.thumbs().reshape(len(part), _THUMB_BYTES)),
        "chroma": columns.fixed_bytes(part.colours().reshape(len(part), _CHROMA_BYTES)),
        **{name: columns.floats(part.number(name)) for name in NUMBERS},
    }
    return pa.Table.from_arrays(list(arrays.values()), names=list(arrays))


def _keys(sha256s: Sequence[str]) -> NDArray[np.bytes_]:
    """[N] of 32 raw bytes each."""
    return np.frombuffer(bytes.fromhex("".join(sha256s)), dtype="S32")


def _read(path: Path) -> tuple[NDArray[np.bytes_], NDArray[np.void]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        records = np.zeros(file.metadata.num_rows, dtype=_RECORD)
        sha256s: list[str] = []
        for group in range(file.num_row_groups):  # a part at a time: all of it would be in memory twice
            table = file.read_row_group(group)
            part = records[len(sha256s) : len(sha256s) + table.num_rows]
            part["thumb"] = columns.bytes_of(table.column("thumb")).reshape(part["thumb"].shape)
            part["chroma"] = columns.bytes_of(table.column("chroma")).reshape(part["chroma"].shape)
            for place, name in enumerate(NUMBERS):
                part["numbers"][:, place] = table.column(name).to_numpy()
            sha256s += table.column("sha256").to_pylist()
        keys = _keys(sha256s)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise StorageError(
            "What was measured of the pictures of this dataset is damaged",
            why="Its file cannot be read",
            remedy="Import the pictures again",
        ) from error
    return keys, records
