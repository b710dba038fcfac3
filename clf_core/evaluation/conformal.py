"""Sets of classes that hold the right one with a promised frequency.

Split conformal prediction with the score '1 minus the probability of the true class' (Sadinle, Lei & Wasserman 2019;
Angelopoulos & Bates 2023, 'A Gentle Introduction to Conformal Prediction', section 1): of all such rules it gives the
smallest sets on average. Over validation sets drawn anew, and for new pictures drawn like them, a set misses the right
class at most as often as promised, whatever the network; for a single class the promise does not hold.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SetSizes:
    """What sets came to on pictures whose classes are known.

    Attributes:
        total: pictures.
        held: sets that hold the right class.
        single: sets of one class.
        empty: sets of none.
        mean_size: classes in a set, on average.
    """

    total: int
    held: int
    single: int
    empty: int
    mean_size: float


def least_probability(true_index: NDArray[np.int64], probabilities: NDArray[np.floating], level: float) -> float:
    """Choose the probability from which on a class belongs into a picture's set.

    Args:
        true_index: [N] int64 in 0..K-1, of validation pictures.
        probabilities: [N, K].
        level: how often a set shall hold the right class, inside 0..1.

    Returns:
        The ceil((N + 1) * level)-th largest probability of a true class. 0, by which every set holds all classes, where
        there are too few pictures for this level: fewer than level / (1 - level).

    Raises:
        ValueError: the level is not inside 0..1, or the shapes disagree.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie inside 0..1, got {level:g}")
    if true_index.shape != probabilities.shape[:1] or probabilities.ndim != 2:
        raise ValueError(f"need one row for each picture, got {true_index.shape} and {probabilities.shape}")
    count = len(true_index)
    rank = ceil(round((count + 1) * level, 9))  # (9 + 1) * 0.9 shall be 9, whatever the last bit says
    if rank > count:
        return 0.0
    own = np.sort(probabilities[np.arange(count), true_index])
    return float(own[count - rank])


def sets(probabilities: NDArray[np.floating], least: float) -> NDArray[np.bool_]:
    """Probabilities [N, K] -> [N, K] bool, which classes each set holds."""
    return np.asarray(probabilities >= least)


def set_sizes(true_index: NDArray[np.int64], chosen: NDArray[np.bool_]) -> SetSizes:
    """Count what sets came to.

    Args:
        true_index: [N] int64, N at least 1.
        chosen: [N, K] bool, which classes each set holds.

    Raises:
        ValueError: there is no picture.
    """
    count = len(true_index)
    if not count:
        raise ValueError("there is no picture to count sets of")
    sizes = chosen.sum(axis=1)
    return SetSizes(
        total=count,
        held=int(chosen[np.arange(count), true_index].sum()),
        single=int((sizes == 1).sum()),
        empty=int((sizes == 0).sum()),
        mean_size=float(sizes.mean()),
    )
