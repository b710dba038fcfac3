"""Pictures that may be in the wrong class, by confident learning.

C. Northcutt, L. Jiang & I. Chuang 2021, 'Confident Learning: Estimating Uncertainty in Dataset Labels' (JAIR 70), in
their own implementation cleanlab. It needs nothing but out-of-fold probabilities: a picture is a suspect when the
classifier is as sure of another class as it usually is of pictures that are in that class. Where classes are told
apart with hardly any doubt that asks too much, so a picture is a suspect, too, when the classifier is plainly sure.

Test pictures are looked at, too: a wrong label there makes the accuracy untrue. That does not spoil the test split,
because no model and no setting is chosen by it; all that comes of it is that a person looks at the label.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clf_core.data.split import folds
from clf_core.health.found import Found, Suspects, found
from clf_core.health.predictions import FOLDS, SEED, out_of_fold
from clf_core.health.survey import Survey
from clf_core.health.words import agree, counted

STRENGTH = 0.01
"""Inverse regularisation C: a layer that cannot bend to single pictures. With 5 % of the labels flipped (two draws) the
ranking has an average precision of 0.97 on digits, 1.00 on shapes and 0.90 on hymenoptera with it; with ten times as
much 0.98, 1.00 and 0.82, with a tenth 0.90, 1.00 and 0.95."""

_SURE = 0.8
"""Probability of another class that makes a suspect in any case. In sets as they are this adds 1 picture of 1,000
digits and 4 of 397 ants and bees; of 60 pictures of two colours it finds the two flipped, which cleanlab does not."""

_SERIOUS = 0.1


def check_labels(
    survey: Survey, rows: NDArray[np.int64], features: NDArray[np.float32], check: Callable[[], None]
) -> list[Found]:
    """One finding about the label suspects, if there are any.

    Args:
        survey: the pictures.
        rows: [M] those looked at.
        features: [M, D] of them.
        check: called often; may raise to stop.
    """
    groups = [str(group) for group in survey.alikes.wider[rows].tolist()]
    fold = folds(survey.labels[rows], groups, FOLDS, SEED)
    probabilities = out_of_fold(features, survey.labels[rows], fold, STRENGTH, check)
    suspicion, suspected, suggested = label_suspicion(probabilities, survey.labels[rows])
    if survey.checked is not None:
        suspected &= ~survey.checked[rows]
    places = np.flatnonzero(suspected)
    if not len(places):
        return []
    count = len(places)
    return [
        found(
            "label-suspects",
            "serious" if count > _SERIOUS * len(rows) else "look",
            f"{counted(count, 'picture')} may be in the wrong class",
            "A classifier that had not seen them puts them elsewhere, and is sure of it. A wrong label teaches a "
            "mistake, and in the test split it counts a right answer as wrong. Look at them, the most suspicious "
            "first: move what is wrong, and say of the others that they are right.",
            Suspects.of(
                survey.ids[rows[places]],
                suspicion[places],
                None,
                [survey.classes[place] for place in suggested[places].tolist()],
            ),
            fix="Leave them out until checked",
            fix_effect=f"{counted(count, 'picture')} {agree(count, 'is', 'are')} left out in a new version, "
            f"{agree(count, 'even if its', 'also those whose')} class is right after all. You can undo it, or restore "
            "them one by one.",
        )
    ]


def label_suspicion(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Judge labels by out-of-fold probabilities.

    Args:
        probabilities: [M, K]; rows of NaN are not judged.
        labels: [M], 0..K-1.

    Returns:
        [M] suspicion 0..1, larger is more suspicious; [M] bool, whether the label is suspected;
        [M] the class that is most likely instead.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    suspicion = np.zeros(len(labels), dtype=np.float32)
    suspected = np.zeros(len(labels), dtype=np.bool_)
    suggested = labels.copy()
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    present = np.unique(labels[judged])  # cleanlab takes classes without pictures for errors
    if len(present) < 2:
        return suspicion, suspected, suggested
    told = probabilities[np.ix_(judged, present)].astype(np.float64)
    told /= np.maximum(told.sum(axis=1, keepdims=True), 1e-12)
    given = np.searchsorted(present, labels[judged])
    suspicion[judged] = 1 - get_label_quality_scores(given, told, method="self_confidence")
    sure = (told.max(axis=1) >= _SURE) & (told[np.arange(len(given)), given] < 1 - _SURE)
    suspected[judged] = find_label_issues(given, told, filter_by="both", n_jobs=1) | sure
    others = told.copy()
    others[np.arange(len(given)), given] = -1
    suggested[judged] = present[others.argmax(axis=1)]
    return suspicion, suspected, suggested
