"""The quick preset: a frozen backbone, and the last layer fitted to the dataset's classes.

The training pictures may be joined by variants of them (``data.augmentation``). Validation and test pictures are
always seen as they are, and what the strength is chosen by are pictures as they are, too.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits, Preprocessing, TrainConfig
from clf_core.errors import DatasetError, StateError
from clf_core.models.backbone import Backbone
from clf_core.models.classifier import Classifier, ClassifierSpec
from clf_core.models.runtime import FeatureRuntime
from clf_core.training import head
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.features import NO_VARIANTS, Extraction, Variants
from clf_core.training.result import TrainingResult

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest


def train_quick(
    manifest: "Manifest",
    read: Callable[[str], bytes],
    backbone: Backbone,
    runtime: FeatureRuntime,
    config: TrainConfig,
    callbacks: TrainingCallbacks,
    limits: ImportLimits | None = None,
) -> TrainingResult:
    """Train on the pictures of the train and val splits; those of the test split are never opened.

    Args:
        manifest: the dataset version.
        read: gives the file of a SHA-256, such as ``PictureStore.read``; called in threads.
        backbone: the frozen network, loaded as ``runtime``.
        config: ``preset`` is quick.
        callbacks: told the stages 'features' and 'head'; 'prepare' and 'test' belong to the caller.
        limits: caps for decoding.

    Raises:
        DatasetError: fewer than two classes, or a class without a training picture.
        ConfigError: the selection asked for is impossible with this dataset.
        PictureError: a stored picture can no longer be decoded.
        StateError: ``runtime`` holds another network than ``backbone``.
        CancelledError: from the callbacks.
    """
    if runtime.spec.weights_sha256 != backbone.spec.weights_sha256:
        raise StateError("The network that is loaded is not the one to train on")
    train, val = manifest.select("train"), manifest.select("val")
    check_classes(manifest.classes, train.label_index)
    preprocessing = prepared_by(backbone.spec.preprocessing, config)
    keys, count = [*train.sha256, *val.sha256], len(train)
    asked = NO_VARIANTS
    if config.augment.active:
        asked = Variants(train.sha256, config.augment, config.view_count, config.seed)
    work = Extraction(keys, asked, preprocessing)
    callbacks.stage("features", work.inputs)
    started = time.perf_counter()
    features, variants = work.run(read, runtime, callbacks, limits or ImportLimits())
    rate = work.inputs / max(time.perf_counter() - started, 1e-9)
    callbacks.stage("head", head.steps(config))
    fitted = head.fit_head(
        head.Examples(features[:count], train.label_index, train.group).with_variants(variants),
        head.Examples(features[count:], val.label_index, val.group),
        len(manifest.classes),
        config,
        callbacks,
    )
    callbacks.progress(head.steps(config))
    classifier = Classifier(_describe(backbone, preprocessing, manifest.classes), fitted.weight, fitted.bias)
    return TrainingResult(
        classifier,
        rate,
        strength=fitted.strength,
        selection=fitted.selection,
        curve=fitted.curve,
        held_out=fitted.held_out,
    )


def prepared_by(preprocessing: Preprocessing, config: TrainConfig) -> Preprocessing:
    """The network's preprocessing with what the run decides of it."""
    return preprocessing.model_copy(update={"fit": config.fit})


def _describe(backbone: Backbone, preprocessing: Preprocessing, classes: tuple[str, ...]) -> ClassifierSpec:
    spec = backbone.spec
    return ClassifierSpec(
        backbone=spec.name,
        weights_sha256=spec.weights_sha256,
        feature_dim=spec.feature_dim,
        preprocessing=preprocessing,
        classes=classes,
        created=time.time(),
    )


def check_classes(classes: tuple[str, ...], train_labels: NDArray[np.int64]) -> None:
    """Make sure that every class can be learned.

    Args:
        classes: names, K of them.
        train_labels: [N] class positions of the training pictures.

    Raises:
        DatasetError: fewer than two classes, or one without a training picture; names it.
    """
    if len(classes) < 2:
        only = f" ('{classes[0]}')" if classes else ""
        raise DatasetError(
            f"There is only one class{only}" if classes else "There are no classes",
            why="A classifier tells at least two classes apart",
            remedy="Add pictures of a second class",
        )
    missing = [
        name for name, n in zip(classes, np.bincount(train_labels, minlength=len(classes)), strict=True) if n == 0
    ]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing[:5]) + (" and others" if len(missing) > 5 else "")
        raise DatasetError(
            f"No training picture for {names}",
            why="A class can only be learned from pictures in the training split",
            remedy="Add pictures of it to the training split, or leave the class out",
        )
