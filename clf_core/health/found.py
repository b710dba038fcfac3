"""A finding together with every picture it points at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clf_core.results import Finding, FindingKind, Severity, Suspect

EXAMPLES = 8
"""Suspects that a finding itself holds; all of them are in its table."""


@dataclass(frozen=True)
class Suspects:
    """Pictures, most suspicious first.

    Attributes:
        ids: [M] int64, numbers of the pictures.
        scores: [M] float32, larger is more suspicious.
        partners: [M] int64, the picture each resembles; -1 for none.
        suggestions: the class each more likely belongs to; empty for none.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    partners: NDArray[np.int64]
    suggestions: tuple[str, ...]

    @classmethod
    def of(
        cls,
        ids: NDArray[np.int64],
        scores: NDArray[np.floating],
        partners: NDArray[np.int64] | None = None,
        suggestions: Sequence[str] | None = None,
    ) -> Self:
        """Sort by score, pictures of one score in the order of their numbers."""
        order = np.lexsort((ids, -scores))
        others = np.full(len(ids), -1, dtype=np.int64) if partners is None else partners
        words = [""] * len(ids) if suggestions is None else suggestions
        return cls(
            ids=ids[order],
            scores=scores[order].astype(np.float32),
            partners=others[order],
            suggestions=tuple(words[place] for place in order),
        )

    @classmethod
    def none(cls) -> Self:
        """No pictures."""
        return cls.of(np.zeros(0, np.int64), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, place: int) -> Suspect:
        """One of them as a value."""
        partner = int(self.partners[place])
        return Suspect(
            id=int(self.ids[place]),
            score=round(float(self.scores[place]), 4),
            partner=partner if partner >= 0 else None,
            suggestion=self.suggestions[place],
        )


@dataclass(frozen=True)
class Found:
    """One finding and all its pictures."""

    finding: Finding
    suspects: Suspects


def found(
    kind: FindingKind,
    severity: Severity,
    title: str,
    meaning: str,
    suspects: Suspects,
    *,
    count: int | None = None,
    fix: str = "",
    fix_effect: str = "",
) -> Found:
    """Put a finding together.

    Args:
        count: what it is about; None for the number of suspects.
    """
    finding = Finding(
        kind=kind,
        severity=severity,
        title=title,
        meaning=meaning,
        count=len(suspects) if count is None else count,
        examples=tuple(suspects.at(place) for place in range(min(EXAMPLES, len(suspects)))),
        fix=fix,
        fix_effect=fix_effect,
    )
    return Found(finding, suspects)
