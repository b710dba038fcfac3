"""What the one-click fix of a finding changes. It only ever leaves pictures out or merges classes: nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clf_core.health.classes import merges
from clf_core.health.found import Suspects
from clf_core.results import FindingKind

REASONS: dict[FindingKind, str] = {
    "exact-copies": "An exact copy of another picture of its class",
    "near-copies": "Nearly the same as another picture",
    "contradictions": "Looks the same as a picture of another class",
    "split-leaks": "Its like is kept aside for testing",
    "label-suspects": "May be in the wrong class; to be checked",
    "outliers": "Unlike all other pictures",
    "dark": "Very dark",
    "bright": "Overexposed",
    "blurred": "Blurred",
    "blank": "Nearly blank",
    "tiny": "Very small",
    "odd-shape": "Much longer than wide, or the other way round",
}
"""Findings whose fix is to leave pictures out, and why they are left out, for the pictures themselves."""


@dataclass(frozen=True)
class Repair:
    """Changes to a dataset.

    Attributes:
        left_out: numbers of the pictures to leave out.
        reason: why.
        merged: class that stays -> the classes to merge into it.
    """

    left_out: tuple[int, ...] = ()
    reason: str = ""
    merged: dict[str, list[str]] = field(default_factory=dict)


def repair(kind: FindingKind, suspects: Suspects, counts: Mapping[str, int]) -> Repair | None:
    """The fix of a finding; None where only a person can mend it.

    Args:
        suspects: all pictures of the finding.
        counts: pictures in use per class.
    """
    if kind == "similar-names":
        return Repair(merged=merges(counts))
    if kind not in REASONS:
        return None
    return Repair(left_out=tuple(suspects.ids.tolist()), reason=REASONS[kind])
