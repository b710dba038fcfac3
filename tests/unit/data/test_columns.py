"""Arrow columns built from buffers equal those pyarrow builds itself."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.data import columns


@given(st.lists(st.text(max_size=10), max_size=20))
def test_strings(values: list[str]) -> None:
    made = columns.strings(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_integers(values: list[int]) -> None:
    assert columns.integers(values, np.int32).equals(pa.array(values, pa.int32()))
    assert columns.integers([value * 2**31 for value in values], np.int64).to_pylist() == [
        value * 2**31 for value in values
    ]


@given(st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=10))
def test_string_lists(values: list[list[str]]) -> None:
    made = columns.string_lists(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.list_(pa.string())))


@pytest.mark.parametrize("kind", ["int32", "int64", "uint8", "float32", "float64"])
@given(st.lists(st.integers(0, 200), max_size=20), st.integers(0, 5), st.integers(0, 20))
def test_numbers(kind: str, values: list[int], start: int, cut: int) -> None:
    made = pa.array(values, getattr(pa, kind)())
    column = pa.chunked_array([made[:cut], made[cut:]], made.type).slice(start)
    found = columns.numbers(column)
    assert found.dtype == np.dtype(kind)
    assert found.tolist() == values[start:]


@pytest.mark.parametrize("column", [pa.chunked_array([[1, None]]), pa.chunked_array([["a"]])])
def test_what_is_no_column_of_numbers_is_refused(column: pa.ChunkedArray) -> None:
    with pytest.raises(ValueError, match="a column of numbers"):
        columns.numbers(column)
