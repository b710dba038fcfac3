"""What counts as a lack of memory, and how much is used."""

import numpy as np
import pytest
import torch

from clf_core.training.memory import is_out_of_memory, memory_bytes


@pytest.mark.parametrize(
    ("error", "is_lack"),
    [
        (MemoryError(), True),
        (np._core._exceptions._ArrayMemoryError((10**9, 10**9), np.dtype("f8")), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
    ids=range(7),
)
def test_errors(error, is_lack):
    assert is_out_of_memory(error) is is_lack


def test_what_torch_says_itself():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(refused.value)


def test_memory_of_this_process_grows_with_it():
    before = memory_bytes()
    held = np.ones(30 * 2**20, dtype=np.uint8)
    assert memory_bytes() - before > 25 * 2**20
    assert held.sum() == held.size
