"""How pictures are made ready for the network, to be looked at before a training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.config import AugmentConfig
from clf_core.values import Value


@dataclass(frozen=True)
class PreparedExample:
    """One picture before and after.

    Attributes:
        picture: [h, w, 3] uint8, the whole picture, its longer side ``PREVIEW_SIDE`` pixels at most.
        width, height: of the picture at full scale, in pixels.
        seen: left, top, right, bottom of what the network gets to see, as shares of the picture's width and height;
            beyond 0..1 where bars are added.
        input: [S, S, 3] uint8, what goes into the network.
        normalised: [S, S, 3] uint8, the values the network computes with, from ``low`` (black) to ``high`` (white).
        low, high, mean: least, greatest and mean value after normalisation.
        bars: colour of the bars, 0..255 per RGB channel.
        exact: False where the network is not on this machine yet, so that usual values stand for its own.
    """

    picture: NDArray[np.uint8]
    width: int
    height: int
    seen: tuple[float, float, float, float]
    input: NDArray[np.uint8]
    normalised: NDArray[np.uint8]
    low: float
    high: float
    mean: float
    bars: tuple[int, int, int]
    exact: bool


PREVIEW_SIDE = 480
"""Pixels of the longer side of a picture shown whole."""


class AugmentSuggestion(Value):
    """What kind of variants suits a dataset, by the names of its classes."""

    augment: AugmentConfig
    reason: str = Field("", description="Why, in a sentence; empty where nothing speaks against the usual.")


class AugmentPreset(Value):
    """One preset of variants."""

    key: str = Field(description="Value of AugmentConfig.preset.")
    name: str
    description: str = Field(description="What it does and when it suits, in a sentence.")
    augment: AugmentConfig = Field(description="The preset with its switches written out.")
