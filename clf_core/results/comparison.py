"""Two runs side by side: who was right on the same test pictures, and in what the runs themselves differ."""

from typing import Literal

from pydantic import Field

from clf_core.results.datasets import VersionDiff
from clf_core.results.runs import RunSummary
from clf_core.values import Value

Outcome = Literal["first", "second", "alike", "unclear"]
"""Which run is better; 'alike' where the difference is too small to matter, 'unclear' where nobody can tell yet."""

Standing = Literal["best", "alike", "unclear", "behind"]
"""How a run stands beside the most accurate one: it is that one, is alike, cannot be told from it, or is worse."""

PairKind = Literal["only_first", "only_second", "neither"]
"""Which run is right on a picture."""


class ComparedClass(Value):
    """How two runs do on the shared test pictures of one class."""

    name: str
    support: int = Field(description="Shared test pictures of this class.")
    recall_first: float = Field(description="Share of them the first run found.")
    recall_second: float
    only_first: int = Field(description="Pictures only the first run got right.")
    only_second: int
    difference: float = Field(description="Recall of the second minus that of the first, -1..1.")
    low: float = Field(description="Lower end of its 95 % interval.")
    high: float
    p_value: float = Field(description="McNemar's test, mid-p, of this class alone.")
    clear: bool = Field(description="Whether it stays below 5 % with all classes looked at (Holm).")


class PairedFigures(Value):
    """Two runs on the test pictures both were tested with. Differences are the second minus the first."""

    n: int = Field(ge=1, description="Pictures compared.")
    groups: int = Field(ge=1, description="Of which so many are no near copies of each other.")
    both: int = Field(description="Pictures both got right.")
    only_first: int
    only_second: int
    neither: int
    accuracy_first: float
    accuracy_second: float
    first_low: float = Field(description="Lower end of the 95 % interval of the first run's accuracy.")
    first_high: float
    second_low: float
    second_high: float
    difference: float
    low: float = Field(description="Lower end of the 95 % interval of the difference.")
    high: float
    p_value: float = Field(description="McNemar's test, mid-p: how often luck alone does this or more, two-sided.")
    outcome: Outcome
    more_needed: int | None = Field(
        None, description="About so many more test pictures would tell, if all stays as it is; None once it is told."
    )
    headline: str = Field(description="The outcome as one sentence without a full stop.")
    words: str = Field(description="What speaks for it, in one or two sentences.")
    classes: tuple[ComparedClass, ...]


class SharedPictures(Value):
    """How far two runs were tested with the same pictures."""

    n: int = Field(description="Tested with by both, with the same class.")
    same: bool = Field(description="Whether that is all of both.")
    first_alone: int = Field(description="Test pictures of the first run that the second was not tested with.")
    second_alone: int
    other_class: int = Field(description="In both, but with another class; left out of the comparison.")
    words: str = Field("", description="In a sentence; empty where all are shared.")


class ComparedPicture(Value):
    """One shared test picture with both answers."""

    sha256: str
    source_name: str
    true: str
    said_first: str
    said_second: str
    probability_first: float = Field(description="Of what the first run said.")
    probability_second: float


class ComparedPage(Value):
    """Some of the pictures, those first of which the wrong one was surest."""

    total: int
    pictures: tuple[ComparedPicture, ...]


class SettingDifference(Value):
    """One setting in which two runs differ, in words."""

    field: str = Field(description="Of ``TrainConfig``, such as 'epochs' or 'augment.rotate'.")
    first: str
    second: str


class DataDifference(Value):
    """What the two runs learned from."""

    kind: Literal["same version", "other version", "other dataset"]
    words: str
    versions: VersionDiff | None = Field(None, description="From the older to the newer; where it can still be read.")


class TestLooks(Value):
    """How often results on some test pictures were looked at."""

    __test__ = False  # not a pytest class

    runs: int = Field(description="Runs tested on pictures of the same dataset.")
    looks: int = Field(description="How often the result of any of them was asked for.")
    words: str = Field("", description="The same in a sentence; empty where it was never.")


class Comparison(Value):
    """Two runs compared."""

    first: RunSummary
    second: RunSummary
    shared: SharedPictures
    figures: PairedFigures | None = Field(None, description="None where they share no test picture.")
    cautions: tuple[str, ...] = Field((), description="What else to bear in mind, a sentence each.")
    settings: tuple[SettingDifference, ...]
    data: DataDifference
    looks: TestLooks
