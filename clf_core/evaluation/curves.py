"""From answers on the test pictures to the curves a page draws."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.abstention import risk_coverage
from clf_core.evaluation.evaluator import ECE_BINS
from clf_core.metrics import calibration, classification, curves
from clf_core.metrics.grouped import accuracy_interval
from clf_core.results.curves import AnsweredCurve, ClassCurve, Curves, CurveSet, ReliabilityBin, TopK

Shares = NDArray[np.floating]

_GRID = np.linspace(0, 1, 201)
_MOST_POINTS = 120
_LEAST_POINTS = 20
_ALL_POINTS = 10_000
"""All classes' points together, about: with 100 classes the page gets 100 for each, a fifth of a megabyte a set."""

_DIGITS = 4
_KS = (1, 2, 3, 5, 10)


def all_curves(
    classes: Sequence[str],
    true_index: NDArray[np.int64],
    probabilities: Shares,
    groups: NDArray[np.int64],
    raw: Shares | None = None,
) -> Curves:
    """Work out every curve of a run.

    Args:
        classes: K names.
        true_index: [N] int64 in 0..K-1, N at least 1.
        probabilities: [N, K], as they are shown to people.
        groups: [N] int64, near copies share one.
        raw: [N, K], before temperature scaling; None where there was none.

    Raises:
        ValueError: the arrays do not belong together, or there is no picture.
    """
    return Curves(
        roc=roc_curves(classes, true_index, probabilities),
        precision_recall=precision_recall_curves(classes, true_index, probabilities),
        reliability=reliability_bins(true_index, probabilities, groups),
        raw_reliability=() if raw is None else reliability_bins(true_index, raw, groups),
        bins=ECE_BINS,
        top_k=top_k(true_index, probabilities, groups),
        answered=answered_curve(true_index, probabilities),
    )


def roc_curves(classes: Sequence[str], true_index: NDArray[np.int64], probabilities: Shares) -> CurveSet:
    """Each class against all others: the share of it that is found, over the share of others taken for it.

    The mean curve is the mean of the classes' true-positive rates at equal false-positive rates; its area is the mean
    of their areas (as ``sklearn.metrics.roc_auc_score`` with multi_class='ovr', average='macro').

    Args, Raises: as ``all_curves``.
    """
    return _curve_set("roc", classes, true_index, probabilities)


def precision_recall_curves(classes: Sequence[str], true_index: NDArray[np.int64], probabilities: Shares) -> CurveSet:
    """Each class against all others: how much of what is called it is it, over the share of it that is found.

    The area is the average precision. Args, Raises: as ``all_curves``.
    """
    return _curve_set("precision recall", classes, true_index, probabilities)


def reliability_bins(
    true_index: NDArray[np.int64], probabilities: Shares, groups: NDArray[np.int64], bins: int = ECE_BINS
) -> tuple[ReliabilityBin, ...]:
    """Answers sorted by how sure they are; empty bins are left out.

    Args, Raises: as ``all_curves``.
    """
    found = calibration.reliability(true_index, probabilities, bins)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == true_index
    place = np.searchsorted(found.edges[1:-1], confidence, side="left")
    listed = []
    for number in np.flatnonzero(found.counts):
        inside = place == number
        low, high = accuracy_interval(right[inside], groups[inside])
        listed.append(
            ReliabilityBin(
                low=float(found.edges[number]),
                high=float(found.edges[number + 1]),
                count=int(found.counts[number]),
                confidence=float(found.confidence[number]),
                accuracy=float(found.accuracy[number]),
                accuracy_low=low,
                accuracy_high=high,
            )
        )
    return tuple(listed)


def top_k(
    true_index: NDArray[np.int64], probabilities: Shares, groups: NDArray[np.int64], ks: Sequence[int] = _KS
) -> tuple[TopK, ...]:
    """How often the right class is among the k most probable, for each k less than the number of classes.

    Args, Raises: as ``all_curves``; ``ks`` at least 1 each.
    """
    rank = classification.ranks(true_index, probabilities)
    listed = []
    for k in ks:
        if k < probabilities.shape[1]:
            low, high = accuracy_interval(rank < k, groups)
            listed.append(TopK(k=k, share=float((rank < k).mean()), low=low, high=high))
    return tuple(listed)


def answered_curve(true_index: NDArray[np.int64], probabilities: Shares) -> AnsweredCurve:
    """How often the surest answers are right, at every share that could be answered.

    The curve of risk and coverage (Geifman & El-Yaniv 2017) of the most probable class. Args, Raises: as
    ``all_curves``.
    """
    wrong = (probabilities.argmax(axis=1) != true_index).astype(np.float64)
    found = risk_coverage(1 - probabilities.max(axis=1).astype(np.float64), wrong)
    right = found.right / found.answered
    area = float((np.diff(found.coverage, prepend=0.0) * (1 - right)).sum())
    drawn = curves.thinned(curves.Curve(found.coverage, right, found.risk), 2 * _MOST_POINTS)
    return AnsweredCurve(answered=_rounded(drawn.x), right=_rounded(drawn.y), area=area)


def _curve_set(kind: str, classes: Sequence[str], true_index: NDArray[np.int64], probabilities: Shares) -> CurveSet:
    classification.check_scores(true_index, probabilities)
    draw, area, at = _KINDS[kind]
    points = int(np.clip(_ALL_POINTS // max(1, len(classes)), _LEAST_POINTS, _MOST_POINTS))
    found: list[ClassCurve] = []
    left_out: list[str] = []
    heights: list[NDArray[np.float64]] = []
    for index, name in enumerate(classes):
        positive = true_index == index
        if not positive.any() or positive.all():
            left_out.append(name)
            continue
        curve = draw(positive, probabilities[:, index])
        heights.append(at(curve, _GRID))
        drawn = curves.thinned(curve, points)
        found.append(_class_curve(name, int(positive.sum()), drawn.x, drawn.y, area(curve)))
    mean = _mean(kind, found, heights) if found else None
    return CurveSet.model_validate({"kind": kind, "classes": found, "mean": mean, "left_out": left_out})


def _mean(kind: str, found: Sequence[ClassCurve], heights: Sequence[NDArray[np.float64]]) -> ClassCurve:
    # A ROC curve starts at the origin, whatever its first threshold finds.
    start = np.zeros(1 if kind == "roc" else 0)
    return _class_curve(
        "",
        sum(curve.positives for curve in found),
        np.append(start, _GRID),
        np.append(start, curves.mean_curve(heights)),
        float(np.mean([curve.area for curve in found])),
    )


def _class_curve(name: str, positives: int, x: NDArray[np.float64], y: NDArray[np.float64], area: float) -> ClassCurve:
    return ClassCurve(name=name, positives=positives, x=_rounded(x), y=_rounded(y), area=area)


_Draw = Callable[[NDArray[np.bool_], Shares], curves.Curve]
_At = Callable[[curves.Curve, Shares], NDArray[np.float64]]
_KINDS: dict[str, tuple[_Draw, Callable[[curves.Curve], float], _At]] = {
    "roc": (curves.roc, curves.area, curves.roc_at),
    "precision recall": (curves.precision_recall, curves.step_area, curves.precision_at),
}


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(np.round(values, _DIGITS).tolist())
