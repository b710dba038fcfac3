"""What is said of a training before it starts: how long, how good, and what is unusual about it."""

from pydantic import Field

from clf_core.config import Preset
from clf_core.values import Value


class PresetCard(Value):
    """One preset as it is offered for a dataset."""

    preset: Preset
    seconds: float = Field(description="Expected on this machine, from the start to the result on the test split.")
    at_most: bool = Field(False, description="Whether it may well end earlier, once it learns nothing more.")
    measured: bool = Field(False, description="Whether the time rests on earlier runs here, not on a rule of thumb.")
    what: str = Field(description="What learns, in a sentence.")
    quality: str = Field(description="What quality to expect with these pictures, and why, in a sentence.")
    reason: str = Field("", description="Why this one is recommended; empty for the others.")

    @property
    def recommended(self) -> bool:
        """Whether this is the one to take."""
        return bool(self.reason)


class Judging(Value):
    """By which pictures a training is judged while it learns."""

    validation: int = Field(description="Pictures of the validation split.")
    borrowed: bool = Field(
        False, description="Whether some training pictures are judged by as well, as those are few; learned from later."
    )
    again: bool = Field(False, description="Whether it then learns from all of them.")


class Advice(Value):
    """A plain warning about an unusual choice; nothing is forbidden by it."""

    field: str = Field(description="Field of ``TrainConfig`` to change, such as 'batch_size' or 'augment.preset'.")
    text: str = Field(description="What is unusual, what comes of it, what to do: a sentence or two.")
