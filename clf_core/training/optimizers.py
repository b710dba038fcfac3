"""The rule by which weights change, and how fast over the course of a run. Imports torch."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from clf_core.training.plan import Plan
from clf_core.training.task import ParameterGroup

_LEAST = 0.01
"""Share of the learning rate that a run begins with."""

_RISE = 0.3
"""Least share of a one-cycle run over which the rate rises, as in ``torch.optim.lr_scheduler.OneCycleLR``."""


def make_optimizer(groups: Sequence[ParameterGroup], plan: Plan) -> torch.optim.Optimizer:
    """An optimizer over what the groups hold.

    One-dimensional parameters (biases, normalisation) are not drawn towards zero, as in timm's
    ``param_groups_weight_decay``. timm's factory makes the optimizers; the three that are torch's own are made
    here with timm's settings, because importing timm costs seconds where nothing else needs it.
    """
    parts = [part for group in groups for part in _parts(group, plan)]
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.optimizer == "adamw":
        return torch.optim.AdamW(parts, lr=rate, weight_decay=decay)
    if plan.optimizer == "adam":
        return torch.optim.Adam(parts, lr=rate, weight_decay=decay)
    if plan.optimizer == "sgd":
        return torch.optim.SGD(parts, lr=rate, momentum=0.9, nesterov=True, weight_decay=decay)
    from timm.optim import create_optimizer_v2

    made: torch.optim.Optimizer = create_optimizer_v2(parts, plan.optimizer, lr=rate, weight_decay=decay)
    return made


def _parts(group: ParameterGroup, plan: Plan) -> list[dict[str, Any]]:
    flat = [p for p in group.parameters if p.ndim <= 1]
    others = [p for p in group.parameters if p.ndim > 1]
    parts = ((others, plan.weight_decay), (flat, 0.0))
    return [
        {"params": parameters, "weight_decay": decay, "lr": plan.learning_rate * group.scale, "lr_scale": group.scale}
        for parameters, decay in parts
        if parameters
    ]


def set_learning_rate(optimizer: torch.optim.Optimizer, plan: Plan, progress: float) -> float:
    """Set each group's rate for this point of the run; returns that of scale 1."""
    rate = plan.learning_rate * schedule_at(plan, progress)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]
    return rate


def schedule_at(plan: Plan, progress: float) -> float:
    """Share of the learning rate, above 0 and up to 1, when ``progress`` (0 to 1) of the run is done.

    A pure function of the progress, so that a resumed run needs no scheduler's state. cosine: Loshchilov and Hutter
    2017, 'SGDR', one period. one-cycle: Smith and Topin 2018, 'Super-Convergence', rise and fall by cosine as in torch,
    without its change of momentum. constant: level. The rise of cosine and constant is linear.
    """
    progress = min(max(progress, 0.0), 1.0)
    rise = max(plan.warmup, _RISE) if plan.schedule == "one-cycle" else plan.warmup
    if progress < rise:
        risen = progress / rise
        if plan.schedule == "one-cycle":
            risen = (1 - math.cos(math.pi * risen)) / 2
        return _LEAST + (1 - _LEAST) * risen
    if plan.schedule == "constant":
        return 1.0
    fallen = (progress - rise) / (1 - rise)
    return max((1 + math.cos(math.pi * fallen)) / 2, 1e-4)
