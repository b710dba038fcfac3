"""The batch size that fits the memory, found before the training begins. Imports torch.

On a graphics card steps are tried with twice as many pictures each time until its memory is full; what was tried last
without fault is taken. On a processor nothing may be tried that far: Linux hands out more memory than there is and then
ends the process, so one step of two pictures is made, what it keeps for the way back is counted, and the batch is
worked out from the memory that is free.

There is an upper bound besides: a set seen in a handful of steps is not learned from, and beyond the sizes below
nothing gets quicker. Should the memory run out later all the same, because another program took it, the loop halves
what it computes at a time and adds the gradients up (``training.learner``): the batch stays, the steps take longer.
"""

from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from torch import nn

from clf_core.device import Device
from clf_core.training.memory import is_out_of_memory

_MOST: dict[Device, int] = {"cpu": 32, "cuda": 128}
"""A processor is no quicker with more than 32; with more than 128 a learning rate chosen for 32 is too small."""

_LEAST_STEPS = 8
"""Steps an epoch has at least."""

_SMALLEST = 4
_SHARE = 0.6
"""Of the free memory; the rest is for pictures, checkpoints, and what other programs come to need."""

_PASSING = 1.5
"""What a step takes per picture at its peak, as a multiple of what it keeps for the way back: gradients of maps."""

_PER_WEIGHT = 20
"""Bytes: the gradient, two moments of the optimizer, the best so far and a copy while a checkpoint is written."""


def sensible_batch_size(pictures: int, device: Device) -> int:
    """The largest power of two that still leaves enough steps in an epoch and is of use on the device."""
    most = max(_SMALLEST, min(_MOST[device], pictures // _LEAST_STEPS))
    return int(2 ** (most.bit_length() - 1))


def fitting_batch_size(
    network: nn.Module, give: Callable[[int], torch.Tensor], most: int, *, free: int | None = None
) -> int:
    """The largest of ``most``, half of it, a quarter, ... for which a step fits the memory; at least 1.

    Args:
        network: as it will learn; its weights, gradients and statistics are as before afterwards.
        give: so many pictures -> [B, ...] float32 on the network's device.
        most: to take at most, see ``sensible_batch_size``.
        free: bytes that may be used; None for what is free now.
    """
    device = next(network.parameters()).device
    statistics = {name: value.clone() for name, value in network.named_buffers()}
    mode = network.training
    try:
        if device.type == "cuda":
            return _by_trying(network, give, most)
        return _by_counting(network, give, most, free_memory() if free is None else free)
    finally:
        network.zero_grad(set_to_none=True)
        with torch.no_grad():
            for name, value in network.named_buffers():
                value.copy_(statistics[name])
        network.train(mode)


def _by_trying(network: nn.Module, give: Callable[[int], torch.Tensor], most: int) -> int:
    fits, size = 1, 2  # batch normalisation cannot learn from one
    while size <= most:
        try:
            network.train()
            network(give(size)).float().sum().backward()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            # The gradients and the optimizer's moments come on top of what was tried.
            fits = max(1, fits // 2)
            break
        fits, size = size, size * 2
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return fits


def _by_counting(network: nn.Module, give: Callable[[int], torch.Tensor], most: int, free: int) -> int:
    weights = sum(parameter.numel() for parameter in network.parameters())
    left = free * _SHARE - weights * _PER_WEIGHT
    each = bytes_per_picture(network, give) * _PASSING
    size = most
    while size > 1 and size * each > left:
        size //= 2
    return size


def bytes_per_picture(network: nn.Module, give: Callable[[int], torch.Tensor]) -> float:
    """Bytes that a forward pass keeps for the way back, per picture; the weights themselves are not counted."""
    kept: dict[int, int] = {}
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    pictures = give(2)
    network.train()
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        network(pictures)
    return sum(kept.values()) / len(pictures)


def free_memory() -> int:
    """Bytes that this process can still take: of the machine, or of the container if that has a limit."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        return free if limit == "max" else max(0, min(free, int(limit) - used))
    except (OSError, ValueError):  # no container, or of another kind
        return free
