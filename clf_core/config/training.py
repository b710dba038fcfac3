"""Settings of one run. What is None here is chosen by the studio; the run notes what it chose."""

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails

from clf_core.config.network import NetworkConfig
from clf_core.config.preparation import AugmentConfig, Fit
from clf_core.config.presets import VARYING_PRESETS, Preset, settings_of, why_unused
from clf_core.errors import ConfigError
from clf_core.values import Value

DEFAULT_BACKBONE = "tf_efficientnet_lite0"

_USUAL_VIEWS = 3

STORED = {"stored": True}
"""Validation context of settings that come from the studio's own files."""


class _ContradictionError(ValueError):
    """Two settings that cannot both be meant; ``field`` is the one to change."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class TrainConfig(Value):
    """Settings of one run."""

    preset: Preset = Field(
        "quick",
        description="quick: the pretrained network stays as it is and only its last layer is fitted to your classes. "
        "balanced: its last blocks learn, too. thorough: more of its blocks. full: all of it. scratch: a small network "
        "of your own design, which begins knowing nothing.",
    )
    backbone: str = Field(
        DEFAULT_BACKBONE,
        min_length=1,
        max_length=200,
        description="Name of the timm model whose knowledge of pictures is used.",
    )
    continue_from: str = Field(
        "", max_length=200, description="An own earlier run whose network is gone on from, in place of a published one."
    )
    network: NetworkConfig = Field(NetworkConfig(), description="Layers of the small network; for scratch only.")
    input_size: int | None = Field(
        None,
        ge=32,
        le=1024,
        description="Side of the square the network sees, in pixels: more shows finer detail and takes longer. Empty "
        "for the network's own.",
    )
    fit: Fit = Field(
        "crop",
        description="How a picture that is not square becomes one. crop: its centre is cut out; squeeze: the whole "
        "picture, stretched; pad: the whole picture, with bars beside it.",
    )
    augment: AugmentConfig = Field(
        AugmentConfig(),
        description="Variants of the training pictures to learn from beside them: augment.preset is auto, none, light, "
        "standard, strong or custom, and augment.rotate and others are single switches.",
    )
    views: int | None = Field(
        None,
        ge=1,
        le=20,
        description="Variants of each training picture, where there are any; each takes as long as one. Empty: "
        f"{_USUAL_VIEWS}, or fewer where the studio chooses the variants and there are many pictures.",
    )
    selection: Literal["auto", "validation", "cross-validation"] = Field(
        "auto",
        description="How the strength of the regularisation is chosen: on the validation pictures, by "
        "cross-validation within the training pictures, or (auto) on the validation pictures, with "
        "cross-validation beside them while they are few.",
    )
    strengths: tuple[float, ...] = Field(
        tuple(10.0**k for k in range(-3, 4)),
        min_length=1,
        max_length=50,
        description="Inverse regularisation strengths (C) to choose from; smaller keeps the model simpler.",
    )
    folds: int = Field(5, ge=2, le=20, description="Parts used for cross-validation.")
    refit: bool = Field(
        True,
        description="After the settings are chosen, learn once more from training and validation pictures together.",
    )
    optimizer: Literal["auto", "adamw", "adam", "sgd", "lamb", "lion"] = Field(
        "auto", description="The rule by which the weights are changed; adamw is a safe choice."
    )
    learning_rate: float | None = Field(
        None,
        gt=0,
        le=10,
        description="How big each change is: too small learns nothing, too big forgets. Empty: chosen on held-out "
        "training pictures.",
    )
    layer_decay: float | None = Field(
        None,
        gt=0,
        le=1,
        description="How much less each earlier block changes than the one after it; 1 changes all alike. Empty: the "
        "preset's own.",
    )
    weight_decay: float | None = Field(
        None, ge=0, le=1, description="How strongly weights are drawn towards zero, which keeps the model simpler."
    )
    schedule: Literal["auto", "cosine", "one-cycle", "constant"] = Field(
        "auto", description="How the learning rate goes over the run: falling, rising then falling, or level."
    )
    warmup: float | None = Field(
        None,
        ge=0,
        le=0.9,
        description="Share of the run over which the learning rate rises from almost nothing. Empty: the preset's own.",
    )
    batch_size: int | None = Field(
        None, ge=1, le=4096, description="Pictures between two changes. Empty: what fits the memory."
    )
    epochs: int | None = Field(
        None, ge=1, le=1000, description="How often it goes through all training pictures. Empty: the preset's own."
    )
    minutes: float | None = Field(
        None, gt=0, le=10_000, description="A limit of time in place of epochs; the run ends within 5 % of it."
    )
    patience: int = Field(
        5, ge=1, le=1000, description="Stop once so many epochs brought nothing better on the validation pictures."
    )
    imbalance: Literal["none", "weights", "sampler", "focal"] = Field(
        "none",
        description="What is done where classes differ in size. weights: a mistake in a small class costs more; "
        "sampler: small classes are shown more often; focal: what it finds hard counts more.",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of certainty taken from each label; guards against wrong labels."
    )
    mixup: float = Field(
        0.0, ge=0, le=2, description="How strongly two pictures and their labels are blended into one; 0 is off."
    )
    cutmix: float = Field(
        0.0, ge=0, le=2, description="How much of a picture is covered by a piece of another; 0 is off."
    )
    average_weights: bool = Field(
        False, description="Keep a moving average of the weights (EMA) and use it: often a little better and steadier."
    )
    batch_norm: Literal["auto", "frozen", "learned"] = Field(
        "auto", description="Whether the network's statistics of its maps stay as published or follow your pictures."
    )
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Arithmetic: fewer bits are quicker where the processor has them."
    )
    tracker: Literal["none", "tensorboard", "mlflow"] = Field(
        "none", description="Another program that is told the figures while it learns, where it is installed."
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Same seed, same result on the same machine.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the network runs.")

    @property
    def varies(self) -> bool:
        """Whether there are variants to learn from, be they asked for or the preset's own."""
        return self.augment.active or (self.augment.preset == "auto" and self.preset in VARYING_PRESETS)

    @property
    def view_count(self) -> int:
        """Variants of each picture where they are asked for, but for how many."""
        return _USUAL_VIEWS if self.views is None else self.views

    @model_validator(mode="after")
    def _says_what_can_be_meant(self, info: ValidationInfo) -> Self:
        """Refuse what contradicts itself. A setting that would be ignored counts: nobody sets one for nothing.

        What a run has stored is past refusing: by another version's defaults it made sense.
        """
        if info.context == STORED:
            return self
        used, fields = settings_of(self.preset), type(self).model_fields
        for name in fields:
            if name not in used and getattr(self, name) != fields[name].default:
                raise _ContradictionError(
                    name, f"the preset '{self.preset}' has no use for it: {why_unused(self.preset)}"
                )
        for field, wrong, reason in self._contradictions():
            if wrong:
                raise _ContradictionError(field, reason)
        return self

    def _contradictions(self) -> tuple[tuple[str, bool, str], ...]:
        """Field to change, whether it contradicts, and why."""
        blended = self.mixup > 0 or self.cutmix > 0
        return (
            (
                "strengths",
                any(not math.isfinite(value) or value <= 0 for value in self.strengths),
                "strengths must be positive numbers",
            ),
            (
                "minutes",
                self.minutes is not None and self.epochs is not None,
                "a limit of time and a number of epochs are both given; give one of them",
            ),
            (
                "patience",
                self.minutes is not None and self.patience != type(self).model_fields["patience"].default,
                "with a limit of time it learns until the time is over; leave patience as it is",
            ),
            (
                "backbone",
                bool(self.continue_from) and self.backbone != DEFAULT_BACKBONE,
                f"it goes on from the network of '{self.continue_from}', so no published one can be named as well",
            ),
            (
                "imbalance",
                self.imbalance == "focal" and blended,
                "focal needs pictures of one class each, and mixup or cutmix blends two; take 'weights' or 'sampler'",
            ),
            (
                "precision",
                self.precision == "float16" and self.device == "cpu",
                "float16 needs a graphics card; on a processor take 'bfloat16', 'float32' or 'auto'",
            ),
            (
                "batch_norm",
                self.batch_norm == "learned" and self.batch_size == 1,
                "statistics cannot be learned from batches of one picture; take 'frozen' or larger batches",
            ),
        )


def train_config(fields: dict[str, Any]) -> TrainConfig:
    """Build a ``TrainConfig`` from outside input.

    Raises:
        ConfigError: naming the first field that is unknown, malformed or contradictory, such as 'folds' or
            'augment.rotate'.
    """
    try:
        return TrainConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field, reason = _field_and_reason(first)
        remedy = ""
        if first["type"] == "extra_forbidden":
            known = AugmentConfig if field.startswith("augment.") else TrainConfig
            reason, remedy = "there is no such setting", f"Settings are: {', '.join(known.model_fields)}"
        raise ConfigError(f"The setting '{field}' cannot be used", field=field, why=reason, remedy=remedy) from None


def _field_and_reason(error: ErrorDetails) -> tuple[str, str]:
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, _ContradictionError):
        return raised.field, raised.reason
    place = [str(part) for part in error["loc"]] or ["configuration"]
    field = ".".join(place[:2] if place[0] == "augment" else place[:1])
    return field, error["msg"].removeprefix("Value error, ")
