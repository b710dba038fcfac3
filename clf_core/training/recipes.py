"""What the presets balanced and thorough do where a person chose nothing. Torch is not imported.

The figures behind these choices are in ``docs/experiments.md``.
"""

from dataclasses import dataclass, field
from typing import Any

from clf_core.config import AugmentConfig, Preset, TrainConfig


@dataclass(frozen=True)
class Recipe:
    """One preset. Limits are in pictures learned from: pictures times epochs.

    Attributes:
        most: share of the network's arithmetic that learns, at most.
        views: variants of each training picture beside the picture as it is, at most.
        inputs: pictures and variants that go through the front, beyond which there are fewer variants or none.
        rates: learning rates to choose from, each tried over the whole course.
        tries: limit up to which they are tried; beyond it the default is taken.
        repeats: limit up to which it learns once more, with the pictures that were held out.
        defaults: by field of ``TrainConfig``.
    """

    most: float
    views: int
    inputs: int
    rates: tuple[float, ...]
    tries: int
    repeats: int
    defaults: dict[str, Any] = field(default_factory=dict)


ENOUGH_TO_JUDGE = 20
"""Validation pictures; with fewer, some of the training pictures are judged by as well, and learned from at the end."""

AUGMENT = AugmentConfig(preset="standard", flips=False)
"""Variants to learn from. Not mirrored: nobody has said that left and right mean the same in these pictures."""

_DEFAULTS: dict[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 1e-3,
    "layer_decay": 1.0,
    "weight_decay": 0.01,
    "schedule": "cosine",
    "warmup": 0.1,
    "batch_size": 32,
    "batch_norm": "frozen",
}

RECIPES: dict[Preset, Recipe] = {
    "balanced": Recipe(
        most=0.45,
        views=3,
        inputs=2_500,
        rates=(1e-3, 3e-4, 1e-4),
        tries=1_500,
        repeats=3_000,
        defaults={**_DEFAULTS, "epochs": 4},
    ),
    "thorough": Recipe(
        most=0.67,
        views=3,
        inputs=2_500,
        rates=(1e-3, 3e-4, 1e-4),
        tries=1_500,
        repeats=3_000,
        defaults={**_DEFAULTS, "epochs": 4},
    ),
}


def variants_of(config: TrainConfig, pictures: int) -> tuple[AugmentConfig, int]:
    """Return how the variants of a run's pictures are made, and how many there are of each.

    Args:
        config: ``preset`` is balanced or thorough.
        pictures: of training and validation.
    """
    if config.augment.preset != "auto":
        return config.augment, config.view_count if config.augment.active else 0
    recipe = RECIPES[config.preset]
    affordable = max(0, recipe.inputs // max(1, pictures) - 1)
    return AUGMENT, min(recipe.views, affordable) if config.views is None else config.views
