"""Which settings a search can try: from what is drawn to the settings of a trial.

The space is conditional: a learning rate is drawn only for presets that have one, variants only where pictures are
changed. Who decides is given as a ``Draw``: the sampler of the search, chance, or the settings the search began from.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from clf_core.config import (
    AugmentConfig,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Fit,
    Flatten,
    Layer,
    NetworkConfig,
    Pooling,
    SearchConfig,
    TrainConfig,
)
from clf_core.config.presets import TUNED_PRESETS, Preset, settings_of

Answer = str | int | float

LEARNING_RATES = (1e-5, 1e-2)
_USUAL_RATE = 4e-4
_AUGMENTS = ("auto", "light", "standard", "strong")
_FITS: tuple[Fit, ...] = ("crop", "squeeze", "pad")
_SIZES = (96, 128, 160, 192, 224, 256, 288)
_SMALL_SIZES = (32, 48, 64, 96)
_FILTERS = (8, 16, 32, 64)
_MOST_FILTERS = 256
_UNITS = (32, 64, 128, 256)
_SHARES = (0.0, 0.25, 0.5)
_MOST_BLOCKS = 4
_MOST_VIEWS = 5


@dataclass(frozen=True)
class Choice:
    """One of several; the search begins from ``first``, or from the first option where that is none of them."""

    name: str
    options: tuple[Answer, ...]
    first: Answer


@dataclass(frozen=True)
class Whole:
    """A whole number, both ends included."""

    name: str
    low: int
    high: int
    first: int


@dataclass(frozen=True)
class Number:
    """A number whose size counts by orders of magnitude."""

    name: str
    low: float
    high: float
    first: float


Dimension = Choice | Whole | Number
Draw = Callable[[Dimension], Answer]
"""Decides one dimension."""


def first_of(dimension: Dimension) -> Answer:
    """Decide as the settings do that the search begins from."""
    if isinstance(dimension, Choice):
        return dimension.first if dimension.first in dimension.options else dimension.options[0]
    return min(max(dimension.first, dimension.low), dimension.high)


def by_lot(chance: random.Random, dimension: Dimension) -> Answer:
    """Decide by lot."""
    if isinstance(dimension, Choice):
        return dimension.options[chance.randrange(len(dimension.options))]
    if isinstance(dimension, Whole):
        return chance.randint(dimension.low, dimension.high)
    drawn = math.exp(chance.uniform(math.log(dimension.low), math.log(dimension.high)))
    return min(max(drawn, dimension.low), dimension.high)  # rounding may step over an end


class Drawn(NamedTuple):
    """The settings of a trial, and what was decided for them by name of the dimension."""

    config: TrainConfig
    values: dict[str, Answer]


@dataclass(frozen=True)
class Space:
    """What can be drawn.

    Attributes:
        config: of the search.
        backbones: names to choose from, at least one; the studio's list where the search names none.
    """

    config: SearchConfig
    backbones: tuple[str, ...]

    def draw(self, draw: Draw) -> Drawn:
        """Draw the settings of one trial.

        Settings that mean nothing to the drawn preset are left at their defaults, so nothing contradicts: a property
        test draws thousands.
        """
        recorder = _Recorder(draw)
        base, searched = self.config.base, self.config.settings
        preset = base.preset
        if "preset" in searched:
            preset = cast(Preset, recorder.ask(Choice("preset", self.config.tried_presets, base.preset)))
        fields = {name: value for name, value in base.model_dump().items() if name in settings_of(preset)}
        fields["preset"] = preset
        fields |= self._network(recorder) if preset == "scratch" else self._pretrained(recorder)
        if "fit" in searched:
            fields["fit"] = recorder.ask(Choice("fit", _FITS, base.fit))
        if "learning_rate" in searched and preset in TUNED_PRESETS:
            first = base.learning_rate or _USUAL_RATE
            fields["learning_rate"] = recorder.ask(Number("learning_rate", *LEARNING_RATES, first))
        fields |= self._augment(preset, recorder)
        return Drawn(TrainConfig.model_validate(fields), recorder.values)

    def _pretrained(self, recorder: "_Recorder") -> dict[str, Any]:
        base, searched = self.config.base, self.config.settings
        fields: dict[str, Any] = {}
        if "backbone" in searched:
            fields["backbone"] = recorder.ask(Choice("backbone", self.backbones, base.backbone))
        if "input_size" in searched:
            fields["input_size"] = recorder.ask(Choice("input_size", _SIZES, base.input_size or 224))
        return fields

    def _augment(self, preset: Preset, recorder: "_Recorder") -> dict[str, Any]:
        base, searched = self.config.base, self.config.settings
        augment = base.augment
        fields: dict[str, Any] = {}
        if "augment" in searched:
            own = (augment.preset,) if augment.preset not in _AUGMENTS else ()
            chosen = recorder.ask(Choice("augment", (*own, *_AUGMENTS), augment.preset))
            if chosen != augment.preset:
                augment = AugmentConfig.model_validate({"preset": chosen, "flips": augment.flips})
            fields["augment"] = augment.model_dump()
        if "views" in settings_of(preset):
            if not augment.active:
                fields["views"] = None  # there are none to count
            elif "views" in searched:
                fields["views"] = recorder.ask(Whole("views", 1, _MOST_VIEWS, base.view_count))
        return fields

    def _network(self, recorder: "_Recorder") -> dict[str, Any]:
        base, searched = self.config.base, self.config.settings
        network = base.network
        if "input_size" in searched:
            size = recorder.ask(Choice("network size", _SMALL_SIZES, network.input_size))
            network = network.model_copy(update={"input_size": size})
        if "network" in searched:
            network = network.model_copy(update={"layers": _drawn_layers(_Outline.of(network), recorder)})
        return {"network": network.model_dump()}


class _Recorder:
    """Asks, and keeps the answers."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self.values: dict[str, Answer] = {}

    def ask(self, dimension: Dimension) -> Answer:
        self.values[dimension.name] = answer = self._draw(dimension)
        return answer


