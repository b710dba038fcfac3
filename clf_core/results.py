"""What the studio answers: values handed to pages and terminal, and written into run directories."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.values import Split, Value

RunState = Literal["starting", "running", "done", "failed", "cancelled", "interrupted"]
FINAL_STATES: frozenset[RunState] = frozenset({"done", "failed", "cancelled", "interrupted"})

Stage = Literal["prepare", "features", "head", "test"]
STAGES: tuple[Stage, ...] = ("prepare", "features", "head", "test")


# --- datasets -----------------------------------------------------------------------------------


class SkippedFile(Value):
    """A file the person gave that could not be used."""

    name: str = Field(description="Name as given, inside its folder or archive.")
    reason: str = Field(description="Why, in plain words.")


class ImportReport(Value):
    """What became of every file of one import."""

    dataset: str = Field(description="Name of the dataset.")
    dataset_id: str = Field(description="Identifier of the dataset.")
    version: int = Field(ge=1, description="Version made by this import.")
    accepted: int = Field(ge=0, description="Pictures now in the dataset.")
    skipped_count: int = Field(ge=0, description="Files that could not be used.")
    skipped: tuple[SkippedFile, ...] = Field(description="Each of them, with its reason.")
    ignored_count: int = Field(ge=0, description="System files (.DS_Store, __MACOSX, Thumbs.db) left aside.")
    classes: dict[str, int] = Field(description="Pictures per class.")
    splits: dict[Split, int] = Field(description="Pictures per split.")
    notices: tuple[str, ...] = Field(description="What a person should know about this import, in sentences.")
    seconds: float = Field(ge=0, description="Wall-clock seconds.")


class DatasetSummary(Value):
    """One dataset at its newest version."""

    id: str
    name: str
    version: int
    created: float = Field(description="Unix seconds.")
    pictures: int
    classes: dict[str, int] = Field(description="Pictures per class, in class order.")
    splits: dict[Split, int]
    class_splits: dict[str, dict[Split, int]] = Field(description="Pictures per class and split.")
    skipped: tuple[SkippedFile, ...]
    ignored_count: int
    notices: tuple[str, ...]


class Picture(Value):
    """One row of a dataset version."""

    sha256: str
    label: str
    split: Split
    source_name: str
    width: int
    height: int
    size: int = Field(description="Bytes of the stored file.")


class PicturePage(Value):
    """Some of the pictures that match a filter."""

    total: int = Field(description="All that match.")
    pictures: tuple[Picture, ...]


class SampleCard(Value):
    """A built-in dataset offered on the first screen."""

    key: str
    title: str
    description: str
    picture_count: int
    class_count: int


# --- runs ---------------------------------------------------------------------------------------


class ErrorWords(Value):
    """An error as it is stored and shown: what happened, why, what to do."""

    what: str
    why: str = ""
    remedy: str = ""
    kind: Literal["input", "storage", "internal"] = Field(
        "internal", description="Whose matter it is: the person's input, the disk, or a fault of ours."
    )


class CurvePoint(Value):
    """One candidate the head was fitted with; the curve over all of them is what a quick run watches."""

    strength: float = Field(description="Inverse regularisation strength C.")
    train_loss: float = Field(description="Mean negative log-likelihood, nats.")
    train_accuracy: float
    val_loss: float = Field(description="On pictures kept aside: the validation split, held-out folds, or both.")
    val_accuracy: float


class RunEvent(Value):
    """One line of a run's events.jsonl."""

    time: float = Field(description="Unix seconds.")
    kind: Literal["stage", "progress", "curve", "message"]
    stage: Stage
    done: int = Field(0, description="Pictures or candidates finished in this stage.")
    total: int = Field(0, description="Of how many; 0 when unknown.")
    rate: float = Field(0.0, description="Pictures per second over this stage.")
    point: CurvePoint | None = None
    text: str = ""


class RunSummary(Value):
    """One run as listed."""

    id: str
    name: str
    dataset: str = Field(description="Name of the dataset at the time of training.")
    dataset_id: str
    version: int = Field(description="Version of the dataset the run saw.")
    preset: str
    backbone: str
    state: RunState
    created: float = Field(description="Unix seconds.")
    seconds: float = Field(0.0, description="From the start of the worker to its end, or until now.")
    images_per_second: float = Field(0.0, description="Pictures over the seconds of the features stage.")
    metrics: dict[str, float] = Field(default_factory=dict, description="Headline figures once done.")
    error: ErrorWords | None = None


class RunProgress(Value):
    """Where a run stands; read from its directory, so it is true in every tab and after a restart."""

    run: RunSummary
    stage: Stage
    done: int
    total: int
    rate: float = Field(description="Pictures per second in this stage.")
    eta_seconds: float | None = Field(description="Estimated seconds to the end; None while unknown.")
    curve: tuple[CurvePoint, ...]
    messages: tuple[str, ...]


# --- evaluation ---------------------------------------------------------------------------------


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


# --- prediction and explanation -------------------------------------------------------------------


class ClassProbability(Value):
    """One bar of an answer."""

    name: str
    probability: float


class Prediction(Value):
    """The answer for one picture."""

    name: str = Field(description="File name as given.")
    label: str
    probability: float
    top: tuple[ClassProbability, ...] = Field(description="Best first, five at most.")
    milliseconds: float = Field(description="Decode, preprocess and network.")


class PredictionRow(Value):
    """One line of a batch prediction; ``reason`` is filled when the file could not be read."""

    name: str
    label: str = ""
    probability: float | None = None
    status: Literal["ok", "skipped"]
    reason: str = ""


class BatchReport(Value):
    """What became of a batch prediction."""

    predicted: int
    skipped_count: int
    ignored_count: int
    images_per_second: float
    rows: tuple[PredictionRow, ...]


@dataclass(frozen=True)
class Explanation:
    """Where the model looked for one class.

    Attributes:
        picture: [H, W, 3] uint8, the part of the picture the model saw.
        heatmap: [H, W] float32 in 0..1, 1 where the evidence for ``target`` is strongest.
        target, target_probability: the class the heatmap belongs to, and the model's probability for it.
        label, probability: the model's own answer, as prediction gives it.
        top: best classes first, five at most.
        method: name of the method, such as 'gradcam'.
        layer: name of the network layer the evidence was read from.
        empty: True when nothing in the picture spoke for the target (the map is all zero).
    """

    picture: NDArray[np.uint8]
    heatmap: NDArray[np.float32]
    target: str
    target_probability: float
    label: str
    probability: float
    top: tuple[ClassProbability, ...]
    method: str
    layer: str
    empty: bool


class BackboneInfo(Value):
    """A pretrained network a person can choose."""

    name: str
    title: str
    on_machine: bool = Field(description="True when its weights need no download.")
    licence: str
    description: str
