"""Kinds of test pictures on which a run does worse: dark ones, small ones, those of one camera."""

from pydantic import Field

from clf_core.values import Value


class Slice(Value):
    """The test pictures that have one thing in common."""

    attribute: str = Field(description="What was looked at: 'Brightness', or the name of a column from outside.")
    name: str = Field(description="Which of its kinds: 'dark (up to 61)', or a value from outside.")
    count: int = Field(description="Test pictures.")
    correct: int
    accuracy: float
    low: float = Field(description="Lower end of its 95 % interval, by group, looked at alone.")
    high: float
    others: float = Field(description="Accuracy on all other test pictures.")
    expected: float = Field(description="Accuracy on the others, if they held the same classes in the same shares.")
    gap_low: float = Field(
        description="Lower end of the interval of accuracy less that of the others, widened for all kinds looked at."
    )
    gap_high: float
    clearly_worse: bool = Field(description="Whether all of that interval lies below 0.")
    mostly_classes: bool = Field(description="Whether most of the gap is explained by the classes it holds.")


class SliceReport(Value):
    """All kinds of test pictures that were looked at."""

    slices: tuple[Slice, ...] = Field(description="The one most surely worse than the others first.")
    too_small: int = Field(description="Kinds left out because too few pictures are of them, or of all others.")
    least: int = Field(description="How few that is.")
    words: str = Field(description="What stands out, in one to three sentences. May hold names from outside.")
    table: str | None = Field(None, description="Name of the table that is kept with the run. Text from outside.")
    notices: tuple[str, ...] = Field((), description="What became of a table given, in sentences.")
