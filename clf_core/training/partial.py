"""The presets balanced and thorough: the last blocks of a pretrained network learn, from a fitted head. Imports torch.

What the frozen blocks make of the pictures is computed once (``activations``), the last layer is fitted to it as the
quick preset does, and the rest is trained from there. Beginning with a fitted last layer keeps what the network knows
(Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", 2022).

Learning rate and number of epochs are chosen on held-out pictures: those of the validation split, or, where these are
few, a fifth of the training pictures as well. While it is cheap the network then learns once more, as many epochs, from
all of them. The test split is never looked at.
"""

from typing import TYPE_CHECKING

from clf_core.config import TrainConfig
from clf_core.errors import StateError
from clf_core.models.backbone_files import Origin
from clf_core.models.resizing import body_for, resized
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.course import Course
from clf_core.training.division import divide
from clf_core.training.loop import Task
from clf_core.training.plan import Plan
from clf_core.training.quick import check_classes, prepared_by
from clf_core.training.recipes import RECIPES, variants_of
from clf_core.training.result import Resources, TrainingResult
from clf_core.training.tails import Material, make_learnable

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest


def train_partial(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> TrainingResult:
    """Train on the pictures of the train and val splits; those of the test split are never opened.

    Args:
        manifest: the dataset version.
        resources: ``backbone`` is begun from.
        config: ``preset`` is balanced or thorough.
        callbacks: told the stages 'features', 'head', 'tune' and 'finish'; 'prepare' and 'test' belong to the caller.

    Raises:
        DatasetError: fewer than two classes, or a class without a training picture.
        ConfigError: a setting cannot be used.
        InputError: the network cannot be built for the input size asked for.
        PictureError: a stored picture can no longer be decoded.
        StorageError: the disk refused, or has no room for the maps.
        PausedError, CancelledError: from the callbacks.
    """
    course = _prepared(manifest, resources, config, callbacks)
    network, tuned = course.run()
    callbacks.stage("finish", 0)
    backbone, classifier = course.save(network)
    return TrainingResult(
        classifier,
        tuned.images_per_second,
        backbone=backbone,
        strength=course.head.strength,
        selection="validation",
        curve=course.head.curve,
        epochs=tuned.epochs,
        chosen=course.chosen(tuned),
        held_out=course.held_out(tuned, len(manifest.select("val"))),
    )


def prepare_partial(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> tuple[Task, Plan]:
    """What ``train_partial`` begins to train with, and how, where no learning rates are tried; same arguments."""
    course = _prepared(manifest, resources, config, callbacks)
    course.fit_head()
    return course.task(), course.plan


def _prepared(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> "Course":
    """Cut the network and compute what its tail learns from."""
    if resources.backbone is None:
        raise StateError("This training needs a network that knows something already")
    train, val = manifest.select("train"), manifest.select("val")
    check_classes(manifest.classes, train.label_index)
    spec, recipe = resources.backbone.spec, RECIPES[config.preset]
    size = config.input_size or spec.preprocessing.input_size
    body = body_for(resources.backbone, size)
    preprocessing = prepared_by(resized(spec.preprocessing, size), config)
    augment, views = variants_of(config, len(train) + len(val))
    material = Material([*train.sha256, *val.sha256], augment, views, preprocessing, config.seed)
    learnable = make_learnable(body, resources.backbone, recipe.most, material, resources, callbacks)
    origin = Origin(spec.name, preprocessing, spec.licence, spec.source, spec.network)
    division = divide(train, val, config)
    return Course(body, origin, learnable, division, manifest.classes, config, resources, callbacks)
