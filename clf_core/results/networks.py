"""What a small network comes to: the shape, size and work of each layer, and what its layers show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.values import Value


class LayerShape(Value):
    """What one layer gives, and what it costs."""

    maps: int = Field(gt=0, description="Maps that come out; for a list, the numbers in it.")
    side: int = Field(ge=0, description="Width and height of each map, in numbers; 0 for a list.")
    parameters: int = Field(ge=0, description="Weights that are learned.")
    multiply_adds: int = Field(ge=0, description="Of its convolutions or its dense layer, for one picture.")
    receptive_field: int = Field(
        gt=0,
        description="Side of the part of the picture that one number depends on, in pixels of the network's input.",
    )

    @property
    def numbers(self) -> int:
        """Numbers that come out for one picture."""
        return self.maps * max(1, self.side) ** 2


class LayerFault(Value):
    """Why a stack of layers cannot be."""

    index: int = Field(ge=0, description="Which layer is at fault, from 0; the number of layers means the last one.")
    problem: str
    remedy: str


class NetworkShape(Value):
    """A network layer by layer."""

    layers: tuple[LayerShape, ...] = Field(
        description="One for each layer, then one for the last, which has a unit for each class; where a layer is at "
        "fault, only those before it."
    )
    fault: LayerFault | None = None

    @property
    def parameters(self) -> int:
        """Weights of all layers."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Of all layers, for one picture."""
        return sum(layer.multiply_adds for layer in self.layers)


@dataclass(frozen=True)
class LearnedFilters:
    """What the first convolution of a network looks for.

    Attributes:
        pictures: [N, k, k, 3] uint8 RGB; each filter is scaled by itself, grey is a weight of zero.
        total: filters the layer has; N of them are given, those with the greatest weights first.
        layer: name of the layer inside the network.
        note: what has to be known to read them; plain text.
    """

    pictures: NDArray[np.uint8]
    total: int
    layer: str
    note: str


@dataclass(frozen=True)
class SeenLayer:
    """A layer whose maps can be looked at.

    Attributes:
        name: inside the network, such as 'maps.0'.
        title: for people, such as 'Convolution, 32 filters of 3 × 3'.
    """

    name: str
    title: str


@dataclass(frozen=True)
class FeatureMaps:
    """What one layer makes of one picture.

    Attributes:
        picture: [S, S, 3] uint8 RGB, as the network sees it.
        layer: which layer.
        maps: [N, h, w] float32 in 0..1; 1 is the strongest answer of the whole layer, 0 no answer or a negative one.
        channels: which map each is, N of them; the most active first.
        total: maps the layer has.
        silent: of those, maps without any answer in this picture.
    """

    picture: NDArray[np.uint8]
    layer: SeenLayer
    maps: NDArray[np.float32]
    channels: tuple[int, ...]
    total: int
    silent: int
