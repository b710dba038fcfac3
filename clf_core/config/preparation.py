"""How pictures become what a network sees, and how variants of them are made."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from clf_core.values import Value

Fit = Literal["crop", "squeeze", "pad"]
"""How a picture that is not square becomes one."""


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

    preset: Literal["auto", "none", "light", "standard", "strong", "custom"] = Field(
        "auto",
        description="auto: standard where the network itself learns from a published one (balanced, thorough, full), "
        "else none; none: pictures as they are; light, standard, strong: more and more change; custom: the single "
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
        """The same with the preset's switches written out; its own preset is 'custom'.

        'auto' changes nothing here: what it comes to is the training's matter (``TrainConfig.varies``).
        """
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
    "auto": {},
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
