"""One number that makes a network's probabilities believable, fitted on pictures it had not learned from.

Temperature scaling (Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017, section 4.2):
all logits are divided by the temperature that gives the least negative log-likelihood on the validation pictures. Which
class is named does not change. The loss is convex in the temperature's inverse, so its slope has one root at most.

The targets are those of Platt ("Probabilistic Outputs for Support Vector Machines", 1999, section 2.2): with N pictures
the true class counts (N + 1) / (N + 2) and the rest is shared by the others. Where all N are answered right, the bare
likelihood would drive every probability to 1, and N pictures cannot tell so much: this leaves about 1 - 1 / N.
"""

import math

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.answers import Answers

FEWEST = 20
"""With fewer pictures than these chance decides, and the logits stay as they are."""

_LEAST, _MOST = 1e-3, 1e3
"""Of the temperature's inverse; logits of no use at all end here."""

_CHUNK_ELEMENTS = 2_000_000
"""Worked on at a time, which bounds the memory with many classes."""


def fit_temperature(answers: Answers | None) -> float:
    """Return the temperature for a network's logits; 1 where there are fewer than ``FEWEST`` pictures.

    Args:
        answers: of pictures that the network has not learned from and that it is not tested on.
    """
    if answers is None or len(answers) < FEWEST:
        return 1.0
    return float(1.0 / best_inverse(answers.logits, answers.true_index))


def best_inverse(logits: NDArray[np.float32], true_index: NDArray[np.int64]) -> float:
    """Return the factor for the logits that gives the least loss.

    Args:
        logits: [N, K] float32, at least one row, finite.
        true_index: [N] int64 in 0..K-1.
    """
    from scipy.optimize import brentq

    pull = _pull_of_targets(logits, true_index)

    def slope(log_inverse: float) -> float:
        return _expected_logit(logits, math.exp(log_inverse)) - pull

    low, high = math.log(_LEAST), math.log(_MOST)
    if slope(low) >= 0:
        return _LEAST
    if slope(high) <= 0:
        return _MOST
    return math.exp(brentq(slope, low, high, xtol=1e-7))


def _pull_of_targets(logits: NDArray[np.float32], true_index: NDArray[np.int64]) -> float:
    """Mean logit of a picture under its target probabilities, the picture's mean logit taken as zero."""
    count, classes = logits.shape
    own = logits[np.arange(count), true_index].astype(np.float64)
    mean = logits.mean(axis=1, dtype=np.float64)
    others = (mean * classes - own) / max(classes - 1, 1)
    sure = (count + 1) / (count + 2)
    return float((sure * own + (1 - sure) * others - mean).mean())


def _expected_logit(logits: NDArray[np.float32], inverse: float) -> float:
    """Mean logit of a picture under the probabilities it gives, the picture's mean logit taken as zero."""
    count, classes = logits.shape
    step, total = max(1, _CHUNK_ELEMENTS // classes), 0.0
    for start in range(0, count, step):
        part = logits[start : start + step].astype(np.float64)
        part -= part.max(axis=1, keepdims=True)
        odds = np.exp(part * inverse)
        odds /= odds.sum(axis=1, keepdims=True)
        total += float(((odds * part).sum(axis=1) - part.mean(axis=1)).sum())
    return float(total / count)
