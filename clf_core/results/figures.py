"""The figures behind a verdict, with an interval for each class."""

from pydantic import Field

from clf_core.results.curves import Curves
from clf_core.values import Value

FIGURES_VERSION = 1
"""Raised when what is kept on disk would be worked out differently now."""


class Ratio(Value):
    """A share of pictures, or a mean of such; all three are None where there was nothing to count."""

    value: float | None = None
    low: float | None = Field(None, description="Lower end of its 95 % interval; near copies count as one.")
    high: float | None = None


class ClassFigures(Value):
    """How one class fares on the test pictures."""

    name: str
    support: int = Field(description="Test pictures of this class.")
    said: int = Field(description="How often it was named.")
    precision: Ratio
    recall: Ratio
    f1: Ratio


class Figures(Value):
    """Everything worked out once from a run's answers to its test pictures."""

    version: int = FIGURES_VERSION
    n: int = Field(description="Test pictures.")
    groups: int = Field(description="Of which so many are no near copies of each other.")
    accuracy: Ratio
    macro_f1: Ratio = Field(description="Mean F1 of the classes that occur, each counting alike.")
    classes: tuple[ClassFigures, ...] = Field(description="In class order.")
    curves: Curves
