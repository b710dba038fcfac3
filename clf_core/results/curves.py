"""The curves behind an evaluation: each class against all others, how far the certainty holds, the best few guesses.

Points are rounded to 4 decimals and thinned for drawing; areas are exact.
"""

from typing import Literal

from pydantic import Field

from clf_core.values import Value


class ClassCurve(Value):
    """The curve of one class against all others, or the mean over the classes."""

    name: str = Field(description="The class; empty for the mean over the classes.")
    positives: int = Field(description="Test pictures of the class; of all classes for the mean.")
    x: tuple[float, ...] = Field(description="False-positive rate (ROC) or recall, 0..1, never falling.")
    y: tuple[float, ...] = Field(description="True-positive rate (ROC) or precision, 0..1.")
    area: float = Field(description="Area under all of its points, 0..1.")


class CurveSet(Value):
    """The curves of all classes of which there are test pictures."""

    kind: Literal["roc", "precision recall"]
    classes: tuple[ClassCurve, ...] = Field(description="In class order.")
    mean: ClassCurve | None = Field(description="Mean over these classes; None where there is none.")
    left_out: tuple[str, ...] = Field((), description="Classes without a curve, as all or none of the pictures are it.")


class ReliabilityBin(Value):
    """Answers that are about equally sure."""

    low: float = Field(description="Probability of the answer from which on (exclusive) it is in here.")
    high: float = Field(description="And up to which (inclusive).")
    count: int = Field(ge=1, description="Test pictures.")
    confidence: float = Field(description="Mean probability of their answers.")
    accuracy: float = Field(description="Share that is right.")
    accuracy_low: float = Field(description="Lower end of its 95 % interval, by group.")
    accuracy_high: float


class TopK(Value):
    """How often the right class is among the k most probable ones."""

    k: int = Field(ge=1)
    share: float
    low: float = Field(description="Lower end of its 95 % interval, by group.")
    high: float


class AnsweredCurve(Value):
    """How often the surest answers are right, from the surest alone to all of them."""

    answered: tuple[float, ...] = Field(description="Share of the test pictures that are answered, rising to 1.")
    right: tuple[float, ...] = Field(description="Share of those answers that is right.")
    area: float = Field(description="Mean share of wrong answers over all of it (AURC), exact; less is better.")


class Curves(Value):
    """All curves of one run, on its test pictures."""

    roc: CurveSet
    precision_recall: CurveSet
    reliability: tuple[ReliabilityBin, ...] = Field(description="With the probabilities as they are shown.")
    raw_reliability: tuple[ReliabilityBin, ...] = Field((), description="Before temperature scaling; empty without it.")
    bins: int = Field(description="Bins of equal width that 0..1 was divided into; empty ones are not listed.")
    top_k: tuple[TopK, ...]
    answered: AnsweredCurve
