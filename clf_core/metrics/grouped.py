"""Intervals of shares whose pictures come in groups: near copies are right or wrong together.

The unit of chance is the group, as in a bootstrap that draws whole groups. Its variance is worked out by leaving out
one group at a time (the jackknife, to which the bootstrap's tends) and turned into the number of independent pictures
that would vary as much; Wilson's interval is then taken for those (Korn & Graubard 1998, Survey Methodology 24:193;
Franco et al. 2019, J. Survey Statistics and Methodology 7:334). The percentiles of a bootstrap are not used for single
classes, because they shrink to a point where nothing went wrong, and cover too little with few pictures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.classification import Floats, Indices, confusion_matrix
from clf_core.metrics.intervals import normal_quantile, score_intervals, wilson_interval


@dataclass(frozen=True)
class ClassIntervals:
    """Lower and upper ends for each class, [K, 2] float64 in 0..1; NaN where the score itself is."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def accuracy_interval(
    right: NDArray[np.bool_], groups: NDArray[np.int64], confidence: float = 0.95
) -> tuple[float, float]:
    """Wilson's interval of the share of pictures answered right, near copies counting for what they are.

    Equal to ``wilson_interval`` where every picture is a group of its own.

    Args:
        right: [N] bool, N at least 1.
        groups: [N] int64, near copies share one.
        confidence: inside 0..1.

    Raises:
        ValueError: no picture, or the lengths disagree.
    """
    count = len(right)
    if not count or len(groups) != count:
        raise ValueError(f"need a group for each of at least one picture, got {count} and {len(groups)}")
    counted = independent_count(right.astype(np.float64), groups, confidence)
    return wilson_interval(float(right.mean()) * counted, counted, confidence)


def class_intervals(
    true_index: Indices, predicted: Indices, groups: NDArray[np.int64], class_count: int, confidence: float = 0.95
) -> ClassIntervals:
    """Intervals of precision, recall and F1 of each class, by group.

    Precision and recall are shares of the pictures predicted as the class, or of the class. F1 is 2J / (1 + J) with
    J = TP / (TP + FP + FN), which is a share as well, so its interval is that of J carried over (the 'indirect'
    method of Lam et al. 2023, arXiv 2309.14621).

    Args:
        true_index, predicted: [N] integers in 0..K-1.
        groups: [N] int64, near copies share one.
        class_count: K.
        confidence: inside 0..1.

    Raises:
        ValueError: the arrays do not belong together.
    """
    matrix = confusion_matrix(true_index, predicted, class_count)  # checks the arrays
    if len(groups) != len(true_index):
        raise ValueError(f"need one group for each of {len(true_index)} pictures, got {len(groups)}")
    hits = np.diagonal(matrix).astype(np.float64)
    of_class, as_class = matrix.sum(axis=1).astype(np.float64), matrix.sum(axis=0).astype(np.float64)
    totals = np.stack([as_class, of_class, of_class + as_class - hits])  # of precision, recall and J
    shares = np.divide(hits, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    if len(np.unique(groups)) < len(groups):
        totals = _class_counts(true_index, predicted, groups, class_count, confidence)
    ends = [
        np.stack(score_intervals(share, total, confidence), axis=1) for share, total in zip(shares, totals, strict=True)
    ]
    return ClassIntervals(precision=ends[0], recall=ends[1], f1=2 * ends[2] / (1 + ends[2]))


def independent_count(values: Floats, groups: NDArray[np.int64], confidence: float = 0.95) -> float:
    """As how many independent pictures the mean of N values counts.

    N where every picture is a group of its own. Else N divided by the design effect, and a little less, as that was
    estimated from a limited number of groups: by the squared ratio of Student's quantile, with one degree of freedom
    less than there are groups, to the normal one (Korn & Graubard 1998).

    Args:
        values: [N], N at least 1.
        groups: [N] int64.
        confidence: of the interval it is for.
    """
    number = len(np.unique(groups))
    count = len(values) / design_effect(values, np.ones(len(values)), groups)
    if number == len(values) or float(values.min()) == float(values.max()):
        return count
    return count / widening(number - 1, confidence) ** 2


def widening(freedom: int, confidence: float = 0.95) -> float:
    """How much wider an interval is whose variance was estimated with so many degrees of freedom, at least 1."""
    from scipy.special import stdtrit

    return float(stdtrit(max(1, freedom), (1 + confidence) / 2)) / normal_quantile(confidence)


def design_effect(numerator: Floats, denominator: Floats, groups: NDArray[np.int64]) -> float:
    """How many times as many pictures are needed as if all were independent (Kish 1965, 'Survey Sampling').

    The variance of the ratio sum(numerator) / sum(denominator) with whole groups as units, over that with pictures as
    units, both by leaving out one at a time; kept between 1 and the size of the largest group. Where the numerator is a
    fixed multiple of the denominator (all right, or all wrong) nothing shows how alike the pictures of a group are, so
    they count as one: the mean size of the groups, as a picture meets it.

    Args:
        numerator: [N].
        denominator: [N], which pictures count and how much; its sum is more than 0.
        groups: [N] int64.
    """
    _, place = np.unique(groups, return_inverse=True)
    weights = np.bincount(place, weights=denominator)
    total = float(weights.sum())
    apart = numerator - float(numerator.sum()) / total * denominator
    largest = max(1.0, float(weights.max()))
    if float((apart**2).sum()) <= 1e-12 * total:
        return max(1.0, float((weights**2).sum()) / total)
    if len(weights) == 1:
        return largest
    alone = float(((apart / (1 - denominator / total)) ** 2).sum())
    together = float(((np.bincount(place, weights=apart) / (1 - weights / total)) ** 2).sum())
    return float(np.clip(together / alone, 1.0, largest))


def _class_counts(
    true_index: Indices, predicted: Indices, groups: NDArray[np.int64], class_count: int, confidence: float
) -> NDArray[np.float64]:
    """[3, K], as how many independent pictures those of precision, recall and J count; 0 where there is none."""
    counts = np.zeros((3, class_count))
    for index in range(class_count):
        of_class, as_class = true_index == index, predicted == index
        hit = (of_class & as_class).astype(np.float64)
        for row, counted in enumerate((as_class, of_class, of_class | as_class)):
            chosen = np.flatnonzero(counted)
            if len(chosen):
                counts[row, index] = independent_count(hit[chosen], groups[chosen], confidence)
    return counts
