"""Whether a model answers by the background rather than by the thing."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from clf_core.values import Value

View = Literal["whole", "evidence", "rest", "centre", "border", "background"]
"""What the model is shown: the whole picture; only where the heatmap is strong; all but that; only the middle; only
the border; only what is neither in the middle nor where the heatmap is strong. The rest is blurred away."""

VIEWS: tuple[View, ...] = get_args(View)

ShortcutVerdict = Literal["shortcut", "partly", "none", "unknown"]
"""The background alone keeps most of the accuracy; there are signs of it; there are none; nothing can be said."""


MOST = 0.5
"""Share of the skill that counts as most of it."""

SURELY = 0.25
"""The lower end of the interval of that share must reach this."""


class ViewScore(Value):
    """How the model fares with one view of the pictures."""

    view: View
    n: int = Field(description="Pictures that could be seen so; those without a heatmap lack the views that need one.")
    right: int = Field(description="Told right; in part, after what the model says of all such pictures is levelled.")
    accuracy: float = Field(description="Mean over the classes of the share found, so that each class counts alike.")
    low: float = Field(description="Lower end of its 95 % interval.")
    high: float
    kept: float = Field(
        description="Share of what the model can do with whole pictures, over guessing, that is left. "
        "0 is guessing, 1 as good as with whole pictures."
    )
    kept_low: float = Field(description="Lower end of its 95 % interval.")

    @property
    def keeps_most(self) -> bool:
        """Whether most of the skill is left, and surely more than a quarter."""
        return self.kept >= MOST and self.kept_low >= SURELY


class ClassViews(Value):
    """How one class fares with the views."""

    name: str
    n: int = Field(description="Pictures of this class.")
    found: dict[View, float | None] = Field(description="View -> share of them found; None where none had a heatmap.")
    background: bool = Field(description="Whether the background alone keeps most of what is told of this class.")


class ShortcutReport(Value):
    """What the shortcut check found."""

    format_version: Literal[1] = 1
    verdict: ShortcutVerdict
    headline: str = Field(description="The finding in one sentence.")
    sentences: tuple[str, ...] = Field(description="What it rests on and what to do, a sentence or two each.")
    n: int = Field(description="Validation pictures looked at.")
    total: int = Field(description="Validation pictures in all.")
    chance: float = Field(description="Accuracy of guessing: one over the number of classes among the pictures.")
    views: tuple[ViewScore, ...] = Field(description="In the order of ``VIEWS``; those that could be seen.")
    classes: tuple[ClassViews, ...] = Field(description="Those among the pictures, in class order.")
    at_border: float | None = Field(description="Mean share of the heatmaps' mass at the border; None without any.")
    border_area: float = Field(description="Share of the border in the picture's area.")
    learned: bool = Field(description="Whether the model may have learned from these pictures as well.")
    checked: float = Field(description="Unix seconds.")

    def view(self, name: View) -> ViewScore | None:
        """Return the figures of one view; None where no picture could be seen so."""
        return next((score for score in self.views if score.view == name), None)

    def keeps_most(self, name: View) -> bool:
        """Whether most of the skill is left with that view."""
        score = self.view(name)
        return score is not None and score.keeps_most


@dataclass(frozen=True)
class ShortcutExample:
    """One picture as the check saw it.

    Attributes:
        sha256: identifier of the picture.
        true: its class.
        said: view -> what the model said, levelled.
        probability: view -> how sure it was of that, levelled.
        pictures: view -> [h, w, 3] uint8, what it was shown.
    """

    sha256: str
    true: str
    said: dict[View, str]
    probability: dict[View, float]
    pictures: dict[View, NDArray[np.uint8]]
