"""What the preset full does where a person chose nothing. Imports torch."""

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from clf_core.config import AugmentConfig, TrainConfig
from clf_core.data.mirroring import suggest
from clf_core.device import Device
from clf_core.training.batch_size import fitting_batch_size, sensible_batch_size
from clf_core.training.checkpoint import stored_plan
from clf_core.training.pixels import PixelInputs
from clf_core.training.plan import Plan, make_plan
from clf_core.training.precision import autocast, release_depthwise
from clf_core.training.precision_choice import precision_for
from clf_core.training.result import Resources

DEFAULTS: dict[str, Any] = {
    "epochs": 8,
    "learning_rate": 4e-4,
    "optimizer": "adamw",
    "weight_decay": 0.02,
    "layer_decay": 0.9,
    "schedule": "cosine",
    "warmup": 0.1,
    "batch_norm": "frozen",
}
"""What holds where a person chose nothing.

By validation pictures, lite0, 4 epochs, one seed: loss and accuracy at the least loss; 'begins' is the fitted head.
Layer decay D, learning rate as given, for batches of 32 and of 16:

    sign digits, 64 px, 450 to learn from, 330 to judge by, begins 0.61 0.794
        D 0.75   4e-4 0.45 0.852   1e-3 0.30 0.894   2e-3 0.29 0.897
        D 0.9    5e-4 0.28 0.912   1e-3 0.24 0.912
        D 0.75, 1e-3: statistics that follow the pictures 0.95 0.673; pictures as they are 0.36 0.891
    hymenoptera, 96 px, 195 to learn from, 49 to judge by, begins 0.24 0.939
        D 0.9    3e-4 0.18 0.939   5e-4 0.33 0.918   1e-3 0.28 0.898
"""

_USUAL_BATCH = 32
"""The learning rates are for so many pictures; for others they go with the square root, as less averages out in smaller
batches (Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022)."""

_WITHOUT_BATCH_NORM: dict[str, Any] = {"learning_rate": 2e-4, "layer_decay": 0.75}
"""For transformers and ConvNeXt, of the size their authors fine-tune with (BEiT, ConvNeXt); not measured here."""


def augment_of(config: TrainConfig, classes: tuple[str, ...]) -> AugmentConfig:
    """How the pictures are changed in each epoch: as chosen, or the standard way, mirrored unless classes object."""
    if config.augment.preset != "auto":
        return config.augment
    return AugmentConfig(preset="standard", flips=config.augment.flips and suggest(classes).augment.flips)


def full_plan(network: nn.Module, learn: PixelInputs, config: TrainConfig, resources: Resources) -> Plan:
    """How it is trained; a run that goes on keeps what was found when it began."""
    device, count = resources.device, len(learn)
    found: dict[str, Any]
    earlier = stored_plan(resources.checkpoints)
    if earlier is not None:
        found = {name: getattr(earlier, name) for name in ("batch_size", "precision", "learning_rate", "layer_decay")}
        return make_plan(config, DEFAULTS | found, count, device)
    found = {"batch_size": sensible_batch_size(count, device), "precision": precision_for(network, device)}
    if not any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules()):
        found |= _WITHOUT_BATCH_NORM
    plan = make_plan(config, DEFAULTS | found, count, device)
    # Processes that learn together must not find different sizes.
    if config.batch_size is None and int(os.environ.get("WORLD_SIZE", "1")) == 1:
        plan = replace(plan, batch_size=_fitting(network, learn, plan, device))
    if config.learning_rate is None:
        plan = replace(plan, learning_rate=plan.learning_rate * math.sqrt(plan.batch_size / _USUAL_BATCH))
    return plan


def _fitting(network: nn.Module, learn: PixelInputs, plan: Plan, device: Device) -> int:
    """The batch size that fits the memory, up to the plan's."""

    def give(pictures: int) -> torch.Tensor:
        return learn.judge(np.arange(pictures) % len(learn))

    with autocast(network, device, plan.precision):
        size = fitting_batch_size(network, give, plan.batch_size)
    release_depthwise(network)
    return size


def chosen_of(plan: Plan, config: TrainConfig, classes: tuple[str, ...]) -> tuple[tuple[str, float | int | str], ...]:
    """What the studio decided of the settings that were left open."""
    names = ["optimizer", "learning_rate", "layer_decay", "weight_decay", "batch_size", "precision", "batch_norm"]
    if plan.seconds is None:
        names.append("epochs")
    chosen = tuple((name, getattr(plan, name)) for name in names if getattr(config, name) != getattr(plan, name))
    augment = augment_of(config, classes)
    return chosen if augment == config.augment else (*chosen, ("augment", augment.preset))
