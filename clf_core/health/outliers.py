"""Pictures unlike all others, by their distance to the nearest of the others in the features of the network.

The mean distance to the k nearest neighbours (F. Angiulli & C. Pizzuti 2002, 'Fast outlier detection in high
dimensional spaces'), here 1 - cosine between the square roots of the features, so that the few large ones do not
decide alone (R. Arandjelovic & A. Zisserman 2012, 'Three things everyone should know to improve object retrieval').
Every set has a picture that is furthest; marked are those far beyond what is usual in the set, on the scale of
logarithms, in which distances spread evenly.

Tried on digits, shapes, hymenoptera and sign digits, with one or five pictures of another of these sets put in:
without them no score is above 4.0; with them all are above 4.5 but for ants and bees, which differ so much among
themselves that only single strangers are told. Features about their mean, Euclidean distance and local density did
worse.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found, Suspects, found
from clf_core.health.survey import Survey
from clf_core.health.words import agree, counted

_NEIGHBOURS = 10
_LEAST = 30
"""With fewer pictures nothing can be told about what is usual."""

_FAR = 4.5
"""Robust deviations from the median; see above."""

_BLOCK = 1024


def check_outliers(
    survey: Survey, rows: NDArray[np.int64], features: NDArray[np.float32], check: Callable[[], None]
) -> list[Found]:
    """One finding about the outliers, if there are any.

    Args:
        survey: the pictures.
        rows: [M] those looked at.
        features: [M, D] of them.
        check: called often; may raise to stop.
    """
    if len(rows) < _LEAST:
        return []
    distance = neighbour_distance(features, survey.files[rows], check)
    scores = outlier_scores(distance)
    places = np.flatnonzero(scores > _FAR)
    if not len(places):
        return []
    count = len(places)
    return [
        found(
            "outliers",
            "look",
            f"{counted(count, 'picture')} {agree(count, 'is', 'are')} unlike all others",
            "They may have come in by mistake: a screenshot, a drawing among photos, another thing altogether. If "
            "such pictures will be shown to the classifier, add more of them; otherwise leave them out.",
            Suspects.of(survey.ids[rows[places]], scores[places]),
            fix=agree(count, "Leave it out", "Leave them out"),
            fix_effect=f"{counted(count, 'picture')} {agree(count, 'is', 'are')} left out in a new version. "
            "You can undo it.",
        )
    ]


def neighbour_distance(
    features: NDArray[np.float32], files: NDArray[np.int64], check: Callable[[], None]
) -> NDArray[np.float32]:
    """[M] mean cosine distance 0..2 to the nearest others, copies of the same file left aside.

    Args:
        features: [M, D].
        files: [M], equal for the same file.
        check: called once a block; may raise to stop.
    """
    rooted = np.sign(features) * np.sqrt(np.abs(features))
    rooted /= np.maximum(np.linalg.norm(rooted, axis=1, keepdims=True), 1e-12)
    near = min(_NEIGHBOURS, len(features) - 1)
    result = np.empty(len(features), dtype=np.float32)
    for start in range(0, len(features), _BLOCK):
        check()
        part = slice(start, start + _BLOCK)
        likeness = rooted[part] @ rooted.T
        likeness[files[part, None] == files[None, :]] = -1.0  # itself and its copies
        nearest = np.partition(likeness, -near, axis=1)[:, -near:]
        result[part] = 1 - nearest.mean(axis=1)
    return result


def outlier_scores(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """[M] how many robust deviations the logarithm of a distance lies above the median."""
    logged = np.log(np.maximum(distance, 1e-4))
    usual = np.median(logged)
    spread = max(1.4826 * float(np.median(np.abs(logged - usual))), 0.05)
    scores: NDArray[np.float32] = ((logged - usual) / spread).astype(np.float32)
    return scores
