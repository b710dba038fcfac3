"""What a training needs to go on from where it was, as bytes: safetensors with JSON beside it. Imports torch.

The random state is not among it: each batch begins with one computed from seed, epoch and batch
(``batches.batch_seed``), and so do the order of an epoch and every change to a picture.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from clf_core.errors import StorageError
from clf_core.results import EpochPoint
from clf_core.training.plan import Plan, plan_from


class Standing(BaseModel):
    """Where a training stands; changes as it goes on."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: str = Field(description="Of the plan and the task.")
    plan: dict[str, Any] = Field(description="Values of the plan it was made with.")
    epoch: int = Field(0, ge=0, description="Epochs finished.")
    batch: int = Field(0, ge=0, description="Batches finished of the one under way.")
    step: int = Field(0, ge=0, description="Changes of the weights so far.")
    loss_sum: float = Field(0.0, description="Over the pictures of the epoch under way.")
    correct: float = 0.0
    seen: int = 0
    learn_seconds: float = Field(0.0, description="Spent on the batches of the epoch under way.")
    epoch_seconds: float = Field(0.0, description="Spent on the epoch under way, other things included.")
    all_seen: int = Field(0, description="Pictures learned from so far.")
    all_learn_seconds: float = 0.0
    spent: float = Field(0.0, description="Seconds of all sittings.")
    closing_seconds: float = Field(0.0, description="What judging, reporting and saving took last.")
    micro_batch: int = Field(ge=1, description="Pictures that fit the memory at a time, in each process.")
    best_epoch: int = 0
    best_loss: float | None = None
    patient_since: int = Field(0, description="Epoch from which it is counted how long nothing better came.")
    ended: str = Field("", description="Why it ended; empty while it goes on.")
    scale: dict[str, float] = Field(default_factory=dict, description="Of losses in float16.")
    points: tuple[EpochPoint, ...] = ()


class Checkpoint:
    """A standing and the tensors that belong to it.

    Args:
        standing: numbers.
        tensors: by 'network.', 'average.', 'best.' and the parameter's name, or 'optimizer.', the parameter's position
            and the name of the value. Without any 'best.' the best weights are the present ones.
        optimizer: what of the optimizer's state is no tensor: {"groups": [...], "state": {...}}.
    """

    def __init__(self, standing: Standing, tensors: Mapping[str, torch.Tensor], optimizer: dict[str, Any]) -> None:
        self.standing = standing
        self.tensors = tensors
        self.optimizer = optimizer

    def under(self, prefix: str) -> dict[str, torch.Tensor]:
        """The tensors of one kind, by their name without it."""
        start = f"{prefix}."
        return {name.removeprefix(start): t for name, t in self.tensors.items() if name.startswith(start)}


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as a safetensors file that carries its own checksum."""
    tensors = {
        name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in checkpoint.tensors.items()
    }
    words = json.dumps({"standing": checkpoint.standing.model_dump(mode="json"), "optimizer": checkpoint.optimizer})
    return save(tensors, metadata={"training": words, "sha256": _digest(words, tensors)})


def from_bytes(data: bytes) -> Checkpoint:
    """Read what ``to_bytes`` wrote.

    Raises:
        StorageError: it is damaged.
    """
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        about = json.loads(data[8 : 8 + length])["__metadata__"]
        if about["sha256"] != _digest(about["training"], tensors):
            raise ValueError("checksum differs")
        words = json.loads(about["training"])
        return Checkpoint(Standing.model_validate(words["standing"]), tensors, words["optimizer"])
    except (SafetensorError, ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError("A saved state of the training is damaged", why=str(error).splitlines()[0][:200]) from error


def _digest(words: str, tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(words.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def stored_plan(checkpoints: Iterable[bytes]) -> Plan | None:
    """The plan that the first sound checkpoint was made with; None where there is none.

    For presets that measure something before they begin (a learning rate, a batch size): a resumed run goes on with
    what was chosen then.
    """
    for data in checkpoints:
        try:
            return plan_from(from_bytes(data).standing.plan)
        except (StorageError, TypeError):
            continue
    return None


def changing(network: nn.Module) -> dict[str, torch.Tensor]:
    """What training can change of a network: parameters that learn, and buffers such as running means; not copies."""
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    return {name: value for name, value in network.state_dict().items() if name not in frozen}


def copied(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies in main memory."""
    return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}


def fill(into: Mapping[str, torch.Tensor], values: Mapping[str, torch.Tensor]) -> None:
    """Copy ``values`` into tensors of the same names; check with ``require_same`` first."""
    with torch.no_grad():
        for name, value in values.items():
            into[name].copy_(value)


def require_same(into: Mapping[str, torch.Tensor], values: Mapping[str, torch.Tensor]) -> None:
    """Make sure that names, shapes and types are those of the network.

    Raises:
        StorageError: they are not.
    """
    here = {name: (tuple(t.shape), t.dtype) for name, t in into.items()}
    there = {name: (tuple(t.shape), t.dtype) for name, t in values.items()}
    if here != there:
        raise StorageError("A saved state of the training belongs to another network")


def pack_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Any optimizer's state: tensors by parameter as 'position.name' or by group as 'group0.name', and the rest."""
    state = optimizer.state_dict()
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for position, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{position}.{name}"] = value
            else:
                numbers.setdefault(str(position), {})[name] = value
    groups: list[dict[str, Any]] = []
    for place, group in enumerate(state["param_groups"]):
        found = {name: value for name, value in group.items() if name != "params"}
        tensors |= {f"group{place}.{name}": v for name, v in found.items() if isinstance(v, torch.Tensor)}
        groups.append({name: value for name, value in found.items() if not isinstance(value, torch.Tensor)})
    return tensors, {"groups": groups, "state": numbers}


def unpack_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], rest: Mapping[str, Any]
) -> None:
    """Fill an optimizer made alike with what ``pack_optimizer`` gave.

    Raises:
        StorageError: it was another optimizer.
    """
    now = optimizer.state_dict()
    try:
        state: dict[int, dict[str, Any]] = {}
        of_groups: list[dict[str, Any]] = [dict(values) for values in rest["groups"]]
        for place, tensor in tensors.items():
            position, _, name = place.partition(".")
            if position.startswith("group"):
                of_groups[int(position.removeprefix("group"))][name] = tensor
            else:
                state.setdefault(int(position), {})[name] = tensor
        for place, numbers in rest["state"].items():
            state.setdefault(int(place), {}).update(numbers)
        groups = [
            {name: _like(group.get(name), value) for name, value in values.items()} | {"params": group["params"]}
            for group, values in zip(now["param_groups"], of_groups, strict=True)
        ]
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for index, kept in state.items():
            for name, value in kept.items():
                if isinstance(value, torch.Tensor) and value.numel() != 1:
                    kept[name] = _laid_out_like(parameters[index], value)
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise StorageError("A saved state of the training belongs to another optimizer") from error


def _like(now: Any, stored: Any) -> Any:
    """JSON has no tuples."""
    return tuple(stored) if isinstance(now, tuple) and stored is not None else stored


def _laid_out_like(parameter: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """The order in memory (channels last or not) is not stored; optimizers are slow where it differs."""
    if value.shape != parameter.shape:
        raise ValueError("shapes differ")
    return torch.empty_like(parameter, dtype=value.dtype, device=value.device).copy_(value)
