"""How a run did on its test split."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value


class ClassScore(Value):
    """How one class fares on the test split. A ratio without a denominator is None, never 0."""

    name: str
    support: int = Field(description="Test pictures of this class.")
    precision: float | None = Field(description="Of the pictures called this, the share that is.")
    recall: float | None = Field(description="Of the pictures of this class, the share found.")
    recall_low: float | None = Field(description="Lower end of its 95 % Wilson interval.")
    recall_high: float | None
    f1: float | None


class EvaluationReport(Value):
    """The one look at the test split."""

    run: str
    split: Literal["test"] = "test"
    n: int
    correct: int
    accuracy: float
    accuracy_low: float = Field(description="Lower end of the 95 % Wilson interval.")
    accuracy_high: float
    baseline: float = Field(description="Accuracy of always naming the most frequent training class.")
    macro_f1: float
    nll: float = Field(description="Mean negative log-likelihood, nats.")
    brier: float = Field(description="Mean squared distance to the one-hot truth, 0..2.")
    ece: float = Field(description="Expected calibration error, equal-width bins.")
    ece_bins: int
    classes: tuple[str, ...] = Field(description="Order of the rows and columns of the matrix.")
    confusion_matrix: tuple[tuple[int, ...], ...] = Field(description="Rows are true, columns predicted.")
    class_scores: tuple[ClassScore, ...]
    verdict: str = Field(description="The headline in one or two sentences.")
    cautions: tuple[str, ...] = Field((), description="What else to bear in mind, a sentence each; not in the verdict.")
    evaluated: float = Field(description="Unix seconds of the evaluation.")
    looks: int = Field(1, ge=1, description="How often the result was asked for.")


class TestedPicture(Value):
    """One test picture with what the model said."""

    __test__ = False  # not a pytest class

    sha256: str
    source_name: str
    true: str
    predicted: str
    probability: float = Field(description="Of the predicted class.")
    probability_true: float = Field(description="Of the true class.")
