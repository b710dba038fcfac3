"""Which classes are taken for which, and the pictures that were answered wrongly."""

from typing import Literal

from pydantic import Field

from clf_core.results.evaluation import TestedPicture
from clf_core.values import Value

ClassOrder = Literal["given", "similar"]
"""As the classifier has them, or those that are mixed up beside each other."""

MistakeOrder = Literal["confidence", "loss", "disagreement"]


class ConfusionBlock(Value):
    """A confusion matrix, or the part of a large one that is shown at once. Rows are true, columns predicted."""

    classes: tuple[str, ...] = Field(description="Names of its rows and columns, in the order shown.")
    counts: tuple[tuple[int, ...], ...]
    true_totals: tuple[int, ...] = Field(description="Test pictures of each of its classes, in all columns.")
    said_totals: tuple[int, ...] = Field(description="How often each of its classes was named, in all rows.")
    known: int = Field(description="Classes the classifier knows, those not in this part included.")
    worst: tuple[int, int] = Field((0, 0), description="Row and column of its most frequent mix-up.")


class Mistakes(Value):
    """Some of the wrongly answered test pictures."""

    total: int = Field(description="How many there are in this order.")
    pictures: tuple[TestedPicture, ...]
    other_said: tuple[str, ...] = Field((), description="What the other run named, one for each picture.")
    shared: int = Field(0, description="Mistakes that the other run makes in the very same way.")
