"""What a learning-rate range test found."""

from pydantic import Field

from clf_core.values import Value


class RatePoint(Value):
    """One step of a range test."""

    rate: float = Field(gt=0, description="Learning rate of the last layer.")
    loss: float = Field(description="Mean loss of the batches up to here, the latest counting most; nats.")


class RangeTestReport(Value):
    """The loss as the learning rate rises, and the rate that suggests itself."""

    points: tuple[RatePoint, ...] = Field(description="In the order of rising rates.")
    suggestion: float = Field(gt=0, description="The learning rate to take.")
    steepest: float = Field(gt=0, description="Where the loss falls fastest; often a little too high to train with.")
    exploded: bool = Field(description="Whether it ended because the loss exploded, and not at the highest rate.")
    reason: str = Field(description="Why this rate, in a sentence.")
