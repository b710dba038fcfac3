"""Where the pictures of a training come from, as the loop sees it."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch


class Inputs(Protocol):
    """Pictures, or what the frozen part of the network made of them, as the trained part takes them.

    What it gives depends on the seed, the epoch and the row alone, never on what was asked before: so a resumed run
    sees exactly what the uninterrupted one would.
    """

    def learn(self, rows: NDArray[np.int64], epoch: int) -> "torch.Tensor":
        """Rows [B] in the epoch, counted from 1 -> [B, ...] float32 on the device, changed by augmentation."""

    def judge(self, rows: NDArray[np.int64]) -> "torch.Tensor":
        """Rows [B] -> [B, ...] float32 on the device, as they are."""
