"""What the health check of a dataset version found."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value

Severity = Literal["serious", "look", "note"]
"""serious: results cannot be trusted until it is settled; look: worth a person's look; note: good to know."""

FindingKind = Literal[
    "unreadable",
    "contradictions",
    "split-leaks",
    "exact-copies",
    "near-copies",
    "label-suspects",
    "outliers",
    "dark",
    "bright",
    "blurred",
    "tiny",
    "odd-shape",
    "blank",
    "imbalance",
    "few-pictures",
    "similar-names",
    "shortcut",
]

CheckState = Literal["waiting", "running", "done", "failed"]
"""Of the slow checks, which need the pretrained network and run in the background."""

Grade = Literal["A", "B", "C", "D", "E"]


class Suspect(Value):
    """One picture a finding points at."""

    id: int = Field(description="Picture of the dataset version.")
    score: float = Field(description="How suspicious, larger is more; comparable within one finding only.")
    partner: int | None = Field(None, description="The picture it resembles, if it is about a pair.")
    suggestion: str = Field("", description="The class it more likely belongs to, for label suspects.")


class Finding(Value):
    """One thing worth knowing about a dataset version. Texts may hold names from outside: escape them."""

    kind: FindingKind
    severity: Severity
    title: str = Field(description="What was found, a few words with its count.")
    meaning: str = Field(description="What it means for the classifier, a sentence or two.")
    count: int = Field(ge=0, description="Pictures, files or classes concerned.")
    examples: tuple[Suspect, ...] = Field((), description="The most suspicious few.")
    fix: str = Field("", description="Words of the button that mends it; empty where only a person can.")
    fix_effect: str = Field("", description="What pressing it does, a sentence.")


class LeakCheck(Value):
    """What copies on both sides of a split would do to the accuracy; measured without the test split."""

    sentence: str = Field(description="For people: how many test pictures a split that ignores copies would leak.")
    test_pictures: int = Field(description="Test pictures of a split that ignores copies and groups.")
    leaked: int = Field(description="How many of those would also stand in training, as copy or in a group.")
    pictures: int = Field(0, description="Pictures cross-validated: training and validation splits.")
    with_leak: float | None = Field(None, description="Cross-validated accuracy, copies on both sides.")
    with_leak_low: float | None = Field(None, description="Lower end of its 95 % Wilson interval.")
    with_leak_high: float | None = None
    without_leak: float | None = Field(None, description="The same with groups kept together.")
    without_leak_low: float | None = None
    without_leak_high: float | None = None


class HealthReport(Value):
    """The health of one dataset version."""

    dataset_id: str
    version: int
    grade: Grade
    reasons: tuple[str, ...] = Field(description="Why this grade, most important first, in sentences.")
    findings: tuple[Finding, ...] = Field(description="Worst first.")
    leak: LeakCheck | None = None
    slow_checks: CheckState = Field(description="Label suspects, outliers and cross-validated accuracy.")
    slow_done: int = Field(0, description="Pictures looked at by the slow checks so far.")
    slow_total: int = 0
    slow_note: str = Field("", description="Why the slow checks failed or were left out, in words.")
