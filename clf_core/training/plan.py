"""Every number of a training in epochs, decided before it begins."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from clf_core.config import TrainConfig
from clf_core.device import Device
from clf_core.errors import ConfigError

Optimizer = Literal["adamw", "adam", "sgd", "lamb", "lion"]
Schedule = Literal["cosine", "one-cycle", "constant"]
Imbalance = Literal["none", "weights", "sampler", "focal"]
BatchNormMode = Literal["frozen", "learned"]
Precision = Literal["float32", "bfloat16", "float16"]
Tracker = Literal["none", "tensorboard", "mlflow"]

_NOT_PART_OF_THE_COURSE = frozenset({"epochs", "seconds", "elsewhere", "patience", "tracker", "precision"})
"""May differ between a run and its continuation: when it ends, and what another machine is quickest with."""

_LEARNING_RATES: dict[str, float] = {"adamw": 4e-4, "adam": 1e-3, "sgd": 1e-2, "lamb": 2e-3, "lion": 1e-4}
"""Where neither a person nor the preset says any. 4e-4 harmed a fitted head least among those tried; lion takes a
third to a tenth of adamw's (Chen et al. 2023, 'Symbolic discovery of optimization algorithms')."""


@dataclass(frozen=True)
class Plan:
    """What ``fit`` goes by; see ``TrainConfig`` for what each setting means.

    Attributes:
        epochs: how many there are at most; with a time limit that many can never be reached.
        batch_size: pictures between two changes, over all processes together.
        learning_rate: the highest of the schedule, for groups of scale 1.
        warmup: share of the run, 0 to 0.9, over which it rises.
        layer_decay: for whoever makes the parameter groups; ``fit`` goes by their scale.
        patience: epochs without a better validation loss until it stops; None for never.
        seconds: time limit for all of ``fit``, validation and saving included, over all its sittings; None for none.
        elsewhere: seconds of the person's limit that went, or will go, to other stages of the run.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: Optimizer = "adamw"
    schedule: Schedule = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.01
    layer_decay: float = 1.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    imbalance: Imbalance = "none"
    average_weights: bool = False
    batch_norm: BatchNormMode = "learned"
    precision: Precision = "float32"
    patience: int | None = None
    seconds: float | None = None
    elsewhere: float = 0.0
    seed: int = 0
    tracker: Tracker = "none"

    def fingerprint(self) -> str:
        """Equal for plans of which one can go on from the other's checkpoint."""
        course = {name: value for name, value in asdict(self).items() if name not in _NOT_PART_OF_THE_COURSE}
        return hashlib.sha256(json.dumps(course, sort_keys=True).encode()).hexdigest()

    def after(self, seconds: float) -> "Plan":
        """The plan with what was spent, or is to be kept for later, taken from its time limit, if it has one."""
        if self.seconds is None:
            return self
        return replace(self, seconds=max(self.seconds - seconds, 1.0), elsewhere=self.elsewhere + seconds)

    @property
    def limit(self) -> float | None:
        """What the person allowed for the whole run, seconds."""
        return None if self.seconds is None else self.seconds + self.elsewhere


def plan_from(values: Mapping[str, Any]) -> Plan:
    """A plan from stored values; those it does not know are left out.

    Raises:
        TypeError: one that it needs is missing.
    """
    known = {field.name for field in fields(Plan)}
    return Plan(**{name: value for name, value in values.items() if name in known})


def make_plan(config: TrainConfig, defaults: Mapping[str, Any], pictures: int, device: Device) -> Plan:
    """Decide what a person left open.

    A setting that is None or 'auto' counts as left open: then the preset's default holds, if it has one. Whatever else
    it is, a person chose it, and no preset overrules that. With a time limit epochs and patience do not rule: the
    schedule is fitted to the time, and the best weights are kept anyway.

    Args:
        config: what the person chose.
        defaults: the preset's, by field of ``TrainConfig``.
        pictures: training pictures; a batch is never larger.
        device: where the network runs.

    Raises:
        ConfigError: float16 without a graphics card.
    """
    chosen = _Chosen(config, defaults)
    optimizer: Optimizer = chosen("optimizer", "adamw")
    seconds = None if config.minutes is None else config.minutes * 60
    return Plan(
        epochs=1_000_000 if seconds is not None else chosen("epochs", 10),
        batch_size=max(1, min(chosen("batch_size", 32), pictures)),
        learning_rate=chosen("learning_rate", _LEARNING_RATES[optimizer]),
        optimizer=optimizer,
        schedule=chosen("schedule", "cosine"),
        warmup=chosen("warmup", 0.1),
        weight_decay=chosen("weight_decay", 0.01),
        layer_decay=chosen("layer_decay", 1.0),
        label_smoothing=chosen("label_smoothing", 0.0),
        mixup=chosen("mixup", 0.0),
        cutmix=chosen("cutmix", 0.0),
        imbalance=chosen("imbalance", "none"),
        average_weights=chosen("average_weights", False),
        batch_norm=chosen("batch_norm", "learned"),
        precision=_precision(chosen("precision", "auto"), device),
        patience=None if seconds is not None else chosen("patience", 5),
        seconds=seconds,
        seed=config.seed,
        tracker=chosen("tracker", "none"),
    )


@dataclass(frozen=True)
class _Chosen:
    config: TrainConfig
    defaults: Mapping[str, Any]

    def __call__(self, name: str, otherwise: Any) -> Any:
        value = getattr(self.config, name)
        return self.defaults.get(name, otherwise) if value is None or value == "auto" else value


def _precision(wanted: str, device: Device) -> Precision:
    if wanted == "auto":
        from clf_core.training.precision import quickest

        return quickest(device)
    if wanted == "float16" and device == "cpu":
        raise ConfigError(
            "float16 needs a graphics card",
            field="precision",
            why="Processors compute with it more slowly than with float32",
            remedy="Choose 'auto', 'bfloat16' or 'float32'",
        )
    return wanted  # type: ignore[return-value]
