"""How a worker's memory is handed out: settings that glibc reads once, before a process's first line. Imports no torch.

A training step allocates and frees the same few gigabytes again and again. By itself glibc gives blocks of more than
32 MB back to the system at once and asks for them anew at the next step, and the system fills every page of them with
zeros first: a quarter of the time of a step of lite0 and more. So freed memory is kept, and asked for in pages of 2 MB,
of which there are five hundred times fewer to prepare and to look up.

Measured on 2 cores of an AMD EPYC, lite0 at 224 px, 32 pictures, float32, channels last, pictures per second of
processor time: 9.2 by itself, 11.1 with memory kept, 12.3 with large pages too. On 2 cores of a Xeon it was 17.7 and
29.4 pictures per second (bfloat16). ``benchmarks/full_training.py`` prints the speed with and without.

The price: memory that was used once stays with the process until it ends; at its peak 3.4 in place of 3.0 GB. Workers
end with their run, so the server and the terminal keep their ordinary allocator.
"""

import os
import platform
import sys

from clf_core.config import TUNED_PRESETS, Preset

_TUNABLES = {
    "glibc.malloc.mmap_max": "0",  # no block of its own for large requests: such are unmapped when freed
    "glibc.malloc.trim_threshold": str(2**44),  # nothing at the end of the heap is given back
    "glibc.malloc.hugetlb": "1",  # madvise(MADV_HUGEPAGE), glibc 2.35 and later; ignored where it is switched off
}
_VARIABLE = "GLIBC_TUNABLES"


def worker_environment(preset: Preset) -> dict[str, str]:
    """Environment variables to start the worker of a run of this preset with; none but for Linux with glibc.

    Tunables a person set are kept and win. Quick runs train nothing in torch, so theirs stay as they are.
    """
    if preset not in TUNED_PRESETS or sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return {}
    given = [part for part in os.environ.get(_VARIABLE, "").split(":") if part]
    names = {part.partition("=")[0] for part in given}
    ours = [f"{name}={value}" for name, value in _TUNABLES.items() if name not in names]
    return {_VARIABLE: ":".join([*ours, *given])}
