"""Arrow columns built from buffers equal those pyarrow builds itself."""

import numpy as np
import pyarrow as pa
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
