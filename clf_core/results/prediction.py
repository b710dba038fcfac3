"""Answers for new pictures, and where the model looked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.results.doubt import Verdict
from clf_core.values import Value


class ClassProbability(Value):
    """One bar of an answer."""

    name: str
    probability: float


class Prediction(Value):
    """The answer for one picture."""

    name: str = Field(description="File name as given.")
    label: str = Field(description="The best answer: the most probable class, or the one expected to cost least.")
    probability: float = Field(description="Of ``label``.")
    top: tuple[ClassProbability, ...] = Field(description="The most probable first, five at most.")
    milliseconds: float = Field(description="Decode, preprocess and network.")
    verdict: Verdict = Field("answer", description="Whether ``label`` is given as the answer.")
    candidates: tuple[str, ...] = Field((), description="The classes an unsure picture may be, most probable first.")
    judged: bool = Field(False, description="Whether a rule chosen on validation pictures gave the verdict.")
    answers_from: float | None = Field(
        None, description="Probability from which on that rule gives an answer; None where costs of mistakes decide."
    )


class PredictionRow(Value):
    """One line of a batch prediction; ``reason`` is filled when the file could not be read."""

    name: str
    label: str = ""
    probability: float | None = None
    status: Literal["ok", "skipped"]
    reason: str = ""
    verdict: Verdict = Field("answer", description="Whether ``label`` is given as the answer.")
    candidates: tuple[str, ...] = ()


class BatchReport(Value):
    """What became of a batch prediction."""

    predicted: int
    unsure: int = Field(0, description="Of the predicted, those the classifier is not sure of.")
    unknown: int = Field(0, description="Of the predicted, those that look like none of its classes.")
    skipped_count: int
    ignored_count: int
    images_per_second: float
    rows: tuple[PredictionRow, ...]


@dataclass(frozen=True)
class Seen:
    """What the model saw of a picture, and what it says.

    Attributes:
        picture: [H, W, 3] uint8, the part of the picture the model saw.
        label, probability: the model's own answer, as prediction gives it.
        top: best classes first, five at most.
    """

    picture: NDArray[np.uint8]
    label: str
    probability: float
    top: tuple[ClassProbability, ...]


@dataclass(frozen=True)
class Explanation(Seen):
    """Where the model looked for one class, with what it saw and says.

    Attributes:
        heatmap: [H, W] float32 in 0..1, 1 where the evidence for ``target`` is strongest.
        target, target_probability: the class the heatmap belongs to, and the model's probability for it.
        method: name of the method, such as 'gradcam'.
        layer: name of the network layer the evidence was read from.
        empty: True when nothing in the picture spoke for the target (the map is all zero).
        smooth: how the map was smoothed; 'none' if it was not.
    """

    heatmap: NDArray[np.float32]
    target: str
    target_probability: float
    method: str
    layer: str
    empty: bool
    smooth: str = "none"
