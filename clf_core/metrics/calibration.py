"""Whether stated probabilities can be believed.

NLL and Brier are proper scores (best at the true probabilities; Gneiting & Raftery 2007). ECE is
not: it looks at the winning class only and depends on its bins, so it never travels without them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.metrics.classification import Floats, Indices, check_scores


def nll(true_index: Indices, probabilities: Floats) -> float:
    """Mean negative log-likelihood of the true classes, in nats; NaN without pictures.

    Probabilities are kept at least one epsilon of their own dtype away from 0 and 1, as
    ``sklearn.metrics.log_loss`` does, so that a single certain mistake does not make the mean infinite.

    Args:
        true_index: [N] integers in 0..K-1.
        probabilities: [N, K], each row summing to 1.

    Raises:
        ValueError: the shapes disagree or a value lies outside 0..1.
    """
    count, _ = _check_probabilities(true_index, probabilities)
    if not count:
        return float("nan")
    epsilon = float(np.finfo(probabilities.dtype).eps)
    own = probabilities[np.arange(count), true_index].astype(np.float64)
    return float(-np.log(np.clip(own, epsilon, 1 - epsilon)).mean())


def brier(true_index: Indices, probabilities: Floats) -> float:
    """Mean squared distance between the probabilities and the one-hot truth, 0..2; NaN without pictures.

    The original multi-class form of Brier (1950), summed over classes and not halved.

    Args, Raises: as ``nll``.
    """
    count, class_count = _check_probabilities(true_index, probabilities)
    if not count:
        return float("nan")
    error = probabilities.astype(np.float64) - np.eye(class_count)[true_index]  # [N, K]
    return float((error**2).sum(axis=1).mean())


def ece(true_index: Indices, probabilities: Floats, bins: int = 15) -> float:
    """Expected calibration error of the winning class, 0..1; NaN without pictures.

    Pictures are sorted into ``bins`` bins of equal width (lower edge exclusive) by the probability
    of the predicted class; the gaps between accuracy and mean probability are averaged, weighted by
    the pictures in each bin (Guo et al. 2017, 'On Calibration of Modern Neural Networks', eq. 3).

    Args, Raises: as ``nll``; also ValueError when bins < 1.
    """
    found = reliability(true_index, probabilities, bins)
    full = found.counts > 0
    if not full.any():
        return float("nan")
    gaps = np.abs(found.accuracy[full] - found.confidence[full])
    return float((found.counts[full] * gaps).sum() / found.counts.sum())


@dataclass(frozen=True)
class Reliability:
    """What a reliability diagram shows (DeGroot & Fienberg 1983), for B bins of the winning probability.

    Attributes:
        edges: [B + 1] float64, 0 to 1; a bin holds its upper edge and not its lower.
        counts: [B] int64, pictures in each.
        right: [B] int64, of those the ones answered right.
        confidence: [B] float64, mean winning probability; NaN where a bin is empty.
        accuracy: [B] float64, share answered right; NaN where a bin is empty.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    right: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def reliability(true_index: Indices, probabilities: Floats, bins: int = 15) -> Reliability:
    """Sort the answers by how sure they are into bins of equal width.

    Args, Raises: as ``ece``.
    """
    _check_probabilities(true_index, probabilities)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    confidence = probabilities.max(axis=1).astype(np.float64)  # [N]
    right = probabilities.argmax(axis=1) == true_index  # [N]
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")  # [N] in 0..bins-1
    counts = np.bincount(place, minlength=bins)
    hits = np.bincount(place[right], minlength=bins)
    sums = np.bincount(place, weights=confidence, minlength=bins)
    known = counts > 0
    return Reliability(
        edges=edges,
        counts=counts.astype(np.int64),
        right=hits.astype(np.int64),
        confidence=np.divide(sums, counts, out=np.full(bins, np.nan), where=known),
        accuracy=np.divide(hits, counts, out=np.full(bins, np.nan), where=known),
    )


def _check_probabilities(true_index: Indices, probabilities: Floats) -> tuple[int, int]:
    shape = check_scores(true_index, probabilities)
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise ValueError(f"probabilities must lie in 0..1, got {probabilities.min():g}..{probabilities.max():g}")
    return shape
