"""One class against all others as its threshold moves: ROC and precision-recall curves, and their areas.

Curves of several classes are averaged at equal x (vertical averaging, Fawcett 2006, 'An introduction to ROC
analysis', Pattern Recognition Letters 27:861), so the area of the mean is the mean of the areas, up to the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.classification import Floats


@dataclass(frozen=True)
class Curve:
    """Points of a curve in the order of falling thresholds.

    Attributes:
        x: [M] float64 in 0..1, never falling.
        y: [M] float64 in 0..1.
        thresholds: [M] float64; pictures scored at least this are called positive. The first is infinite: none is.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    thresholds: NDArray[np.float64]


def roc(positive: NDArray[np.bool_], scores: Floats) -> Curve:
    """The ROC curve: x the false-positive rate, y the true-positive rate.

    A point for each distinct score, and the origin.

    Args:
        positive: [N] bool, which pictures are of the class.
        scores: [N], higher for likelier.

    Raises:
        ValueError: the arrays do not belong together, or there are no positives or no negatives.
    """
    hits, alarms, thresholds = _counts(positive, scores)
    if not hits[-1] or not alarms[-1]:
        raise ValueError("a ROC curve needs pictures of the class and others")
    return Curve(alarms / alarms[-1], hits / hits[-1], thresholds)


def roc_area(positive: NDArray[np.bool_], scores: Floats) -> float:
    """Area under the ROC curve: the chance that a picture of the class outscores another, ties counting half.

    0..1; 0.5 by guessing. NaN where there are no positives or no negatives. Args as in ``roc``.
    """
    known = bool(positive.any() and not positive.all())
    return area(roc(positive, scores)) if known else float("nan")


def precision_recall(positive: NDArray[np.bool_], scores: Floats) -> Curve:
    """The precision-recall curve: x the recall, y the precision.

    A point for each distinct score. Between points the precision is that of the next one (a step, never a line:
    Davis & Goadrich 2006). The first point, at recall 0, repeats the precision of the highest score.

    Args, Raises: as ``roc``, but others need not exist.
    """
    hits, alarms, thresholds = _counts(positive, scores)
    if not hits[-1]:
        raise ValueError("a precision-recall curve needs pictures of the class")
    precision = hits[1:] / (hits[1:] + alarms[1:])
    return Curve(hits / hits[-1], np.concatenate([precision[:1], precision]), thresholds)


def average_precision(positive: NDArray[np.bool_], scores: Floats) -> float:
    """Area under the precision-recall curve by steps: sum of (recall gained) x (precision reached).

    0..1; the share of the class by guessing. NaN where there are no positives. As
    ``sklearn.metrics.average_precision_score``. Args as in ``roc``.
    """
    return step_area(precision_recall(positive, scores)) if positive.any() else float("nan")


def area(curve: Curve) -> float:
    """Area under straight lines between the points, as a ROC curve is read."""
    return float(np.trapezoid(curve.y, curve.x))


def step_area(curve: Curve) -> float:
    """Area under steps as high as their right end, as a precision-recall curve is read."""
    return float((np.diff(curve.x) * curve.y[1:]).sum())


def roc_at(curve: Curve, x: Floats) -> NDArray[np.float64]:
    """True-positive rate of a ROC curve at false-positive rates ``x`` [G]; at a jump its upper end."""
    y: NDArray[np.float64] = np.interp(x, curve.x, curve.y)  # of points above each other numpy takes the last
    return y


def precision_at(curve: Curve, x: Floats) -> NDArray[np.float64]:
    """Precision at recalls ``x`` [G] by steps: that of the first threshold whose recall reaches it."""
    place = np.searchsorted(curve.x, x, side="left")
    return curve.y[np.minimum(place, len(curve.y) - 1)]


def mean_curve(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """[G] float64, the mean over classes of curves given at the same [G] places; at least one."""
    mean: NDArray[np.float64] = np.stack(values).mean(axis=0)
    return mean


def thinned(curve: Curve, points: int) -> Curve:
    """The same curve with at most about ``points`` points, for drawing: corners are kept before points on a line.

    First the points in the middle of straight runs go (they change nothing), then an even choice along the length.
    """
    ahead = np.stack([np.diff(curve.x), np.diff(curve.y)])
    turning = np.abs(ahead[0, 1:] * ahead[1, :-1] - ahead[0, :-1] * ahead[1, 1:]) > 1e-15
    kept = np.concatenate([[0], 1 + np.flatnonzero(turning), [len(curve.x) - 1]]) if len(curve.x) > 2 else None
    chosen = np.arange(len(curve.x)) if kept is None else np.unique(kept)
    if len(chosen) > points:
        steps = np.abs(np.diff(curve.x[chosen])) + np.abs(np.diff(curve.y[chosen]))
        length = np.concatenate([[0.0], np.cumsum(steps)])
        wanted = np.linspace(0, length[-1], points)
        chosen = np.unique(chosen[np.searchsorted(length, wanted - 1e-12)])
        chosen = np.unique(np.append(chosen, len(curve.x) - 1))
    return Curve(curve.x[chosen], curve.y[chosen], curve.thresholds[chosen])


def _counts(
    positive: NDArray[np.bool_], scores: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Pictures of the class and others that score at least each threshold, [M] each, with the thresholds."""
    if positive.ndim != 1 or positive.dtype != np.bool_ or scores.shape != positive.shape:
        raise ValueError(f"need [N] flags and [N] scores, got {positive.shape} of {positive.dtype} and {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError("scores must be numbers, got NaN")
    order = np.argsort(-scores, kind="stable")
    sorted_scores, hit = scores[order], positive[order]
    ends = np.flatnonzero(np.append(np.diff(sorted_scores) != 0, True)) if len(scores) else np.zeros(0, dtype=np.int64)
    hits = np.concatenate([[0.0], np.cumsum(hit, dtype=np.float64)[ends]])
    alarms = np.concatenate([[0.0], (1.0 + ends) - hits[1:]])
    thresholds = np.concatenate([[np.inf], sorted_scores[ends].astype(np.float64)])
    return hits, alarms, thresholds
