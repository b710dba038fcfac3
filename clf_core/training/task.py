"""What is trained, on what, and what comes of it. Imports torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from clf_core.results import EpochPoint
from clf_core.training.inputs import Inputs


@dataclass(frozen=True)
class ParameterGroup:
    """Weights that learn at the same pace.

    Attributes:
        name: for messages.
        parameters: each in one group only.
        scale: of the learning rate; 1 for the last layer, less for earlier ones.
    """

    name: str
    parameters: Sequence[nn.Parameter]
    scale: float = 1.0


@dataclass(frozen=True)
class Task:
    """What ``fit`` trains.

    Attributes:
        network: takes what ``learn`` gives and returns logits [B, K]; on the device. Whether it learns or is frozen is
            decided by ``groups``: parameters in none of them stay as they are.
        groups: what learns.
        learn: training pictures.
        learn_labels: [N] class positions.
        judge: validation pictures.
        judge_labels: [M] class positions; may be empty, then the training loss decides which weights are best.
        classes: names, K of them.
        panel: a few validation pictures shown while it learns, each a row of ``judge`` and its SHA-256.
    """

    network: nn.Module
    groups: Sequence[ParameterGroup]
    learn: Inputs
    learn_labels: NDArray[np.int64]
    judge: Inputs
    judge_labels: NDArray[np.int64]
    classes: tuple[str, ...]
    panel: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Fitted:
    """What came of it; the network itself holds the best weights and is in eval mode.

    Attributes:
        epochs: a point per epoch, the state before the first included.
        best_epoch: the one whose weights are kept; 0 where training brought nothing better than what it began from.
        images_per_second: training pictures over the seconds spent on them.
    """

    epochs: tuple[EpochPoint, ...]
    best_epoch: int
    images_per_second: float
