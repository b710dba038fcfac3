"""What a classifier that never saw a picture says of it: out-of-fold predictions on features.

The strength of the regularisation is fixed, not chosen: nothing here is fitted to the answers it is judged by.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clf_core.training.logistic import Basis, Layer, fit

FOLDS = 5
SEED = 0

_AXES = 256
"""Principal axes; more take longer and find the same."""

_TOLERANCE = 1e-3


def out_of_fold(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    fold: NDArray[np.int64],
    strength: float,
    check: Callable[[], None],
) -> NDArray[np.float32]:
    """Probabilities of each picture from a layer fitted to the pictures of the other folds.

    Args:
        features: [N, D].
        labels: [N], 0..K-1.
        fold: [N], the fold in which each picture is judged; negative for pictures that are always learned from.
        strength: inverse regularisation C.
        check: called often; may raise to stop.

    Returns:
        [N, K] float32; NaN in the rows of pictures that are not judged.
    """
    classes = int(labels.max(initial=-1)) + 1
    result = np.full((len(labels), classes), np.nan, dtype=np.float32)
    for held_out in range(int(fold.max(initial=-1)) + 1):
        taught, judged = np.flatnonzero(fold != held_out), np.flatnonzero(fold == held_out)
        basis = Basis.of(features[taught]).first(_AXES)
        check()
        rows = basis.rotate(features[taught])
        start = Layer.zero(classes, rows.shape[1])
        layer = fit(rows, labels[taught], basis.curvature, strength, start, check, _TOLERANCE)
        logits = basis.rotate(features[judged]).astype(np.float64) @ layer.weight.T + layer.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        result[judged] = odds / odds.sum(axis=1, keepdims=True)
    return result


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[int, int]:
    """Right answers and judged pictures."""
    judged = np.isfinite(probabilities[:, 0])
    return int((probabilities[judged].argmax(axis=1) == labels[judged]).sum()), int(judged.sum())
