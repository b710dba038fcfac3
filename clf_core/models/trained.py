"""A network trained here, on disk: its body as a backbone of its own, and the classifier that stands on it.

Prediction, evaluation, explanation and export open it like any other backbone with a head.
"""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.errors import StorageError
from clf_core.files import storage_error
from clf_core.models.backbone import SPEC_FILE, Backbone, read_spec
from clf_core.models.classifier import Classifier, ClassifierSpec, save_classifier

if TYPE_CHECKING:
    from torch import nn

    from clf_core.models.backbone_files import Origin

BODY_FOLDER = "backbone"
"""Inside a model's folder; where it is missing, the classifier stands on a published backbone of the workspace."""


def save_trained(
    folder: Path,
    body: "nn.Module",
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    origin: "Origin",
    classes: tuple[str, ...],
) -> tuple[Backbone, Classifier]:
    """Write a trained network into ``folder``, the classifier last.

    Args:
        body: the network without its last layer, on the CPU, in eval mode, float32.
        head: weight [K, D] and bias [K], float32.
        origin: what the network is.
        classes: K names in the order of the logits.

    Raises:
        StorageError: the disk refused.
        ValueError: the head holds other than finite numbers.
    """
    from clf_core.models.backbone_files import write_backbone

    backbone = write_backbone(folder / BODY_FOLDER, body, origin)
    spec = ClassifierSpec(
        backbone=origin.name,
        weights_sha256=backbone.spec.weights_sha256,
        feature_dim=backbone.spec.feature_dim,
        preprocessing=origin.preprocessing,
        classes=classes,
        created=time.time(),
    )
    classifier = Classifier(spec, *head)
    save_classifier(folder, classifier)
    return backbone, classifier


def keep_body(backbone: Backbone, folder: Path) -> Backbone:
    """Put a network that is not trained further beside the classifier in ``folder`` that stands on it.

    So the classifier does not depend on the run that trained the network. The files are never changed, so they are
    shared where the disk can (hard links), and copied elsewhere.

    Raises:
        StorageError: the disk refused.
    """
    place = folder / BODY_FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name in (*backbone.spec.files, SPEC_FILE):  # the description last: with it the network is whole
            (place / name).unlink(missing_ok=True)
            _share(backbone.folder / name, place / name)
    except OSError as error:
        raise storage_error(error, place) from error
    return Backbone(backbone.spec, place)


def _share(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def own_backbone(folder: Path) -> Backbone | None:
    """Return the body that was saved with the model in ``folder``; None where it stands on a published backbone.

    Raises:
        StorageError: the body is there but damaged.
    """
    place = folder / BODY_FOLDER
    if not place.is_dir():
        return None
    spec = read_spec(place / SPEC_FILE)
    if spec is None:
        raise StorageError(
            "The trained network cannot be read", why=f"{SPEC_FILE} in {place} is damaged", remedy="Train it again"
        )
    return Backbone(spec, place)
