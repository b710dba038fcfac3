"""The presets of a training and which settings each of them makes use of."""

from typing import Literal, get_args

Preset = Literal["quick", "balanced", "thorough", "full", "scratch"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

TUNED_PRESETS: frozenset[Preset] = frozenset({"balanced", "thorough", "full", "scratch"})
"""Presets that train in epochs; quick fits the last layer only."""

VARYING_PRESETS: frozenset[Preset] = frozenset({"balanced", "thorough", "full"})
"""Presets that make variants of the pictures where nobody said whether there shall be any."""

_ALWAYS = frozenset({"preset", "fit", "augment", "seed", "device"})
_PRETRAINED = frozenset({"backbone", "continue_from", "input_size"})
_HEAD = frozenset({"selection", "strengths", "folds"})
_EPOCHS = frozenset(
    {"optimizer", "learning_rate", "weight_decay", "schedule", "warmup", "batch_size", "epochs", "minutes", "patience"}
    | {"imbalance", "label_smoothing", "average_weights", "precision", "tracker"}
)
_BLOCKS = frozenset({"layer_decay", "batch_norm"})
_BLENDING = frozenset({"mixup", "cutmix"})
_CACHED = frozenset({"views", "refit"})

_SETTINGS: dict[Preset, frozenset[str]] = {
    "quick": _ALWAYS | _PRETRAINED | _HEAD | _CACHED,
    "balanced": _ALWAYS | _PRETRAINED | _HEAD | _CACHED | _EPOCHS | _BLOCKS,
    "thorough": _ALWAYS | _PRETRAINED | _HEAD | _CACHED | _EPOCHS | _BLOCKS,
    "full": _ALWAYS | _PRETRAINED | _HEAD | _EPOCHS | _BLOCKS | _BLENDING,
    "scratch": _ALWAYS | {"network"} | _EPOCHS | _BLENDING,
}

_WHY_UNUSED: dict[Preset, str] = {
    "quick": "only the last layer is fitted, in one go and not in epochs",
    "balanced": "the last blocks learn from what the earlier ones saw once, and begin from a fitted last layer",
    "thorough": "the later blocks learn from what the earlier ones saw once, and begin from a fitted last layer",
    "full": "every picture is changed anew in each epoch, and validation pictures decide when to stop",
    "scratch": "the network is your own design and begins knowing nothing",
}


def settings_of(preset: Preset) -> frozenset[str]:
    """Return the fields of ``TrainConfig`` that mean something to this preset."""
    return _SETTINGS[preset]


def why_unused(preset: Preset) -> str:
    """Return why a preset has no use for the other settings, as the rest of a sentence after a colon."""
    return _WHY_UNUSED[preset]
