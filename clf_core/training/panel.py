"""Which validation pictures are shown while a network learns. Torch is not imported."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SHOWN = 8


def panel_of(labels: NDArray[np.int64], keys: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """A few pictures, spread over the classes: row and SHA-256 of each, for ``Task.panel``.

    Args:
        labels: [M] class positions of the validation pictures.
        keys: SHA-256 of each.
    """
    by_class = np.argsort(labels, kind="stable")
    places = np.linspace(0, len(labels) - 1, min(_SHOWN, len(labels))).round().astype(int)
    return tuple((int(row), keys[row]) for row in by_class[places])
