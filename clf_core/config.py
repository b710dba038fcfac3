"""What a person can set. Field descriptions become the help texts of forms and of the terminal."""

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from clf_core.errors import ConfigError
from clf_core.values import Value

DEFAULT_BACKBONE = "tf_efficientnet_lite0"


class SplitConfig(Value):
    """How pictures without a given split are divided; shares of each class, adding up to 1."""

    train: float = Field(0.64, gt=0, lt=1, description="Share of the pictures the model learns from.")
    val: float = Field(0.16, gt=0, lt=1, description="Share used to choose settings while training.")
    test: float = Field(0.20, gt=0, lt=1, description="Share kept aside for the final, honest check.")
    seed: int = Field(0, ge=0, description="Same seed, same pictures in each split.")
    keep_copies_together: bool = Field(
        True, description="Pictures that look nearly the same never stand on both sides of a split."
    )
    group_pattern: str = Field(
        "",
        max_length=200,
        description="Which part of a file name says what belongs together, such as {group}_* for patient12_left.jpg. "
        "* stands for any text. Pictures of one group never stand on both sides of a split.",
    )
    lock_test: bool = Field(
        True, description="Pictures once kept aside for the final check stay there when the others are divided anew."
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = self.train + self.val + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"train, val and test must add up to 1, got {total:g}")
        return self


class ImportOptions(Value):
    """How a source of pictures is to be read."""

    split: SplitConfig = Field(SplitConfig(), description="How pictures without a given split are divided.")
    label: str = Field(
        "", max_length=500, description="Class of pictures that come without a class folder or a label in a table."
    )
    frames_per_second: float = Field(
        1.0, gt=0, le=60, description="How many pictures to take from each second of a video."
    )


class ImportLimits(Value):
    """Caps that keep a hostile or mistaken upload from filling the disk or the memory."""

    max_files: int = Field(200_000, gt=0, description="Most files in one import.")
    max_total_bytes: int = Field(20 * 2**30, gt=0, description="Most unpacked bytes in one import.")
    max_file_bytes: int = Field(200 * 2**20, gt=0, description="Most bytes of one file.")
    max_pixels: int = Field(100_000_000, gt=0, description="Most pixels (width x height) of one picture.")
    max_compression_ratio: int = Field(
        200, gt=0, description="An archive member that unpacks to more than this many times its packed size is refused."
    )
    max_depth: int = Field(32, gt=0, description="Most nested folders.")


class Preprocessing(Value):
    """How a picture becomes the model's input; stored with the model and used everywhere it runs.

    The shorter side is resized to ``resize_size`` (aspect kept), the centre ``input_size`` square
    is cut out, pixels are scaled to 0..1, then ``(x - mean) / std`` per channel in RGB order.
    """

    input_size: int = Field(224, ge=16, le=1024, description="Side of the square the model sees, in pixels.")
    resize_size: int = Field(256, ge=16, le=2048, description="Shorter side after resizing, in pixels.")
    interpolation: Literal["bilinear", "bicubic"] = Field("bicubic", description="Resampling filter.")
    mean: tuple[float, float, float] = Field(description="Mean per RGB channel, pixels in 0..1.")
    std: tuple[float, float, float] = Field(description="Standard deviation per RGB channel, pixels in 0..1.")

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.resize_size < self.input_size:
            raise ValueError("resize_size must be at least input_size")
        if min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


class TrainConfig(Value):
    """Settings of one run."""

    preset: Literal["quick"] = Field(
        "quick",
        description="quick: the pretrained network stays as it is and only its last layer is fitted to your classes.",
    )
    backbone: str = Field(
        DEFAULT_BACKBONE,
        min_length=1,
        max_length=200,
        description="Name of the timm model whose knowledge of pictures is used.",
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
        description="After the strength is chosen, fit once more on training and validation pictures together.",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Same seed, same result on the same machine.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the network runs.")

    @model_validator(mode="after")
    def _strengths_are_usable(self) -> Self:
        if any(not math.isfinite(value) or value <= 0 for value in self.strengths):
            raise ValueError("strengths must be positive numbers")
        return self


def train_config(fields: dict[str, Any]) -> TrainConfig:
    """Build a ``TrainConfig`` from outside input.

    Raises:
        ConfigError: naming the first field that is unknown, malformed or contradictory.
    """
    try:
        return TrainConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "configuration"
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "there is no such setting"
        raise ConfigError(
            f"The setting '{field}' cannot be used",
            field=field,
            why=reason,
            remedy=f"Settings are: {', '.join(TrainConfig.model_fields)}",
        ) from None
