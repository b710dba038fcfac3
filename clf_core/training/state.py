"""All that changes while a training goes on: weights, optimizer, averages, numbers. Imports torch."""

import hashlib
import json
import math
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import nn

from clf_core.device import Device
from clf_core.errors import StorageError
from clf_core.training import checkpoint as saved
from clf_core.training.checkpoint import Checkpoint, Standing
from clf_core.training.engine import open_engine
from clf_core.training.optimizers import make_optimizer
from clf_core.training.plan import Plan, plan_from
from clf_core.training.task import Task

_AVERAGE_DECAY = 0.9998
"""Of the moving average, once the run is long; it begins with less (``timm.utils.ModelEmaV3`` with warm-up)."""


class State:
    """A training between two batches.

    Attributes:
        standing: numbers.
        optimizer: over the parameters that learn; all others are frozen from now on.
        engine: where it is learned.
        seconds: time limit, see ``Plan``; of the first sitting, unless more was allowed since.
        judged: the network that is judged and kept: the one that learns, or the moving average of it.
    """

    def __init__(self, task: Task, plan: Plan) -> None:
        self._plan = plan
        self._network = task.network
        learning = {id(p) for group in task.groups for p in group.parameters}
        for parameter in task.network.parameters():
            parameter.requires_grad_(id(parameter) in learning)
        self.device = next(task.network.parameters()).device
        self._average = _average_of(task.network) if plan.average_weights else None
        self.judged: nn.Module = task.network if self._average is None else self._average.module
        self.optimizer = make_optimizer(task.groups, plan)
        kind: Device = "cuda" if self.device.type == "cuda" else "cpu"
        self.engine = open_engine(task.network, self.optimizer, plan.precision, kind)
        self.standing = Standing(fingerprint=_fingerprint(task, plan), plan=asdict(plan), micro_batch=plan.batch_size)
        self.seconds = plan.seconds
        self._best: dict[str, torch.Tensor] = {}

    def count_step(self) -> None:
        """The weights were changed once more."""
        self.standing.step += 1
        if self._average is not None:
            self._average.update(self._network, self.standing.step)

    def remember(self, epoch: int, loss: float | None) -> bool:
        """Keep the weights if they are the best so far, or the first; returns whether they are the best."""
        standing = self.standing
        better = loss is not None and (standing.best_loss is None or loss < standing.best_loss)
        if better or not self._best:
            standing.best_loss, standing.best_epoch = loss, epoch
            self._best = saved.copied(saved.changing(self.judged))
        return better

    def restore_best(self) -> None:
        """Fill the network with the weights kept."""
        saved.fill(saved.changing(self._network), self._best)

    def to_bytes(self) -> bytes:
        """A checkpoint of all of it."""
        standing = self.standing
        standing.scale = self.engine.scale()
        kinds = {"network": saved.changing(self._network)}
        if self._average is not None:
            kinds["average"] = saved.changing(self._average.module)
        if standing.batch or standing.best_epoch != standing.epoch:
            kinds["best"] = self._best
        kinds["optimizer"], rest = saved.pack_optimizer(self.optimizer)
        tensors = {f"{kind}.{name}": value for kind, values in kinds.items() for name, value in values.items()}
        return saved.to_bytes(Checkpoint(standing, tensors, rest))

    def take(self, data: bytes) -> None:
        """Go on from a checkpoint; where it cannot be used, nothing is changed.

        Raises:
            StorageError: it is damaged, or belongs to another training.
        """
        found = saved.from_bytes(data)
        if found.standing.fingerprint != self.standing.fingerprint:
            raise StorageError("A saved state of the training belongs to other settings or other pictures")
        network, average, best = (found.under(kind) for kind in ("network", "average", "best"))
        here = saved.changing(self._network)
        there = {} if self._average is None else saved.changing(self._average.module)
        saved.require_same(here, network)
        saved.require_same(there, average)
        saved.require_same(here if best else {}, best)
        standing = self._gone_on_further(found.standing)
        saved.unpack_optimizer(self.optimizer, found.under("optimizer"), found.optimizer)
        saved.fill(here, network)
        saved.fill(there, average)
        self._best = best or average or network
        self.standing = standing
        self.engine.set_scale(self.standing.scale)

    def _gone_on_further(self, standing: Standing) -> Standing:
        """Let a run that has ended go on where the plan has more epochs or seconds now."""
        try:
            before = plan_from(standing.plan)
        except TypeError as error:
            raise StorageError("A saved state of the training belongs to another version of the studio") from error
        more_time = (self._plan.limit or 0.0) > (before.limit or math.inf)
        # One that was stopped, or had no patience left, ended before the epochs it was given.
        more_epochs = self._plan.epochs != before.epochs and self._plan.epochs > standing.epoch
        if standing.ended and (more_time or more_epochs):
            standing.ended, standing.patient_since = "", standing.epoch
        if not more_time and self.seconds is not None and before.seconds is not None:
            self.seconds = before.seconds  # how long the other stages took this time does not matter
        standing.plan = asdict(replace(self._plan, seconds=self.seconds))
        return standing

    def close(self) -> None:
        """Give the network back as it was taken, in eval mode."""
        self.engine.close()
        self._network.eval()


def _average_of(network: nn.Module) -> Any:
    from timm.utils.model_ema import ModelEmaV3

    return ModelEmaV3(network, decay=_AVERAGE_DECAY, use_warmup=True)


def _fingerprint(task: Task, plan: Plan) -> str:
    """Equal where one training can go on from the other's checkpoint."""
    digest = hashlib.sha256(plan.fingerprint().encode())
    digest.update(json.dumps(task.classes).encode())
    for labels in (task.learn_labels, task.judge_labels):
        digest.update(labels.astype("<i8").tobytes() + b"|")
    return digest.hexdigest()
