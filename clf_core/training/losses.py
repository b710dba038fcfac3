"""What is made small: cross-entropy to soft labels, weighted or focal. Imports torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from numpy.typing import NDArray

from clf_core.errors import ConfigError
from clf_core.training.plan import Plan

_FOCUS = 2.0
"""Gamma of the focal loss; 2 worked best in its paper."""


class Targets:
    """Class positions made into soft labels [B, K]; pictures blended by mixup or cutmix, and their labels with them.

    mixup: Zhang et al. 2018, 'mixup: Beyond Empirical Risk Minimization'. cutmix: Yun et al. 2019, 'CutMix'. Both are
    timm's (``timm.data.mixup``), in its batch mode: a batch has one share, and one picture is blended with the one as
    far from the batch's end as it is from its beginning.

    Args:
        plan: ``mixup``, ``cutmix``.
        classes: K.
    """

    def __init__(self, plan: Plan, classes: int) -> None:
        self._classes = classes
        self._cuts = plan.cutmix > 0
        self._mix: Any = None
        if plan.mixup > 0 or plan.cutmix > 0:
            from timm.data.mixup import Mixup

            self._mix = Mixup(plan.mixup, plan.cutmix, label_smoothing=0.0, num_classes=classes)

    def __call__(self, pictures: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Blend what is to be blended; the same ``seed`` gives the same share and place in every part of a batch.

        Args:
            pictures: [B, ...] float32; not changed.
            labels: [B] class positions.
            seed: of the batch.

        Returns:
            pictures [B, ...] and labels [B, K] float32 whose rows sum to 1.

        Raises:
            ConfigError: cutmix, and these are not pictures or maps [B, C, h, w].
        """
        plain = F.one_hot(labels, self._classes).float()
        if self._mix is None:
            return pictures, plain
        if self._cuts and pictures.ndim != 4:
            raise ConfigError(
                "cutmix cannot be used here",
                field="cutmix",
                why="The part that learns does not see pictures, so there is nothing to cut a piece from",
                remedy="Use mixup, or the preset 'full'",
            )
        blended = pictures.clone()
        with _numpy_seed(seed):
            share = self._mix._mix_batch(blended)  # not __call__, which refuses odd numbers of pictures without need
        return blended, plain * share + plain.flip(0) * (1 - share)


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """timm draws from numpy's global generator; it is lent one state and given its own back."""
    before = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(before)


class Loss:
    """A loss per picture, so that it adds up over any parts of a batch.

    Args:
        plan: ``label_smoothing``, ``imbalance``.
        labels: [N] class positions of all training pictures; their numbers give the weights.
        classes: K.
        device: where the logits are.
    """

    def __init__(self, plan: Plan, labels: NDArray[np.int64], classes: int, device: torch.device) -> None:
        self._smoothing = plan.label_smoothing
        self._focal = plan.imbalance == "focal"
        self._weights: torch.Tensor | None = None
        if plan.imbalance == "weights":
            self._weights = torch.from_numpy(class_weights(labels, classes)).float().to(device)

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Logits [B, K] and soft labels [B, K] -> losses [B], nats before any weight."""
        smooth = targets * (1 - self._smoothing) + self._smoothing / targets.shape[1]
        if self._focal:
            return focal_loss(logits, smooth)
        return F.cross_entropy(logits, smooth, weight=self._weights, reduction="none")


def focal_loss(logits: torch.Tensor, targets: torch.Tensor, focus: float = _FOCUS) -> torch.Tensor:
    """What is already sure counts less: -(1 - p)^focus log p (Lin et al. 2017, 'Focal Loss').

    Args:
        logits: [B, K].
        targets: [B, K], rows that sum to 1.
        focus: gamma; 0 is cross-entropy.

    Returns:
        [B] losses, without class weights (the paper's alpha).
    """
    log_p = F.log_softmax(logits, dim=1)
    return -(targets * (1 - log_p.exp()) ** focus * log_p).sum(dim=1)


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Weights [K] inverse to the classes' sizes, of mean 1 over the pictures; 0 for a class without any.

    The same as scikit-learn's 'balanced' (King and Zeng 2001, 'Logistic regression in rare events data').
    """
    sizes = np.bincount(labels, minlength=classes)
    present = sizes > 0
    weights = np.zeros(classes)
    weights[present] = len(labels) / (present.sum() * sizes[present])
    return weights


def plain_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy [B], nats, without weights, focus or smoothing: what is reported, alike whatever is made small."""
    return -(targets * F.log_softmax(logits, dim=1)).sum(dim=1)
