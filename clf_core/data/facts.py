"""What was measured of each picture when it was imported, as a table beside the manifest.

The key is the sha256 of the stored file: facts hold for every version and every place a picture stands in.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.data import columns
from clf_core.errors import StorageError
from clf_core.files import write_bytes

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
    small = picture.reduce((max(1, width // _SMALL_SIDE), max(1, height // _SMALL_SIDE)))
    chroma = small.resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BILINEAR).convert("YCbCr").tobytes()
    numbers = (*_of_grey(grey), *_of_colour(np.asarray(small, dtype=np.float32)))
    brightness, contrast, sharpness, entropy, saturation, *rest = numbers
    return _PACKED.pack(
        thumb.tobytes(), _without_luma(chroma), brightness, contrast, sharpness, saturation, entropy, *rest
    )


def _without_luma(pixels: bytes) -> bytes:
    """Keep the second and third of every three bytes."""
    return np.frombuffer(pixels, dtype=np.uint8).reshape(-1, 3)[:, 1:].tobytes()


def _of_grey(grey: Image.Image) -> tuple[float, float, float, float]:
    """Brightness, contrast, sharpness and entropy."""
    values = np.asarray(grey, dtype=np.float32)  # [H, W]
    brightness, variance = float(values.mean()), float(values.var())
    sharpness = 0.0
    if variance > 0 and min(values.shape) > 2:
        inner = values[1:-1, 1:-1]
        laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * inner
        sharpness = float(laplacian.var()) / variance
    shares = np.array(grey.histogram(), dtype=np.float32) / values.size
    shares = shares[shares > 0]
    return brightness, variance**0.5, sharpness, float(-(shares * np.log2(shares)).sum())


def _of_colour(values: NDArray[np.float32]) -> tuple[float, ...]:
    """Saturation, border and corners of [H, W, 3] float32."""
    most, least = values.max(axis=2), values.min(axis=2)
    saturation = float(((most - least) / np.maximum(most, 1)).mean()) * 255
    height, width = values.shape[:2]
    rows, across = max(1, height // _RING), max(1, width // _RING)
    ring = np.concatenate(
        [
            values[:rows].reshape(-1, 3),
            values[-rows:].reshape(-1, 3),
            values[rows:-rows, :across].reshape(-1, 3),
            values[rows:-rows, -across:].reshape(-1, 3),
        ]
    )
    corners = [
        block.mean(axis=(0, 1))
        for half in (values[:rows], values[-rows:])
        for block in (half[:, :across], half[:, -across:])
    ]
    border_std = float((ring @ _LUMA).std())
    return (saturation, *ring.mean(axis=0).tolist(), border_std, *np.concatenate(corners).tolist())


_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's mode L


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
        import pyarrow as pa
        from pyarrow import parquet

        sink = pa.BufferOutputStream()
        parquet.write_table(self._table(), sink, compression="zstd", use_dictionary=["sha256"])
        write_bytes(path, sink.getvalue().to_pybytes())

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

    def _table(self) -> "pa.Table":
        import pyarrow as pa

        arrays = {
            "sha256": columns.strings(self.sha256s()),
            "thumb": columns.fixed_bytes(self.thumbs().reshape(len(self), -1)),
            "chroma": columns.fixed_bytes(self.colours().reshape(len(self), -1)),
            **{name: columns.floats(self.number(name)) for name in NUMBERS},
        }
        return pa.Table.from_arrays(list(arrays.values()), names=list(arrays))


def _keys(sha256s: Sequence[str]) -> NDArray[np.bytes_]:
    """[N] of 32 raw bytes each."""
    return np.frombuffer(bytes.fromhex("".join(sha256s)), dtype="S32")


def _read(path: Path) -> tuple[NDArray[np.bytes_], NDArray[np.void]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path).read().combine_chunks()
        keys = _keys(table.column("sha256").to_pylist())
        records = np.zeros(table.num_rows, dtype=_RECORD)
        records["thumb"] = columns.bytes_of(table.column("thumb")).reshape(records["thumb"].shape)
        records["chroma"] = columns.bytes_of(table.column("chroma")).reshape(records["chroma"].shape)
        for place, name in enumerate(NUMBERS):
            records["numbers"][:, place] = table.column(name).to_numpy()
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise StorageError(
            "What was measured of the pictures of this dataset is damaged",
            why="Its file cannot be read",
            remedy="Import the pictures again",
        ) from error
    return keys, records
