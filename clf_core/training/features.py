"""Feature vectors of a dataset's pictures: decoding and network overlapped, every picture once."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits
from clf_core.data.loading import load_inputs
from clf_core.models.runtime import FeatureRuntime
from clf_core.training.callbacks import TrainingCallbacks


def extract_features(
    keys: Sequence[str],
    picture_path: Callable[[str], Path],
    runtime: FeatureRuntime,
    callbacks: TrainingCallbacks,
    limits: ImportLimits,
) -> NDArray[np.float32]:
    """Run every picture through the frozen backbone.

    Args:
        keys: SHA-256 of each picture, N of them; one that occurs several times is computed once.
        picture_path: where the picture of a key lies.
        callbacks: told the number of pictures done; the stage must have begun.

    Returns:
        [N, D] float32, in the order of ``keys``.

    Raises:
        PictureError: a stored picture can no longer be decoded; names it.
        CancelledError: from the callbacks.
    """
    place = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    table = np.empty((len(place), runtime.spec.feature_dim), dtype=np.float32)
    pictures = load_inputs([picture_path(key) for key in place], runtime.spec.preprocessing, limits)
    for row, features in enumerate(runtime.stream(pictures)):
        table[row] = features
        callbacks.progress(row + 1)
        callbacks.check_cancelled()
    return table[[place[key] for key in keys]]