def _drawn_layers(first: "_Outline", recorder: _Recorder) -> tuple[Layer, ...]:
    """Blocks of convolution and pooling, twice as many filters in each, then one dense layer."""
    blocks = int(recorder.ask(Whole("blocks", 1, _MOST_BLOCKS, first.blocks)))
    filters = int(recorder.ask(Choice("filters", _FILTERS, first.filters)))
    norm = recorder.ask(Choice("batch norm", ("no", "yes"), "yes" if first.batch_norm else "no"))
    units = int(recorder.ask(Choice("dense units", _UNITS, first.units)))
    dropout = float(recorder.ask(Choice("dropout", _SHARES, first.dropout)))
    layers: list[Layer] = []
    for block in range(blocks):
        maps = min(_MOST_FILTERS, filters * 2**block)
        if norm == "yes":
            layers += [Convolution(filters=maps, activation="none"), BatchNorm(activation="relu")]
        else:
            layers += [Convolution(filters=maps)]
        layers += [Pooling()]
    layers += [Flatten(), Dense(units=units)]
    return (*layers, Dropout(share=dropout)) if dropout else tuple(layers)


@dataclass(frozen=True)
class _Outline:
    """A network in the few numbers that are searched; where it is built otherwise, the nearest such network."""

    blocks: int
    filters: int
    batch_norm: bool
    units: int
    dropout: float

    @classmethod
    def of(cls, network: NetworkConfig) -> "_Outline":
        layers = network.layers
        filters = [layer.filters for layer in layers if layer.kind in ("convolution", "residual")]
        units = [layer.units for layer in layers if layer.kind == "dense"]
        shares = [layer.share for layer in layers if layer.kind == "dropout"]
        return cls(
            blocks=max(1, sum(layer.kind == "pooling" for layer in layers)),
            filters=int(_nearest(filters[0] if filters else 32, _FILTERS)),
            batch_norm=any(layer.kind == "batch norm" for layer in layers),
            units=int(_nearest(units[0] if units else 128, _UNITS)),
            dropout=_nearest(shares[0] if shares else 0.0, _SHARES),
        )


def _nearest(value: float, options: Sequence[float]) -> float:
    return min(options, key=lambda option: abs(option - value))
