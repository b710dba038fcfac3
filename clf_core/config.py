"""What a person can set. Field descriptions become the help texts of forms and of the terminal."""

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from clf_core.errors import ConfigError
from clf_core.values import Value

DEFAULT_BACKBONE = "tf_efficientnet_lite0"

Fit = Literal["crop", "squeeze", "pad"]
"""How a picture that is not square becomes one."""


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

    With the fit 'crop' the shorter side is resized to ``resize_size`` (aspect kept) and the centre
    ``input_size`` square is cut out; 'squeeze' and 'pad' bring the whole picture into that square. Then
    pixels are scaled to 0..1 and ``(x - mean) / std`` is taken per channel in RGB order.
    """

    input_size: int = Field(224, ge=16, le=1024, description="Side of the square the model sees, in pixels.")
    resize_size: int = Field(256, ge=16, le=2048, description="Shorter side after resizing, in pixels.")
    interpolation: Literal["bilinear", "bicubic"] = Field("bicubic", description="Resampling filter.")
    fit: Fit = Field(
        "crop",
        description="crop: the centre is cut out; squeeze: the whole picture, stretched to a square; "
        "pad: the whole picture, with bars in the network's mean colour.",
    )
    mean: tuple[float, float, float] = Field(description="Mean per RGB channel, pixels in 0..1.")
    std: tuple[float, float, float] = Field(description="Standard deviation per RGB channel, pixels in 0..1.")

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.resize_size < self.input_size:
            raise ValueError("resize_size must be at least input_size")
        if min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self


class AugmentConfig(Value):
    """How variants of the training pictures are made; each is changed a little, by chance, within these bounds.

    A preset stands for all switches together; switches set one by one belong to the preset 'custom', which is
    taken by itself where only switches are given.
    """

    preset: Literal["none", "light", "standard", "strong", "custom"] = Field(
        "none",
        description="none: pictures as they are; light, standard, strong: more and more change; custom: the single "
        "switches below.",
    )
    flips: bool = Field(
        True,
        description="Whether a variant may be mirrored at all, whatever the preset. Off for text and digits, and for "
        "left and right: they mean something else in a mirror.",
    )
    flip_horizontal: bool = Field(False, description="Half of the variants have left and right exchanged.")
    flip_vertical: bool = Field(
        False, description="Half of the variants stand on their head: for pictures from above or through a microscope."
    )
    rotate: float = Field(0.0, ge=0, le=180, description="Most degrees a variant is turned to either side.")
    crop: float = Field(
        1.0, ge=0.1, le=1, description="Least share of the area a variant still shows, enlarged; 1 shows all of it."
    )
    brightness: float = Field(0.0, ge=0, le=0.9, description="Most a variant is made lighter or darker; 0.2 is 20 %.")
    contrast: float = Field(0.0, ge=0, le=0.9, description="Most its contrast is raised or lowered; 0.2 is 20 %.")
    saturation: float = Field(
        0.0, ge=0, le=1, description="Most its colours are made stronger or paler; 1 reaches grey."
    )
    hue: float = Field(
        0.0, ge=0, le=0.5, description="Most its colours are shifted round the colour circle; 0.5 is to the opposite."
    )
    blur: float = Field(
        0.0, ge=0, le=5, description="Most it is blurred, as a radius in pixels of what the model sees."
    )
    noise: float = Field(0.0, ge=0, le=0.5, description="Most grain, as a share of the range from black to white.")
    erase: float = Field(0.0, ge=0, le=0.5, description="Most of the area that is covered by a rectangle.")

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """A word alone is a preset; switches alone are one's own."""
        if isinstance(given, str):
            return {"preset": given}
        if isinstance(given, dict) and "preset" not in given and given.keys() & set(cls.switches()):
            return {**given, "preset": "custom"}
        return given

    @model_validator(mode="after")
    def _preset_and_switches_agree(self) -> Self:
        changed = [name for name in self.switches() if getattr(self, name) != type(self).model_fields[name].default]
        if changed and self.preset != "custom":
            raise ValueError(
                f"the preset '{self.preset}' decides {', '.join(changed)} itself; single switches need the preset "
                "'custom'"
            )
        if not self.flips and (self.flip_horizontal or self.flip_vertical):
            raise ValueError("flips is off, so flip_horizontal and flip_vertical must be off too")
        return self

    @classmethod
    def switches(cls) -> tuple[str, ...]:
        """Names of the single switches."""
        return tuple(name for name in cls.model_fields if name not in ("preset", "flips"))

    def resolved(self) -> "AugmentConfig":
        """The same with the preset's switches written out; its own preset is 'custom'."""
        if self.preset == "custom":
            return self
        switches = dict(_AUGMENT_PRESETS[self.preset])
        if not self.flips:
            switches.pop("flip_horizontal", None)
        return AugmentConfig(preset="custom", flips=self.flips, **switches)

    @property
    def active(self) -> bool:
        """Whether any switch changes anything."""
        fields, resolved = type(self).model_fields, self.resolved()
        return any(getattr(resolved, name) != fields[name].default for name in self.switches())


_AUGMENT_PRESETS: dict[str, dict[str, Any]] = {
    "none": {},
    "light": {"flip_horizontal": True, "crop": 0.8, "brightness": 0.1, "contrast": 0.1},
    "standard": {
        "flip_horizontal": True,
        "rotate": 10.0,
        "crop": 0.6,
        "brightness": 0.2,
        "contrast": 0.2,
        "saturation": 0.2,
    },
    "strong": {
        "flip_horizontal": True,
        "rotate": 20.0,
        "crop": 0.4,
        "brightness": 0.35,
        "contrast": 0.35,
        "saturation": 0.35,
        "hue": 0.04,
        "blur": 1.5,
        "noise": 0.04,
        "erase": 0.15,
    },
}


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
    fit: Fit = Field(
        "crop",
        description="How a picture that is not square becomes one. crop: its centre is cut out; squeeze: the whole "
        "picture, stretched; pad: the whole picture, with bars beside it.",
    )
    augment: AugmentConfig = Field(
        AugmentConfig(),
        description="Variants of the training pictures to learn from beside them: augment.preset is none, light, "
        "standard, strong or custom, and augment.rotate and others are single switches.",
    )
    views: int = Field(
        3, ge=1, le=20, description="Variants of each training picture, where there are any; each takes as long as one."
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
        ConfigError: naming the first field that is unknown, malformed or contradictory, such as 'folds' or
            'augment.rotate'.
    """
    try:
        return TrainConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]] or ["configuration"]
        field = ".".join(place[:2] if place[0] == "augment" else place[:1])
        reason = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            reason = "there is no such setting"
        known = AugmentConfig if field.startswith("augment.") else TrainConfig
        raise ConfigError(
            f"The setting '{field}' cannot be used",
            field=field,
            why=reason,
            remedy=f"Settings are: {', '.join(known.model_fields)}",
        ) from None
