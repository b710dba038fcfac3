"""Where a batch is learned from: one process by itself, or several together. Imports torch.

One process on a processor needs torch alone. Graphics cards and several processes are left to accelerate, which is
then imported: it knows how torchrun starts processes, wraps the network for data parallel training, and scales the
losses of float16.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from clf_core.device import Device
from clf_core.training.plan import Precision
from clf_core.training.precision import autocast, keep_depthwise_in_float32, release_depthwise

_NAMES: dict[Precision, str] = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


class Engine:
    """One process on a processor.

    Attributes:
        learner: the network to call while learning.
        count: processes that learn together.
        index: which of them this is; 0 reports and saves.
    """

    count = 1
    index = 0

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer, precision: Precision) -> None:
        self._network = network
        self._optimizer = optimizer
        self._precision = precision
        self.learner: Any = network

    def precisely(self, network: nn.Module) -> AbstractContextManager[Any]:
        """A context in which ``network`` computes as planned."""
        return autocast(network, "cpu", self._precision)

    def gathering(self, *, last: bool) -> AbstractContextManager[Any]:
        """A context for one part of a batch; only with the last are gradients exchanged between processes."""
        del last
        return nullcontext()

    def backward(self, loss: torch.Tensor) -> None:
        """Add to the gradients."""
        loss.backward()

    def step(self) -> None:
        """Change the weights by the gradients."""
        self._optimizer.step()

    def agree(self, numbers: list[float]) -> list[float]:
        """The first process's numbers, in every process."""
        return numbers

    def add_up(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes."""
        return values

    def scale(self) -> dict[str, float]:
        """State of the scaling of losses; empty but for float16."""
        return {}

    def set_scale(self, state: dict[str, float]) -> None:
        """Go on with the state that ``scale`` gave."""

    def close(self) -> None:
        """Give the network back as it was taken."""
        release_depthwise(self._network)


class AccelerateEngine(Engine):
    """A graphics card, or several processes that torchrun started, through accelerate.

    Each process learns from its part of each batch, and gradients are averaged over all: together they learn as one
    process would from the whole batch, but for the sums of batch normalisation, which each takes over its own part.
    """

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, precision: Precision, device: Device
    ) -> None:
        super().__init__(network, optimizer, precision)
        from accelerate import Accelerator
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state()  # else a second training in this process could not have another precision
        self._accelerator = Accelerator(cpu=device == "cpu", mixed_precision=_NAMES[precision])
        self._device: Device = device
        self.count = self._accelerator.num_processes
        self.index = self._accelerator.process_index
        self.learner = self._accelerator.prepare_model(network)
        self._optimizer = self._accelerator.prepare_optimizer(optimizer)

    def precisely(self, network: nn.Module) -> AbstractContextManager[Any]:
        if self._device == "cpu" and self._precision != "float32":
            keep_depthwise_in_float32(network)
        context: AbstractContextManager[Any] = self._accelerator.autocast()
        return context

    def gathering(self, *, last: bool) -> AbstractContextManager[Any]:
        if last or self.count == 1:
            return nullcontext()
        context: AbstractContextManager[Any] = self._accelerator.no_sync(self.learner)
        return context

    def backward(self, loss: torch.Tensor) -> None:
        self._accelerator.backward(loss)

    def agree(self, numbers: list[float]) -> list[float]:
        if self.count == 1:
            return numbers
        from accelerate.utils import broadcast

        shared = broadcast(torch.tensor(numbers, dtype=torch.float64, device=self._accelerator.device))
        return [float(number) for number in shared]

    def add_up(self, values: torch.Tensor) -> torch.Tensor:
        if self.count == 1:
            return values
        total: torch.Tensor = self._accelerator.reduce(values, reduction="sum")
        return total

    def scale(self) -> dict[str, float]:
        scaler = self._accelerator.scaler
        return {} if scaler is None else dict(scaler.state_dict())

    def set_scale(self, state: dict[str, float]) -> None:
        if state and self._accelerator.scaler is not None:
            self._accelerator.scaler.load_state_dict(state)

    def close(self) -> None:
        self._accelerator.unwrap_model(self.learner, keep_fp32_wrapper=False)
        self._network.__dict__.pop("forward", None)  # accelerate leaves the method there as a value
        super().close()


def open_engine(network: nn.Module, optimizer: torch.optim.Optimizer, precision: Precision, device: Device) -> Engine:
    """The engine for this process: accelerate's where there is a graphics card or torchrun started several."""
    if device == "cuda" or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return AccelerateEngine(network, optimizer, precision, device)
    return Engine(network, optimizer, precision)
