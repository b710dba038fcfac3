"""What a learning-rate range test found."""

from pydantic import Field

from clf_core.results.runs import ErrorWords, RunState, Stage
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


class RangeTestState(Value):
    """Where a range test stands, which works in the background."""

    id: str
    state: RunState = Field(description="starting, running, done, failed, cancelled or interrupted.")
    stage: Stage = Field(
        "prepare", description="'tune' is the test itself; what comes before makes the pictures ready."
    )
    done: int = Field(0, description="Pictures or steps finished in this stage.")
    total: int = Field(0, description="Of how many; 0 when unknown.")
    report: RangeTestReport | None = Field(None, description="What was found, once it is done.")
    error: ErrorWords | None = None
