"""What the preset full does where a person chose nothing. Imports torch."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from clf_core.config import AugmentConfig, TrainConfig
from clf_core.data.mirroring import suggest
from clf_core.training.batch_size import fitting_batch_size, sensible_batch_size
from clf_core.training.checkpoint import stored_plan
from clf_core.training.pixels import PixelInputs
from clf_core.training.plan import Plan, make_plan
from clf_core.training.precision import autocast, release_depthwise
from clf_core.training.precision_choice import precision_for
from clf_core.training.result import Resources

DEFAULTS: dict[str, Any] = {
    "epochs": 8,
    "learning_rate": 1e-3,
    "optimizer": "adamw",
    "weight_decay": 0.02,
    "layer_decay": 0.9,
    "schedule": "cosine",
    "warmup": 0.1,
    "batch_norm": "frozen",
}
"""What holds where a person chose nothing.

By the validation pictures of sign digits (330; 450 to learn from, 64 px, 4 epochs, lite0, one seed), loss and accuracy
after a fitted head with 0.61 and 0.794. Layer decay 0.75: learning rate 4e-4 0.45 and 0.839, 1e-3 0.30 and 0.894, 2e-3
0.29 and 0.897; 1e-3 with statistics that follow the pictures 0.95 and 0.673, with pictures as they are 0.36 and 0.891.
Layer decay 0.9, 1e-3: 0.24 and 0.912.
"""

_WITHOUT_BATCH_NORM: dict[str, Any] = {"learning_rate": 2e-4, "layer_decay": 0.75}
"""For transformers and ConvNeXt, of the size their authors fine-tune with (BEiT, ConvNeXt); not measured here."""


def augment_of(config: TrainConfig, classes: tuple[str, ...]) -> AugmentConfig:
    """How the pictures are changed in each epoch: as chosen, or the standard way, mirrored unless classes object.

    Who wants them as they are chooses the augmentation 'custom' with every switch off.
    """
    if config.augment.preset != "none":
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
    if config.batch_size is not None or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return plan  # processes that learn together must not find different sizes

    def give(pictures: int) -> torch.Tensor:
        return learn.judge(np.arange(pictures) % count)

    with autocast(network, device, plan.precision):
        size = fitting_batch_size(network, give, plan.batch_size)
    release_depthwise(network)
    return replace(plan, batch_size=size)


def chosen_of(plan: Plan, config: TrainConfig, classes: tuple[str, ...]) -> tuple[tuple[str, float | int | str], ...]:
    """What the studio decided of the settings that were left open."""
    names = ["optimizer", "learning_rate", "layer_decay", "weight_decay", "batch_size", "precision", "batch_norm"]
    if plan.seconds is None:
        names.append("epochs")
    chosen = tuple((name, getattr(plan, name)) for name in names if getattr(config, name) != getattr(plan, name))
    augment = augment_of(config, classes)
    return chosen if augment == config.augment else (*chosen, ("augment", augment.preset))
