"""Whether stated probabilities can be believed.

NLL and Brier are proper scores (best at the true probabilities; Gneiting & Raftery 2007). ECE is
not: it looks at the winning class only and depends on its bins, so it never travels without them.
"""

import numpy as np

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
    count, _ = _check_probabilities(true_index, probabilities)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    if not count:
        return float("nan")
    confidence = probabilities.max(axis=1).astype(np.float64)  # [N]
    right = probabilities.argmax(axis=1) == true_index  # [N]
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")  # [N] in 0..bins-1
    gap = np.bincount(place, weights=right - confidence, minlength=bins)  # sums, so the weights cancel
    return float(np.abs(gap).sum() / count)


def _check_probabilities(true_index: Indices, probabilities: Floats) -> tuple[int, int]:
    shape = check_scores(true_index, probabilities)
    if probabilities.size and not (probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6):
        raise ValueError(f"probabilities must lie in 0..1, got {probabilities.min():g}..{probabilities.max():g}")
    return shape
