"""A small convolutional network as a list of layers: what a person designs layer by layer."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from clf_core.values import Value

Activation = Literal["relu", "gelu", "silu", "tanh", "none"]

SMALLEST_INPUT, LARGEST_INPUT = 16, 256
"""Pixels to a side that a small network's pictures may have."""


class Convolution(Value):
    """Looks for small patterns everywhere in the picture; padded so that the size stays, unless told otherwise."""

    kind: Literal["convolution"] = "convolution"
    filters: int = Field(32, ge=1, le=1024, description="How many patterns it can learn.")
    kernel: int = Field(3, ge=1, le=15, description="Side of the patch it looks at, in pixels of its input.")
    stride: int = Field(1, ge=1, le=8, description="Steps between two patches; 2 halves width and height.")
    padding: Literal["same", "none"] = Field("same", description="same: the border is filled up; none: it is cut off.")
    activation: Activation = Field("relu", description="What is done to each number afterwards.")


class Pooling(Value):
    """Keeps the strongest, or the mean, of each patch: smaller maps, less detail."""

    kind: Literal["pooling"] = "pooling"
    mode: Literal["max", "average"] = Field("max", description="Keep the strongest answer of each patch, or the mean.")
    size: int = Field(2, ge=2, le=8, description="Side of the patches; 2 halves width and height.")


class BatchNorm(Value):
    """Brings each map to mean 0 and deviation 1 over the batch, which steadies and quickens learning."""

    kind: Literal["batch norm"] = "batch norm"
    activation: Activation = Field(
        "none", description="What is done to each number afterwards, where the layer before it leaves that out."
    )


class Dropout(Value):
    """Silences a random share of the numbers while learning, so that none is relied on alone."""

    kind: Literal["dropout"] = "dropout"
    share: float = Field(0.5, ge=0, lt=1, description="Share that is silenced.")


class Residual(Value):
    """Two convolutions of 3 x 3 with batch norm whose result is added to what came in, as in a ResNet: deep stacks
    learn more easily. Where number or size of the maps changes, what came in is brought there by one of 1 x 1."""

    kind: Literal["residual"] = "residual"
    filters: int = Field(32, ge=1, le=1024, description="Maps that come out.")
    stride: int = Field(1, ge=1, le=4, description="2 halves width and height.")


class GlobalPooling(Value):
    """The mean of each whole map: from maps to one number each, whatever their size."""

    kind: Literal["global pooling"] = "global pooling"


class Flatten(Value):
    """Writes all maps one after the other into one long list of numbers."""

    kind: Literal["flatten"] = "flatten"


class Dense(Value):
    """Every number of the list has a say in each of the numbers that come out."""

    kind: Literal["dense"] = "dense"
    units: int = Field(128, ge=1, le=4096, description="How many numbers come out.")
    activation: Activation = Field("relu", description="What is done to each number afterwards.")


Layer = Annotated[
    Convolution | Pooling | BatchNorm | Dropout | Residual | GlobalPooling | Flatten | Dense,
    Field(discriminator="kind"),
]


class NetworkConfig(Value):
    """The layers before the last one, which always is dense with one unit for each class and softmax.

    The default is the design everyone learns with: convolution of 32 filters of 3 x 3 with ReLU, max pooling
    2 x 2, flatten, dense 128 with ReLU, dense softmax.
    """

    input_size: int = Field(
        32, ge=SMALLEST_INPUT, le=LARGEST_INPUT, description="Side of the square picture it sees, in pixels."
    )
    layers: tuple[Layer, ...] = Field(
        (Convolution(), Pooling(), Flatten(), Dense()), max_length=100, description="From the picture upwards."
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        """A word alone is the name of a preset."""
        if not isinstance(given, str):
            return given
        if given not in NETWORK_PRESETS:
            raise ValueError(f"there is no network '{given}'; those to start from are {', '.join(NETWORK_PRESETS)}")
        return NETWORK_PRESETS[given].network.model_dump()


@dataclass(frozen=True)
class NetworkPreset:
    """A network to start from.

    Attributes:
        title: what it is called on screen.
        description: one sentence on what it is good for.
        network: its layers.
    """

    title: str
    description: str
    network: NetworkConfig


def _stage(filters: int, convolutions: int) -> tuple[Layer, ...]:
    """Convolutions with batch norm, then pooling, as in a VGG network with batch norm."""
    one: tuple[Layer, ...] = (Convolution(filters=filters, activation="none"), BatchNorm(activation="relu"))
    return (*one * convolutions, Pooling())


NETWORK_PRESETS: dict[str, NetworkPreset] = {
    "textbook": NetworkPreset(
        "The textbook's",
        "The design everyone learns with: one convolution, one pooling, one dense layer.",
        NetworkConfig(),
    ),
    "tiny": NetworkPreset(
        "Tiny",
        "A few thousand weights: trains in a moment, and shows how little is enough for easy pictures.",
        NetworkConfig(
            layers=(
                Convolution(filters=8),
                Pooling(),
                Convolution(filters=16),
                Pooling(size=4),
                Flatten(),
            )
        ),
    ),
    "lenet": NetworkPreset(
        "Like LeNet-5",
        "The network that read cheques in 1998: two convolutions of 5 x 5 with tanh, then dense layers.",
        NetworkConfig(
            layers=(
                Convolution(filters=6, kernel=5, padding="none", activation="tanh"),
                Pooling(mode="average"),
                Convolution(filters=16, kernel=5, padding="none", activation="tanh"),
                Pooling(mode="average"),
                Flatten(),
                Dense(units=120, activation="tanh"),
                Dense(units=84, activation="tanh"),
            )
        ),
    ),
    "deeper": NetworkPreset(
        "Three stages",
        "Three convolutions, each followed by pooling, and dropout against learning by heart.",
        NetworkConfig(
            layers=(
                Convolution(filters=32),
                Pooling(),
                Convolution(filters=64),
                Pooling(),
                Convolution(filters=128),
                Pooling(),
                Flatten(),
                Dropout(),
                Dense(),
            )
        ),
    ),
    "vgg": NetworkPreset(
        "Like VGG",
        "Pairs of convolutions of 3 x 3 with batch norm, twice as many filters after each pooling.",
        NetworkConfig(
            input_size=64,
            layers=(*_stage(32, 2), *_stage(64, 2), *_stage(128, 2), Flatten(), Dropout(), Dense(units=256), Dropout()),
        ),
    ),
    "resnet": NetworkPreset(
        "Like ResNet",
        "Residual blocks, so that many layers still learn well; the strongest of these, and the slowest.",
        NetworkConfig(
            input_size=64,
            layers=(
                Convolution(filters=32, activation="none"),
                BatchNorm(activation="relu"),
                Residual(filters=32),
                Residual(filters=64, stride=2),
                Residual(filters=64),
                Residual(filters=128, stride=2),
                Residual(filters=128),
                GlobalPooling(),
            ),
        ),
    ),
}
"""Networks to start from, by the name the terminal takes; the first is the default."""
