"""Pictures that are very small, or much longer than wide."""

import numpy as np

from clf_core.health.found import Found
from clf_core.health.looks import Words, marked, tell
from clf_core.health.survey import Survey

_TINY_SIDE = 32
"""Pixels. Networks look at some 224; under 32 what they see is made up by enlarging."""

_SMALL_SIDE = 64
"""Pixels; tiny where most pictures are much larger."""

_LONG = 4.0
"""Longer side over shorter. A square cut out of the middle then shows a quarter of the picture at most."""

_LONGISH = 2.5

_TINY = Words(
    "is very small",
    "are very small",
    "They are enlarged many times before the classifier sees them, so they look unlike the others and hold no detail. "
    "Leave them out, or put larger ones in their place.",
    "All details a class is told by must be visible at this size; look at some of them.",
)
_ODD = Words(
    "is much longer than wide, or the other way round",
    "are much longer than wide, or the other way round",
    "Only the middle of such a picture is seen, and the thing it shows may be cut off. "
    "Cut them to the part that matters, or leave them out.",
    "Only the middle of each is seen unless the preparation is set to show the whole picture.",
)


def check_dimensions(survey: Survey) -> list[Found]:
    """Tiny pictures and those of an odd shape."""
    short = np.minimum(survey.width, survey.height).astype(np.float32)
    long = np.maximum(survey.width, survey.height).astype(np.float32)
    smallness = -np.log2(short)
    tiny = marked(smallness, hard=-np.log2(_TINY_SIDE) + 1e-3, soft=-np.log2(_SMALL_SIDE) + 1e-3, least_spread=0.5)
    length = np.log2(long / short)
    odd = marked(length, hard=np.log2(_LONG), soft=np.log2(_LONGISH), least_spread=0.1)
    checks = [tell(survey, "tiny", tiny, smallness, _TINY), tell(survey, "odd-shape", odd, length, _ODD)]
    return [check for check in checks if check is not None]
