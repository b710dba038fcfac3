"""Arrow columns from Python and numpy values, and back, without importing pandas.

``pa.array``, ``Table.take`` and ``to_numpy`` import pandas wherever it is installed, which costs every process 0.2 s
for nothing. Going through the buffers does not.
"""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def strings(values: Sequence[str]) -> "pa.StringArray":
    """A string column; at most 2 GiB of UTF-8 text."""
    import pyarrow as pa

    encoded = [value.encode("utf-8") for value in values]
    return pa.StringArray.from_buffers(len(encoded), _offsets(encoded), pa.py_buffer(b"".join(encoded)))


def binaries(values: Sequence[bytes]) -> "pa.BinaryArray":
    """A column of bytes; less than 2 GiB in all."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.binary(), len(values), [None, _offsets(values), pa.py_buffer(b"".join(values))])


def integers(values: "Sequence[int] | NDArray[np.int64]", dtype: type[np.int32] | type[np.int64]) -> "pa.Array":
    """An integer column of the Arrow type that matches ``dtype``."""
    import pyarrow as pa

    data = pa.py_buffer(np.asarray(values, dtype=dtype))
    return pa.Array.from_buffers(pa.int32() if dtype is np.int32 else pa.int64(), len(values), [None, data])


def floats(values: NDArray[np.floating], dtype: type[np.float32] | type[np.float64] = np.float32) -> "pa.Array":
    """A column of the Arrow type that matches ``dtype``, from [N]."""
    import pyarrow as pa

    data = pa.py_buffer(np.ascontiguousarray(values, dtype=dtype))
    return pa.Array.from_buffers(pa.float32() if dtype is np.float32 else pa.float64(), len(values), [None, data])


def numbers(column: "pa.ChunkedArray") -> NDArray[Any]:
    """[N], the cells of a column of integers or floats that has a value in each.

    Raises:
        ValueError: a cell is empty, or they are no numbers.
    """
    import pyarrow as pa

    kind = column.type
    if column.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise ValueError(f"a column of numbers is wanted, without gaps; got {kind}, {column.null_count} gaps")
    letter = "f" if pa.types.is_floating(kind) else "u" if pa.types.is_unsigned_integer(kind) else "i"
    dtype = np.dtype(f"{letter}{kind.bit_width // 8}")
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=dtype, count=len(chunk), offset=chunk.offset * dtype.itemsize)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


def fixed_bytes(values: NDArray[np.uint8]) -> "pa.FixedSizeBinaryArray":
    """A column whose cells are B bytes each, from [N, B] uint8."""
    import pyarrow as pa

    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.binary(values.shape[1]), len(values), [None, data])


def bytes_of(column: "pa.ChunkedArray") -> NDArray[np.uint8]:
    """[N, B] uint8, the cells of a column of B bytes each; the reverse of ``fixed_bytes``."""
    width = column.type.byte_width
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8, count=len(chunk) * width, offset=chunk.offset * width)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate([np.zeros(0, dtype=np.uint8), *parts]).reshape(-1, width)


def string_lists(values: Sequence[Sequence[str]]) -> "pa.ListArray":
    """A column whose cells are lists of strings."""
    import pyarrow as pa

    offsets = pa.Array.from_buffers(pa.int32(), len(values) + 1, [None, _offsets(values)])
    return pa.ListArray.from_arrays(offsets, strings(list(chain.from_iterable(values))))


def _offsets(values: Sequence[Sequence[str]] | Sequence[bytes]) -> "pa.Buffer":
    """Where each value starts, and where the last one ends."""
    import pyarrow as pa

    ends = accumulate((len(value) for value in values), initial=0)
    return pa.py_buffer(np.fromiter(ends, dtype=np.int32, count=len(values) + 1))
