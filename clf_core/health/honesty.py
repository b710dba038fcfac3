"""How good the accuracy would look with copies on both sides of a split, and how good it is without.

Cross-validated on the training and validation pictures only: the test split is for the final check, and takes no part
in any figure before it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clf_core.data.split import folds
from clf_core.health.predictions import FOLDS, SEED, accuracy, out_of_fold
from clf_core.health.survey import Survey
from clf_core.metrics.intervals import wilson_interval
from clf_core.results import LeakCheck

STRENGTH = 0.1
"""Inverse regularisation C, about what training chooses for sets of a few hundred to a few thousand pictures."""


def measure_leak(
    survey: Survey, rows: NDArray[np.int64], features: NDArray[np.float32], check: Callable[[], None]
) -> LeakCheck | None:
    """The accuracies, each with its 95 % Wilson interval; None with nothing to judge.

    The counts of the result are zero: they come from ``leaks``, without a network.

    Args:
        survey: the pictures.
        rows: [M] those whose features are known.
        features: [M, D] of them.
        check: called often; may raise to stop.
    """
    kept = np.flatnonzero(survey.fitted[rows])
    labels, groups = survey.labels[rows[kept]], survey.alikes.wider[rows[kept]]
    if len(np.unique(labels)) < 2:
        return None
    fold = folds(labels, [str(group) for group in groups.tolist()], FOLDS, SEED)
    apart = out_of_fold(features[kept], labels, fold, STRENGTH, check)
    right, judged = accuracy(apart, labels)
    if not judged:
        return None
    low, high = wilson_interval(right, judged)
    without = right / judged
    mixed, mixed_low, mixed_high = without, low, high
    if len(np.unique(groups)) < len(groups):  # else nothing can leak, and the folds are the same
        each = out_of_fold(features[kept], labels, spread(fold, groups), STRENGTH, check)
        right, count = accuracy(each, labels)
        mixed = right / count
        mixed_low, mixed_high = wilson_interval(right, count)
    return LeakCheck(
        sentence="",
        test_pictures=0,
        leaked=0,
        pictures=judged,
        with_leak=mixed,
        with_leak_low=mixed_low,
        with_leak_high=mixed_high,
        without_leak=without,
        without_leak_low=low,
        without_leak_high=high,
    )


def spread(fold: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """[N] folds in which every group of several pictures is dealt over the folds.

    All others stay where they are: what differs is the leak, and not the luck of another draw.
    """
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.r_[True, groups[order[1:]] != groups[order[:-1]]])
    place = np.empty(len(groups), dtype=np.int64)  # of each picture in its group
    place[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    count = int(fold.max(initial=0)) + 1
    return np.where(fold >= 0, (fold + place) % count, fold)
