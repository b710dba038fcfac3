"""How much memory is used, and whether an error means that there was too little. Torch is not imported."""

import sys

import psutil

_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "failed to allocate", "alloc_failed")
"""What torch's CPU allocator, oneDNN and CUDA's libraries say; only CUDA's allocator has an error class of its own."""


def memory_bytes() -> int:
    """Memory of this process; where a graphics card is used, the most that was taken of its memory."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process().memory_info().rss)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch might have avoided this error."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)
