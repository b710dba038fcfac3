"""A small convolutional network as a list of layers: what a person designs layer by layer."""

from typing import Annotated, Literal

from pydantic import Field

from clf_core.values import Value

Activation = Literal["relu", "gelu", "silu", "tanh", "none"]


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


class Dropout(Value):
    """Silences a random share of the numbers while learning, so that none is relied on alone."""

    kind: Literal["dropout"] = "dropout"
    share: float = Field(0.5, ge=0, lt=1, description="Share that is silenced.")


class Residual(Value):
    """Two convolutions whose result is added to what came in, as in a ResNet: deep stacks learn more easily."""

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

    input_size: int = Field(32, ge=8, le=256, description="Side of the square picture it sees, in pixels.")
    layers: tuple[Layer, ...] = Field(
        (Convolution(), Pooling(), Flatten(), Dense()), max_length=100, description="From the picture upwards."
    )
