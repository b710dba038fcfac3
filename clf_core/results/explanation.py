"""Why a model answers as it does: ways to make a heatmap, two classes side by side, how far to trust a map."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.values import Value

TrustVerdict = Literal["supported", "weak", "contradicted", "empty"]

SAME_MAP = 0.5
"""Rank correlation from which on two maps are called much the same."""


class HeatmapMethod(Value):
    """A way to make a heatmap."""

    key: str = Field(description="As ``explain`` takes it, such as 'gradcam'.")
    title: str = Field(description="Its name for people, such as 'Grad-CAM'.")
    note: str = Field(description="What it does, in a sentence.")
    source: str = Field(description="The paper it comes from.")
    by_class: bool = Field(True, description="Whether its maps differ from class to class.")
    smooths: bool = Field(True, description="Whether its main pattern can be taken ('eigen').")
    slow: bool = Field(False, description="Whether it takes a hundred times as long as an answer, not twice.")


class HeatmapLayer(Value):
    """A layer of the network that evidence can be read from."""

    name: str = Field(description="As ``explain`` takes it, such as 'body.layer4'.")
    title: str = Field(description="For people, such as 'layer4: 7 × 7 places'.")
    side: int = Field(gt=1, description="Rows of places it keeps apart; as many columns.")
    recommended: bool = Field(description="Whether it is the deepest, which is taken unless another is asked for.")


@dataclass(frozen=True)
class Contrast:
    """Why one class and not another: the evidence for each, and what sets them apart.

    Attributes:
        picture: [S, S, 3] uint8, the part of the picture the model saw.
        first, second: the two classes; unless asked for others, the most probable one and the runner-up.
        first_probability, second_probability: the model's probabilities for them.
        first_heatmap, second_heatmap: [S, S] float32 in 0..1 on one scale, so that the same brightness is the same
            amount of evidence; 1 is the strongest place of either.
        difference: [S, S] float32 in -1..1: evidence for ``first`` less that for ``second``, evidence against a
            class included; 1 or -1 where they differ most.
        label: the model's own answer.
        method, layer: how and where the evidence was read.
        words: one sentence, plain text with class names as they are (to be escaped).
    """

    picture: NDArray[np.uint8]
    first: str
    second: str
    first_probability: float
    second_probability: float
    first_heatmap: NDArray[np.float32]
    second_heatmap: NDArray[np.float32]
    difference: NDArray[np.float32]
    label: str
    method: str
    layer: str
    words: str


class CoveredStep(Value):
    """The probability of a class after a share of the picture was covered."""

    share: float = Field(description="Of the picture's pixels, 0..1.")
    brightest: float = Field(description="Probability with the brightest places of the heatmap covered.")
    darkest: float = Field(description="Probability with as many of the darkest places covered.")


class Trust(Value):
    """How far a heatmap can be trusted: what happens when its places are covered, and when the weights are random."""

    verdict: TrustVerdict
    words: str = Field(description="For people; plain text with the class's name as it is (to be escaped).")
    target: str = Field(description="The class the heatmap belongs to.")
    method: str
    layer: str
    probability: float = Field(description="Of the target in the picture as it is.")
    steps: tuple[CoveredStep, ...] = Field(description="By rising share.")
    road: float = Field(
        description="ROAD: half the mean of (darkest - brightest) over the steps, -0.5..0.5; above 0 the bright "
        "places matter more than the dark ones."
    )
    log_odds_gap: float = Field(description="Mean of the same in log odds of the target, without the halving.")
    randomised: tuple[float, ...] = Field(
        description="Rank correlation of the map with that of the network with random weights, -1..1: the head, the "
        "later half, all. A map that shows what was learned changes, so the last is small."
    )

    @property
    def depends_on_weights(self) -> bool:
        """Whether the map is another one when all that was learned is gone."""
        return bool(self.randomised) and self.randomised[-1] < SAME_MAP
