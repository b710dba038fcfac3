"""When a classifier answers, and when it says that it is not sure or that a picture looks like nothing it knows."""

from typing import Literal

from pydantic import Field, model_validator

from clf_core.values import Value

Verdict = Literal["answer", "unsure", "unknown"]
"""What is said of a picture: a class; that it is one of a few; that it looks like none of the classes."""

Foreign = Literal["refused", "not yet", "too few", "never"]
"""What becomes of pictures of something else: they are refused; that is not worked out yet; there were too few
validation pictures to learn how; or the model kept nothing it could be learned from, as the starter model."""


class PairCost(Value):
    """What one mistake costs, where an ordinary one costs 1."""

    true: str = Field(description="The class a picture is of.")
    said: str = Field(description="The class it is taken for.")
    cost: float = Field(gt=0, le=1000, description="How many ordinary mistakes it counts as.")


class DoubtSettings(Value):
    """What a person decided for a run; kept with it."""

    answered: float | None = Field(
        None, gt=0, le=1, description="Share of the validation pictures to answer; None for the recommended share."
    )
    costs: tuple[PairCost, ...] = Field((), max_length=100, description="Mistakes that do not cost 1, each pair once.")
    changes: int = Field(0, ge=0, description="How often a person changed these settings.")

    @model_validator(mode="after")
    def _pairs_differ(self) -> "DoubtSettings":
        pairs = {(pair.true, pair.said) for pair in self.costs}
        if len(pairs) != len(self.costs) or any(true == said for true, said in pairs):
            raise ValueError("each pair of two different classes may have one cost")
        return self


class Selected(Value):
    """What answering only the surer pictures came to."""

    total: int = Field(description="Pictures asked about.")
    answered: int
    right: int = Field(description="Of the answered.")
    answered_low: float | None = Field(None, description="Lower end of the 95 % Wilson interval of the share answered.")
    answered_high: float | None = None
    right_low: float | None = Field(None, description="The same for the share of the answered that is right.")
    right_high: float | None = None

    @property
    def coverage(self) -> float:
        """Share of the pictures that are answered."""
        return self.answered / self.total

    @property
    def accuracy(self) -> float | None:
        """Share of the answered that are right; None where none is answered."""
        return self.right / self.answered if self.answered else None


class OperatingPoint(Value):
    """One place on the curve: how much is answered, and how often rightly, on the validation pictures."""

    limit: float = Field(description="Expected cost of the best answer up to which it is given.")
    val: Selected


class SetReport(Value):
    """Sets of classes that hold the right one with a promised frequency, counted on the test pictures."""

    level: float = Field(description="Promised share of the sets that hold the right class.")
    total: int = Field(description="Test pictures.")
    held: int = Field(description="Sets that hold the right class.")
    held_low: float = Field(description="Lower end of the 95 % Wilson interval of their share.")
    held_high: float
    single: int = Field(description="Sets of one class.")
    mean_size: float = Field(description="Classes in a set, on average.")
    possible: bool = Field(description="False with too few validation pictures for this level: sets hold all classes.")


class AlarmReport(Value):
    """How often known pictures are taken for unknown ones."""

    distance: float | None = Field(
        description="From which on a picture counts as unknown; None with too few validation pictures to choose it by."
    )
    promised: float = Field(description="Share of known pictures at most, as chosen on the validation pictures.")
    val: int = Field(description="Validation pictures it was chosen on.")
    val_alarms: int
    test: int = Field(description="Test pictures it was counted on; 0 where there are none.")
    test_alarms: int
    test_low: float | None = Field(None, description="Lower end of the 95 % Wilson interval of the alarms' share.")
    test_high: float | None = None
    references: int = Field(description="Training pictures that are compared with.")


class MistakeRate(Value):
    """How often one kind of mistake is to be expected."""

    true: str
    said: str
    cost: float
    before: float = Field(description="In 1,000 pictures like the test's, where the most probable class is said.")
    after: float = Field(description="The same, where the answer follows the costs and unsure pictures are left.")
    after_low: float = Field(description="Lower end of its 95 % Wilson interval.")
    after_high: float


class CostReport(Value):
    """What answers cost, counted on the test pictures; all in 1,000 pictures like these."""

    total: int = Field(description="Test pictures.")
    mistakes_before: float = Field(description="Where the most probable class is said of every picture.")
    mistakes_after: float = Field(description="Where the answer follows the costs and unsure pictures are left.")
    mistakes_low: float = Field(description="Lower end of the 95 % Wilson interval of ``mistakes_after``.")
    mistakes_high: float
    cost_before: float = Field(description="In ordinary mistakes.")
    cost_after: float
    asked: float = Field(description="Pictures left to a person.")
    kinds: tuple[MistakeRate, ...] = Field(description="Those with a cost of their own, then the most frequent.")


class PairLimit(Value):
    """From where on one class is named rather than another."""

    said: str
    other: str
    share: float = Field(description="Of the two probabilities together; 0.5 where both mistakes cost alike.")


class DoubtReport(Value):
    """When a run answers, and what that comes to on its test pictures."""

    classes: tuple[str, ...]
    settings: DoubtSettings
    points: tuple[OperatingPoint, ...] = Field(description="Choices on the validation pictures, most answered last.")
    chosen: OperatingPoint = Field(description="In use, on the Predict page too.")
    recommended: OperatingPoint
    test: Selected | None = Field(description="The point in use on the test pictures; None where there are none.")
    answers_from: float | None = Field(description="Probability from which on it answers; None where costs decide.")
    sets: tuple[SetReport, ...]
    alarms: AlarmReport | None = Field(description="None until it is worked out.")
    costs: CostReport | None = Field(description="None where there are no test pictures.")
    pair_limits: tuple[PairLimit, ...] = Field(description="Where costs move the choice between two classes.")
