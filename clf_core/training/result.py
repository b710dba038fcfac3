"""What a training needs and what comes of it, whichever preset."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits
from clf_core.device import Device
from clf_core.models.backbone import Backbone
from clf_core.models.classifier import Classifier
from clf_core.results import CurvePoint, EpochPoint

if TYPE_CHECKING:
    from clf_core.models.runtime import FeatureRuntime
    from clf_core.training.head import Selection


@dataclass(frozen=True)
class Resources:
    """What the presets that train in epochs work with.

    Attributes:
        read: gives the file of a SHA-256, such as ``PictureStore.read``; called in threads.
        device: where the network runs.
        scratch_folder: for caches that live as long as the run; the caller removes it once the run has ended well.
        model_folder: where the trained network is written (``models.trained.save_trained``).
        backbone: the network to begin from; None where one is built from nothing.
        runtime: the same, loaded for features.
        checkpoints: of this run, the latest first, to go on from; empty for a new run.
        limits: caps for decoding.
        began: when the run's process began, by ``time.perf_counter``; a time limit counts from there.
        ending_seconds: what writing the network and testing it are expected to take; kept of a time limit.
    """

    read: Callable[[str], bytes]
    device: Device
    scratch_folder: Path
    model_folder: Path
    backbone: Backbone | None = None
    runtime: "FeatureRuntime | None" = None
    checkpoints: Iterable[bytes] = ()
    limits: ImportLimits = field(default_factory=ImportLimits)

    @property
    def tracker_folder(self) -> Path:
        """Where the tracker of a run writes, if it has one: beside the model."""
        return self.model_folder.parent / "tracker"

    began: float = field(default_factory=time.perf_counter)
    ending_seconds: float = 0.0

    def elsewhere(self) -> float:
        """Seconds of a time limit that went to the stages so far, or will go to those after the epochs."""
        return time.perf_counter() - self.began + self.ending_seconds


@dataclass(frozen=True)
class TrainingResult:
    """A trained classifier and how it came about.

    Attributes:
        classifier: the head with its classes and preprocessing.
        images_per_second: pictures and variants over the seconds of the longest stage.
        backbone: the network the head stands on where that was trained here, too; None for a published one.
        strength: inverse regularisation strength C of the fitted head; None where none was fitted.
        selection: how it was chosen: 'validation', 'cross-validation', 'both', or 'none'.
        curve: one point per strength tried, ascending.
        epochs: one point per epoch, the state before the first included.
        chosen: settings the studio chose itself, field of ``TrainConfig`` -> value.
        held_out: [M, K] float32, where the classifier has learned from the M validation pictures as well: the logits
            of the network before that. None where it never learned from them, so that it can be asked itself.
    """

    classifier: Classifier
    images_per_second: float
    backbone: Backbone | None = None
    strength: float | None = None
    selection: "Selection" = "none"
    curve: tuple[CurvePoint, ...] = ()
    epochs: tuple[EpochPoint, ...] = ()
    chosen: tuple[tuple[str, float | int | str], ...] = ()
    held_out: NDArray[np.float32] | None = None
