"""The bootstrap by group: whole groups of near copies are drawn with replacement, never single pictures.

Drawing single pictures would take near copies for independent evidence (Field & Welsh 2007, J. Royal Statistical
Society B 69:369, the cluster bootstrap).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.classification import Indices, confusion_matrix
from clf_core.metrics.grouped import design_effect, widening
from clf_core.metrics.intervals import wilson_interval

REPLICATES = 1000
"""With so many the ends of a 95 % interval vary by about a tenth of a standard error."""

Statistic = Callable[[NDArray[np.float64]], float]


def group_weights(groups: NDArray[np.int64], replicates: int, seed: int = 0) -> Iterator[NDArray[np.float64]]:
    """How often each picture counts in each replicate: G groups are drawn from G, with replacement.

    Args:
        groups: [N] int64.
        replicates: how many to make.
        seed: the same one gives the same weights.

    Yields:
        [N] float64 whole numbers, the same for all pictures of a group.
    """
    _, place = np.unique(groups, return_inverse=True)
    count = int(place.max()) + 1 if len(place) else 0
    random = np.random.default_rng(seed)
    for _ in range(replicates):
        drawn = np.bincount(random.integers(0, count, count), minlength=count) if count else np.zeros(0)
        yield drawn[place].astype(np.float64)


def bootstrap(
    statistic: Statistic, groups: NDArray[np.int64], replicates: int = REPLICATES, seed: int = 0
) -> NDArray[np.float64]:
    """Work out a statistic on each replicate.

    Args:
        statistic: gets [N] weights and returns a number, NaN where it is undefined.
        groups, replicates, seed: as in ``group_weights``.

    Returns:
        [replicates] float64.
    """
    return np.array([statistic(weights) for weights in group_weights(groups, replicates, seed)])


def percentile_interval(values: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float]:
    """The middle share of the replicates (Efron 1979); undefined ones are left out, and NaN where all are."""
    known = values[~np.isnan(values)]
    if not known.size:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def macro_f1_interval(
    true_index: Indices,
    predicted: Indices,
    groups: NDArray[np.int64],
    class_count: int,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of the macro F1 from a bootstrap by group.

    The replicates give the variance; Wilson's interval for as many independent pictures as would vary as much gives
    the ends. Percentiles of the replicates would be biased downwards and shrink to a point where nothing went wrong.

    Args:
        true_index, predicted: [N] integers in 0..K-1, N at least 1.
        groups: [N] int64, near copies share one.
        class_count: K.
        confidence, replicates, seed: as above.

    Raises:
        ValueError: no picture, or the arrays do not belong together.
    """
    matrix = confusion_matrix(true_index, predicted, class_count)  # checks the arrays
    if not len(true_index) or len(groups) != len(true_index):
        raise ValueError(f"need a group for each of at least one picture, got {len(true_index)} and {len(groups)}")
    present = matrix.sum(axis=0) + matrix.sum(axis=1) > 0

    def macro(weights: NDArray[np.float64]) -> float:
        return _macro_f1(true_index, predicted, weights, present)

    score = macro(np.ones(len(true_index)))
    variance = float(np.nanvar(bootstrap(macro, groups, replicates, seed)))
    count, number = _most_pictures(true_index, groups, class_count), len(np.unique(groups))
    if 1 < number < len(groups):  # the variance of few groups is estimated too small, and not surely
        variance *= number / (number - 1) * widening(number - 1, confidence) ** 2
    if variance > 0:
        count = min(count, score * (1 - score) / variance)
    return wilson_interval(score * count, count, confidence)


def _macro_f1(
    true_index: Indices, predicted: Indices, weights: NDArray[np.float64], present: NDArray[np.bool_]
) -> float:
    """Macro F1 of weighted pictures over the classes of the sample itself, as far as they were drawn."""
    count = len(present)
    right = true_index == predicted
    hits = np.bincount(true_index[right], weights=weights[right], minlength=count)
    involved = np.bincount(true_index, weights=weights, minlength=count)
    involved = involved + np.bincount(predicted, weights=weights, minlength=count)
    drawn = present & (involved > 0)
    return float((2 * hits[drawn] / involved[drawn]).mean()) if drawn.any() else float("nan")


def _most_pictures(true_index: Indices, groups: NDArray[np.int64], class_count: int) -> float:
    """As how many independent pictures a mean over classes counts at best: K^2 / sum(1 / pictures of each class)."""
    counts = np.bincount(true_index, minlength=class_count)
    found = counts[counts > 0].astype(np.float64)
    alike = design_effect(np.ones(len(true_index)), np.ones(len(true_index)), groups)
    return float(len(found) ** 2 / (1 / found).sum() / alike)
