"""How a run did on its test split."""

from typing import Literal

from pydantic import Field

from clf_core.results.search import Proposal
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


class CalibrationScores(Value):
    """Whether stated probabilities can be believed, over some pictures."""

    nll: float = Field(description="Mean negative log-likelihood, nats.")
    brier: float = Field(description="Mean squared distance to the one-hot truth, 0..2.")
    ece: float = Field(description="Expected calibration error, equal-width bins.")


class CalibrationReport(Value):
    """What dividing the logits by one number did to the probabilities; which class is named does not change."""

    temperature: float = Field(gt=0, description="Above 1 the network was too sure of itself, below 1 not sure enough.")
    fitted_on: int = Field(ge=0, description="Validation pictures it was fitted on; 0 where there were too few.")
    bins: int = Field(description="Of the expected calibration error.")
    before: CalibrationScores = Field(description="On the test split, with the logits as they come.")
    after: CalibrationScores = Field(description="On the test split, as the model answers.")


class EvaluationReport(Value):
    """The one look at the test split. All figures are of the model as it answers, its temperature included."""

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
    calibration: CalibrationReport | None = Field(None, description="None for a run of an earlier version.")


class TestedPicture(Value):
    """One test picture with what the model said."""

    __test__ = False  # not a pytest class

    sha256: str
    source_name: str
    true: str
    predicted: str
    probability: float = Field(description="Of the predicted class.")
    probability_true: float = Field(description="Of the true class.")


class WeakClass(Value):
    """One of the classes that are found least often."""

    name: str
    support: int = Field(description="Test pictures of this class.")
    found: int
    recall: float = Field(description="Share of them that was found.")
    low: float = Field(description="Lower end of its 95 % Wilson interval.")
    high: float
    words: str = Field(description="All of it in a sentence.")


class MixUp(Value):
    """The two classes that are taken for each other most often, with a picture of each."""

    true: str
    said: str = Field(description="What pictures of ``true`` were taken for.")
    count: int = Field(ge=1, description="How many of them.")
    support: int = Field(description="Test pictures of ``true``.")
    back: int = Field(description="How often it was the other way round.")
    mistaken: TestedPicture | None = Field(description="A picture of ``true`` taken for ``said``, the surest one.")
    beside: TestedPicture | None = Field(
        description="A picture of ``said`` to compare it with, one that was recognised if there is any."
    )
    words: str = Field(description="All of it in a sentence.")


class Verdict(Value):
    """What a person who decides has to know of a run, on one screen."""

    accuracy: str = Field(description="How many were right and what to expect of new pictures, in a sentence.")
    beats_baseline: Literal["yes", "unclear", "no"] = Field(
        description="Whether the whole interval of the accuracy lies above that of always giving one answer."
    )
    baseline: str = Field(description="The comparison with always giving one answer, in a sentence.")
    weakest: tuple[WeakClass, ...] = Field(description="At most three, the weakest first; none where all were found.")
    mix_up: MixUp | None = Field(description="None where no picture was taken for another class.")
    next_step: Proposal | None = Field(description="The most promising thing to do; None where nothing speaks for any.")
    cautions: tuple[str, ...] = Field((), description="What else to bear in mind, a sentence each.")
    explained: dict[str, str] = Field(
        description="One sentence for each figure: accuracy, interval, baseline, weakest, mix_up, next_step."
    )
