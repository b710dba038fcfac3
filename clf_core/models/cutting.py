"""Cuts a network in two: a front that stays as it is and a tail that learns. Imports torch.

Any body with timm's two methods is looked at while it runs once: its parts (the stages of a convolutional network,
the blocks of a transformer) are noted in the order in which they are called, with what goes into them and comes out.
Between two parts there is a cut where all parts from there on are a plain chain, each taking exactly what the one
before gave. So position embeddings, which are added between two parts of a transformer, end up in front of the first
cut. What a cut gives is compared with the whole network before it is used (``is_exact``).
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from clf_core.models.pooled import PooledNetwork

TOLERANCE = 1e-4
"""Largest difference, relative to the largest feature, between front and tail together and the whole network."""

_TRUNK_SHARE = 0.8
"""A list of parts that holds so much of the parameters of all lists is the trunk of the network, and is looked into."""


@dataclass(frozen=True)
class Cut:
    """A place between two parts of a network.

    Attributes:
        before: names of the parts of the front within the body, in the order in which they run.
        parts: those of the tail, but for what pools the last map.
        compute: multiply-adds of the tail's convolutions and linear layers as a share of the whole network's.
        parameters: of the tail, as a share of the body's.
        shape: of what goes from front to tail for one picture: [C, h, w], [h, w, C] or [tokens, C].
    """

    before: tuple[str, ...]
    parts: tuple[str, ...]
    compute: float
    parameters: float
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """Where the tail begins, such as 'blocks.5'."""
        return self.parts[0]


class Tail(nn.Module):
    """The part that learns: maps of the front [B, ...] -> features [B, D], or logits [B, K] with a head.

    Args:
        body: a timm model without a head, eval mode; it is copied.
        cut: where it begins.
        head: the last layer; without one the features themselves come out.
    """

    def __init__(self, body: nn.Module, cut: Cut, head: nn.Module | None = None) -> None:
        super().__init__()
        # What comes before is left out of the copy, so that neither memory nor checkpoints hold it.
        left_out: dict[int, Any] = {id(body.get_submodule(name)): nn.Identity() for name in cut.before}
        self.body: Any = copy.deepcopy(body, left_out)
        self.head = head or nn.Identity()
        self._parts = cut.parts

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """See the class."""
        for name in self._parts:
            maps = self.body.get_submodule(name)(maps)
        logits: torch.Tensor = self.head(self.body.forward_head(maps, pre_logits=True))
        return logits

    def learning(self) -> tuple[tuple[str, list[nn.Parameter]], ...]:
        """The body's parameters that the output depends on, by part, in the order in which they run.

        What pools the maps is the last part. A position embedding that only the front adds is not among them.
        """
        listed = [(name, list(self.body.get_submodule(name).parameters())) for name in self._parts]
        known = {id(parameter) for _, parameters in listed for parameter in parameters}
        inside = dict(self.body.named_children())
        pooling = [
            parameter for child in inside.values() for parameter in child.parameters() if id(parameter) not in known
        ]
        return tuple((name, parameters) for name, parameters in [*listed, ("pooling", pooling)] if parameters)

    def put_back(self, body: nn.Module) -> None:
        """Copy what was learned into the network that was cut."""
        body.load_state_dict(self.body.state_dict(), strict=False)


class Front(nn.Module):
    """The part that stays: normalised pictures float32 [B, 3, S, S] -> maps [B, ...].

    Args:
        body: a timm model without a head, eval mode; its parameters are shared, not copied.
        cut: where it ends.
    """

    def __init__(self, body: nn.Module, cut: Cut) -> None:
        super().__init__()
        shared: dict[int, Any] = {id(tensor): tensor for tensor in (*body.parameters(), *body.buffers())}
        shared |= {id(body.get_submodule(name)): nn.Identity() for name in cut.parts}
        self.body: Any = copy.deepcopy(body, shared)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """See the class."""
        maps: torch.Tensor = self.body.forward_features(pictures)
        return maps


def cuts(body: nn.Module, input_size: int) -> tuple[Cut, ...]:
    """Find where a network can be cut, from the first place (most of it learns) to the last.

    Args:
        body: a timm model without a head, on the CPU, in eval mode.
        input_size: side of the square it sees.

    Returns:
        Empty where its parts do not form a chain.
    """
    calls, total, features = _Watch(body).run(input_size)
    chain: list[_Call] = []
    goes_on: Any = features
    for call in reversed(calls):  # as far back as each part took what the one before gave, and nothing else
        if call.given is not goes_on or call.taken is None:
            break
        chain.insert(0, call)
        goes_on = call.taken
    names, first = [call.name for call in calls], len(calls) - len(chain)
    whole = _parameters(body)
    loose = whole - sum(_parameters(body.get_submodule(name)) for name in _part_names(body))  # position embeddings
    found = []
    for place, call in enumerate(calls[first:], start=first):
        if place and call.taken is not None:  # something must come before, or there is no front
            before, parts = tuple(names[:place]), tuple(names[place:])
            operations = total - sum(earlier.operations for earlier in calls[:place])
            held = 1 - (loose + sum(_parameters(body.get_submodule(name)) for name in before)) / max(1, whole)
            shape = tuple(call.taken.shape[1:])
            found.append(Cut(before, parts, operations / max(1, total), held, shape))
    return tuple(cut for cut in found if cut.parameters > 0)


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def choose(candidates: Sequence[Cut], most: float) -> Cut | None:
    """Take the cut that leaves the most to learn, at most this share of the multiply-adds; else the last one.

    Returns:
        None where there are no candidates.
    """
    for cut in candidates:
        if cut.compute <= most:
            return cut
    return candidates[-1] if candidates else None


def is_exact(body: nn.Module, front: nn.Module, tail: nn.Module, input_size: int) -> bool:
    """Whether front and tail together compute the features that the whole body computes, up to rounding."""
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, 3, input_size, input_size, generator=generator)
    with torch.inference_mode():
        expected, cut = PooledNetwork(body).eval()(picture), tail.eval()(front.eval()(picture))
    limit = TOLERANCE * max(float(expected.abs().max()), 1e-6)
    return expected.shape == cut.shape and bool(torch.allclose(cut, expected, rtol=0, atol=limit))


@dataclass
class _Call:
    """One part while the network runs: what it took and gave (None where that is not one tensor)."""

    name: str
    taken: torch.Tensor | None
    given: torch.Tensor | None
    operations: int = 0


def _part_names(body: nn.Module) -> list[str]:
    """Children of the body, with those of its trunk in place of the trunk."""
    lists = {name: child for name, child in body.named_children() if isinstance(child, nn.Sequential | nn.ModuleList)}
    held = {name: _parameters(child) for name, child in lists.items()}
    largest = max(held, key=lambda name: held[name], default="")
    if not largest or held[largest] < _TRUNK_SHARE * sum(held.values()):
        largest = ""
    names = []
    for name, child in body.named_children():
        names += [f"{name}.{inner}" for inner, _ in child.named_children()] if name == largest else [name]
    return names


class _Watch:
    """Hooks on a body's parts that note what goes on while it runs."""

    def __init__(self, body: nn.Module) -> None:
        self._body: Any = body
        self._inside: list[_Call] = []
        self._calls: list[_Call] = []
        self._total = 0

    def run(self, input_size: int) -> tuple[list[_Call], int, torch.Tensor]:
        """Run the body once: its parts in the order of their calls, multiply-adds of all of it, its last map.

        There are no parts where one is called more than once: they are no chain.
        """
        names = _part_names(self._body)
        parts = [self._body.get_submodule(name) for name in names]
        layers = [module for module in self._body.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        hooks = [
            part.register_forward_pre_hook(partial(self._enter, name), with_kwargs=True)
            for name, part in zip(names, parts, strict=True)
        ]
        hooks += [layer.register_forward_hook(self._count) for layer in layers]
        hooks += [part.register_forward_hook(self._leave) for part in parts]  # after counting: a part may be a layer
        try:
            with torch.no_grad():
                features = self._body.forward_features(torch.zeros(1, 3, input_size, input_size))
                calls = list(self._calls)
                self._body.forward_head(features, pre_logits=True)
        finally:
            for hook in hooks:
                hook.remove()
        once = len({call.name for call in calls}) == len(calls)
        return (calls if once else []), self._total, features

    def _enter(self, name: str, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        alone = len(args) == 1 and isinstance(args[0], torch.Tensor)
        plain = alone and all(value is None or value is False for value in kwargs.values())
        self._inside.append(_Call(name, args[0] if plain else None, None))

    def _leave(self, _module: nn.Module, _args: Any, output: Any) -> None:
        call = self._inside.pop()
        call.given = output if isinstance(output, torch.Tensor) else None
        self._calls.append(call)

    def _count(self, module: nn.Module, _args: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor):
            operations = output.numel() * _per_output(module)
            self._total += operations
            for call in self._inside:
                call.operations += operations


def _per_output(module: nn.Module) -> int:
    """Multiply-adds for each number that a layer gives."""
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        return module.in_channels // module.groups * height * width
    return module.in_features if isinstance(module, nn.Linear) else 0
