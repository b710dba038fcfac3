"""How often a classifier is right, in all and class by class.

Everything here follows from the confusion matrix (rows true, columns predicted), except the
top-k accuracy, which needs the scores. A ratio whose denominator is zero is NaN: a class that
was never predicted has no precision, and calling that 0 would blame the model for nothing.
"""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.integer]
Floats = NDArray[np.floating]


def confusion_matrix(true_index: Indices, predicted: Indices, class_count: int) -> NDArray[np.int64]:
    """Count the pictures of each true class by the class they were given.

    Args:
        true_index: [N] integers in 0..K-1.
        predicted: [N] integers in 0..K-1.
        class_count: K.

    Returns:
        [K, K] int64, rows true, columns predicted; its sum is N.

    Raises:
        ValueError: the arrays are not one-dimensional, differ in length or leave 0..K-1.
    """
    _check_indices("true_index", true_index, class_count)
    _check_indices("predicted", predicted, class_count)
    if len(true_index) != len(predicted):
        raise ValueError(f"true_index and predicted must have one length, got {len(true_index)} and {len(predicted)}")
    cell = true_index.astype(np.int64) * class_count + predicted.astype(np.int64)
    return np.bincount(cell, minlength=class_count**2).astype(np.int64).reshape(class_count, class_count)


def accuracy(matrix: NDArray[np.int64]) -> float:
    """Share of all pictures on the diagonal, 0..1; NaN for an empty matrix."""
    total = int(matrix.sum())
    return float(np.trace(matrix)) / total if total else float("nan")


def precision(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of the pictures given each class, the share that belongs to it: [K], NaN where none was given it."""
    return _ratio(np.diagonal(matrix), matrix.sum(axis=0))


def recall(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of the pictures of each class, the share that was found: [K], NaN where there is none."""
    return _ratio(np.diagonal(matrix), matrix.sum(axis=1))


def f1(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Harmonic mean of precision and recall, as 2 TP / (2 TP + FP + FN): [K].

    NaN only where a class neither occurs nor was predicted. A class that occurs and was never
    predicted has no precision, yet its F1 is 0: all its pictures were missed.
    """
    return _ratio(2 * np.diagonal(matrix), matrix.sum(axis=0) + matrix.sum(axis=1))


def macro_f1(matrix: NDArray[np.int64]) -> float:
    """Plain mean of the F1 of the classes that occur or were predicted; NaN for an empty matrix.

    Equals ``sklearn.metrics.f1_score(average="macro")`` with its default labels.
    """
    scores = f1(matrix)
    defined = scores[~np.isnan(scores)]
    return float(defined.mean()) if defined.size else float("nan")


def top_k_accuracy(true_index: Indices, scores: Floats, k: int) -> float:
    """Share of pictures whose true class is among the k best scored, 0..1; NaN without pictures.

    Among equal scores the lower class index ranks first, as in ``argmax``, so k=1 is the accuracy.

    Args:
        true_index: [N] integers in 0..K-1.
        scores: [N, K] logits or probabilities.
        k: at least 1; with k >= K the result is 1.

    Raises:
        ValueError: the shapes disagree or k < 1.
    """
    check_scores(true_index, scores)
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return float((ranks(true_index, scores) < k).mean()) if len(true_index) else float("nan")


def ranks(true_index: Indices, scores: Floats) -> NDArray[np.int64]:
    """[N] int64, how many classes score better than the true one; 0 where it is the answer.

    Args, Raises: as ``top_k_accuracy``.
    """
    _, class_count = check_scores(true_index, scores)
    own = np.take_along_axis(scores, true_index[:, None], axis=1)  # [N, 1]
    earlier = np.arange(class_count)[None, :] < true_index[:, None]  # [N, K]
    better: NDArray[np.int64] = ((scores > own) | ((scores == own) & earlier)).sum(axis=1, dtype=np.int64)
    return better


def check_scores(true_index: Indices, scores: Floats) -> tuple[int, int]:
    """Return (N, K) after making sure that the two arrays belong together.

    Raises:
        ValueError: ``scores`` is not [N, K], holds a NaN, or ``true_index`` is not [N] in 0..K-1.
    """
    if scores.ndim != 2:
        raise ValueError(f"scores must be [N, K], got shape {scores.shape}")
    count, class_count = scores.shape
    _check_indices("true_index", true_index, class_count)
    if len(true_index) != count:
        raise ValueError(f"true_index must have one entry for each of {count} rows, got {len(true_index)}")
    if np.isnan(scores).any():
        raise ValueError("scores must be numbers, got NaN")
    return count, class_count


def _check_indices(name: str, indices: Indices, class_count: int) -> None:
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise ValueError(f"{name} must be [N] integers, got shape {indices.shape} of {indices.dtype}")
    if indices.size and not (indices.min() >= 0 and indices.max() < class_count):
        raise ValueError(f"{name} must lie in 0..{class_count - 1}, got {indices.min()}..{indices.max()}")


def _ratio(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result
