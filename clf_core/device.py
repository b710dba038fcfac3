"""Which processor does the work. Asking costs nothing until a GPU is actually considered."""

import os
from pathlib import Path
from typing import Literal

from clf_core.errors import ConfigError

Device = Literal["cpu", "cuda"]


def cpu_count() -> int:
    """Cores this process may use; containers often allow fewer than the machine has."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def choose(wanted: Literal["auto", "cpu", "cuda"]) -> Device:
    """Resolve 'auto'. torch is imported only where an NVIDIA driver is present or cuda was asked for.

    Raises:
        ConfigError: cuda was asked for and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    if wanted == "auto" and not _has_nvidia_driver():
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ConfigError(
            "There is no usable NVIDIA graphics card on this machine",
            field="device",
            remedy="Choose device 'auto' or 'cpu'",
        )
    return "cpu"


def likely(wanted: Literal["auto", "cpu", "cuda"]) -> Device:
    """Return what ``choose`` will most likely choose, without importing torch: good enough to foretell a duration."""
    return "cuda" if wanted == "cuda" or (wanted == "auto" and Path("/proc/driver/nvidia/version").exists()) else "cpu"


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or os.name == "nt"
