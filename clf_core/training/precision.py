"""Arithmetic with fewer bits where it is quicker, and where it is not. Imports torch, so import it late.

Autocast keeps the weights in float32 and computes convolutions and matrix products in bfloat16 or float16. On CPUs the
backward pass of depthwise convolutions (one filter per channel) is slow in bfloat16; they stay in float32 there.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from clf_core.device import Device
from clf_core.training.plan import Precision

_TYPES: dict[Precision, torch.dtype] = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def quickest(device: Device) -> Precision:
    """bfloat16 where the processor has instructions of its own for it, float32 elsewhere."""
    if device == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"


def autocast(network: nn.Module, device: Device, precision: Precision) -> AbstractContextManager[Any]:
    """A context in which ``network`` computes in ``precision``.

    On a CPU its depthwise convolutions are kept in float32 (``keep_depthwise_in_float32``), until
    ``release_depthwise``.
    """
    if precision == "float32":
        return nullcontext()
    if device == "cpu":
        keep_depthwise_in_float32(network)
    return torch.autocast(device, dtype=_TYPES[precision])


class _InFloat32:
    """Mixed into a convolution's own class, so that weights, copies and timm's padding stay as they are."""

    plain: type[nn.Module]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        with torch.autocast(maps.device.type, enabled=False):
            result: torch.Tensor = super().forward(maps.float())  # type: ignore[misc]
        return result


@lru_cache(maxsize=64)
def _in_float32(kind: type[nn.Module]) -> type[nn.Module]:
    return type(f"{kind.__name__}InFloat32", (_InFloat32, kind), {"plain": kind})


def keep_depthwise_in_float32(network: nn.Module) -> int:
    """Let the depthwise convolutions of ``network`` compute in float32 inside autocast; returns how many there are.

    May be called again; ``release_depthwise`` undoes it.
    """
    depthwise: list[Any] = [
        module
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels and module.groups > 1
    ]
    for module in depthwise:
        if not isinstance(module, _InFloat32):
            module.__class__ = _in_float32(module.__class__)
    return len(depthwise)


def release_depthwise(network: nn.Module) -> None:
    """Undo ``keep_depthwise_in_float32``."""
    for module in network.modules():
        if isinstance(module, _InFloat32):
            module.__class__ = module.plain  # type: ignore[assignment]
