"""From findings to a grade a person can act on.

| grade | when |
|-------|------|
| E | nothing can be learned (fewer than two classes, or one without training pictures), or three serious findings |
| D | two serious findings |
| C | one serious finding, or findings worth a look about more than 15 % of the pictures |
| B | findings worth a look about more than 2 % of the pictures, or about a whole class |
| A | none of these: large enough, clean, and divided honestly; notes do not count |

A picture in several findings counts once.
"""

from collections.abc import Sequence

import numpy as np

from clf_core.health.found import Found
from clf_core.health.words import counted
from clf_core.results import Finding, Grade, Severity

_ORDER: tuple[Severity, ...] = ("serious", "look", "note")
_MANY = 0.15
_SOME = 0.02
_SERIOUS_FOR_E = 3
_ABOUT_CLASSES = frozenset({"few-pictures", "imbalance", "similar-names", "shortcut", "unreadable"})
_WORST = 3


def worst_first(findings: Sequence[Found]) -> list[Found]:
    """Serious ones first, among equals those about most pictures."""
    return sorted(findings, key=lambda found: (_ORDER.index(found.finding.severity), -found.finding.count))


def grade(findings: Sequence[Found], pictures: int, classes: int, *, learnable: bool) -> tuple[Grade, tuple[str, ...]]:
    """The grade by the table above, and its reasons in sentences, most important first.

    Args:
        findings: of all checks done so far.
        pictures, classes: in use.
        learnable: whether at least two classes have training pictures, and no class is without.
    """
    ordered = [found.finding for found in worst_first(findings)]
    serious = [finding for finding in ordered if finding.severity == "serious"]
    look = [finding for finding in ordered if finding.severity == "look"]
    reasons = tuple(f"{finding.title}." for finding in [*serious, *look][:_WORST])
    if not learnable:
        why = "There are fewer than two classes." if classes < 2 else "A class has no training pictures."
        return "E", (f"Nothing can be learned from it yet. {why}", *reasons)
    if serious:
        number = len(serious)
        return "E" if number >= _SERIOUS_FOR_E else "D" if number > 1 else "C", reasons
    share = _share(findings, pictures)
    if share > _MANY:
        return "C", reasons
    if share > _SOME or any(finding.kind in _ABOUT_CLASSES for finding in look):
        return "B", reasons
    return "A", (_clean(look, pictures, classes),)


def _share(findings: Sequence[Found], pictures: int) -> float:
    """Share of the pictures that findings worth a look point at, those about whole classes left aside."""
    concerned = [
        found.suspects.ids
        for found in findings
        if found.finding.severity == "look" and found.finding.kind not in _ABOUT_CLASSES
    ]
    return len(np.unique(np.concatenate(concerned))) / max(pictures, 1) if concerned else 0.0


def _clean(look: Sequence[Finding], pictures: int, classes: int) -> str:
    about = f"{counted(pictures, 'picture')} in {counted(classes, 'class', 'classes')}"
    if not look:
        return f"{about}, and nothing was found that would mislead a classifier."
    few = counted(sum(finding.count for finding in look), "picture")
    return f"{about}, and only {few} worth a look."
