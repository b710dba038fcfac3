"""Pictures in which little can be seen: dark, bright, blurred, nearly blank.

A picture is marked when it is bad by any measure (``hard``), or poor and far from the dataset's usual (``soft`` and
more than ``FAR`` robust deviations from the median); where the usual itself is poor, both must hold. What more than
``NATURE`` of the pictures have in common is the nature of the dataset, such as X-rays or pictures taken at night: a
note, and nothing to mend.

brightness  hard 20, soft 50 of 255      below 20 a screen shows black; photos in good light lie between 80 and 160
            hard 245, soft 225, and a contrast under 25, so that a small thing on white paper is not marked
sharpness   hard 0.004, soft 0.03        photos in focus have 0.1 to 2, blurred ones less than 0.02 (``data.facts``)
contrast    2 and 5 of 255               one colour but for the noise of a camera or of JPEG; the larger one of grey and
                                         colour, since a red thing on green may be as bright as what is behind it
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found, Suspects, found
from clf_core.health.survey import Survey
from clf_core.health.words import agree, counted
from clf_core.results import FindingKind

_CHUNK = 8192
_DULL = 10.0
"""Grey contrast from which nobody would call a picture blank, whatever its colours."""

NATURE = 0.2
FAR = 3.5
"""Robust z-score from which a value is an outlier (Iglewicz and Hoaglin 1993, 'How to detect and handle outliers')."""


@dataclass(frozen=True)
class Words:
    """What is told of pictures that have something in common.

    Attributes:
        is_one, are_many: such as 'is very dark' and 'are very dark'.
        meaning: what it does to the classifier and what to do.
        by_nature: what it means when the dataset is like this.
    """

    is_one: str
    are_many: str
    meaning: str
    by_nature: str


_DARK = Words(
    "is very dark",
    "are very dark",
    "Hardly anything can be seen in them, so the classifier learns the darkness instead of the thing. "
    "Leave them out, or put brighter ones in their place.",
    "New pictures should be as dark as these, or the classifier will not know them.",
)
_BRIGHT = Words(
    "is overexposed",
    "are overexposed",
    "They are nearly white, and what the classifier should look at is lost. "
    "Leave them out, or put better exposed ones in their place.",
    "New pictures should be as bright as these, or the classifier will not know them.",
)
_BLURRED = Words(
    "is blurred",
    "are blurred",
    "Fine details are lost, and the classifier may take the blur itself for a sign of the class. "
    "Leave them out unless new pictures will be as blurred.",
    "Fine details cannot be told apart here; that is fine where the classes differ in shape and colour.",
)
_BLANK = Words(
    "is nearly blank",
    "are nearly blank",
    "They show one colour and little else, so there is nothing to learn the class from. Leave them out.",
    "There may be nothing in them to learn from: look at some of them.",
)


def check_looks(survey: Survey) -> list[Found]:
    """Dark, bright, blurred and blank pictures; a picture is told as one of them only."""
    brightness, contrast, sharpness = (survey.numbers[name] for name in ("brightness", "contrast", "sharpness"))
    contrast = np.fmax(contrast, _colour_contrast(survey, contrast < _DULL))
    dark = marked(-brightness, hard=-20.0, soft=-50.0)
    bright = marked(brightness, hard=245.0, soft=225.0) & (contrast < 25) & (contrast > 2)
    blank = marked(-contrast, hard=-2.0, soft=-5.0) & ~dark & ~bright
    told = dark | bright | blank
    blurred = marked(-_log(sharpness), hard=-np.log(0.004), soft=-np.log(0.03), least_spread=0.1) & ~told
    checks = [
        tell(survey, "blank", blank, -contrast, _BLANK),
        tell(survey, "dark", dark, -brightness, _DARK),
        tell(survey, "bright", bright, brightness, _BRIGHT),
        tell(survey, "blurred", blurred, -_log(sharpness), _BLURRED),
    ]
    return [check for check in checks if check is not None]


def marked(values: NDArray[np.float32], *, hard: float, soft: float, least_spread: float = 1.0) -> NDArray[np.bool_]:
    """[N] bool: above ``hard``, or above ``soft`` and far above the usual. NaN is never marked.

    Args:
        values: [N], larger is worse.
        hard, soft: see above; hard is larger.
        least_spread: a deviation that is still usual where all values are nearly the same.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    usual = float(np.median(known))
    spread = max(1.4826 * float(np.median(np.abs(known - usual))), least_spread)
    bad, far = values > hard, values > usual + FAR * spread
    if soft < usual <= hard:  # the dataset is like that: only what is bad even for it
        return bad & far
    return bad | ((values > soft) & far)


def tell(
    survey: Survey, kind: FindingKind, concerned: NDArray[np.bool_], scores: NDArray[np.float32], words: Words
) -> Found | None:
    """A finding of marked pictures: one to mend while they are few, a note where the dataset is like that."""
    rows = np.flatnonzero(concerned)
    if not len(rows):
        return None
    count = len(rows)
    suspects = Suspects.of(survey.ids[rows], scores[rows])
    if count > NATURE * len(survey):
        return found(
            kind,
            "note",
            f"{count:,} of {counted(len(survey), 'picture')} {agree(count, words.is_one, words.are_many)}",
            f"That seems to be the nature of this dataset, so nothing needs to be mended. {words.by_nature}",
            suspects,
        )
    return found(
        kind,
        "look",
        f"{counted(count, 'picture')} {agree(count, words.is_one, words.are_many)}",
        words.meaning,
        suspects,
        fix=agree(count, "Leave it out", "Leave them out"),
        fix_effect=f"{counted(count, 'picture')} {agree(count, 'is', 'are')} left out in a new version. "
        "You can undo it.",
    )


def _colour_contrast(survey: Survey, asked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """[N] float32, standard deviation of the colour planes, the larger of the two; NaN where not measured or asked."""
    result = np.full(len(survey), np.nan, dtype=np.float32)
    rows = np.flatnonzero(survey.measured & asked)
    at = np.cumsum(survey.measured) - 1
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        planes = survey.colours[at[part]].astype(np.float32).reshape(len(part), -1, 2)  # [n, pixels, Cb and Cr]
        result[part] = planes.std(axis=1).max(axis=1)
    return result


def _log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    logged: NDArray[np.float32] = np.log(np.maximum(values, 1e-6))
    return logged
