"""The preset full: everything learns, from pictures changed anew in each epoch. Imports torch.

First the last layer is fitted to the features of the network as published, then all of it is tuned from there: a head
that begins with chance sends large, meaningless gradients through what was learned from millions of pictures (Kumar et
al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", 2022: LP-FT). Earlier layers
change less than later ones (layer-wise decay: Howard and Ruder, "ULMFiT", 2018; Bao et al., "BEiT", 2022), with the
layers as timm groups them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.memory_format import convert_conv2d_weight_memory_format

from clf_core.config import AugmentConfig, Preprocessing, TrainConfig
from clf_core.errors import StateError
from clf_core.models.backbone import Backbone
from clf_core.models.backbone_files import Origin
from clf_core.models.network import load_body
from clf_core.models.pooled import PooledNetwork
from clf_core.models.resizing import write_resized
from clf_core.models.runtime import FeatureRuntime, open_runtime
from clf_core.models.trained import save_trained
from clf_core.training import head
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.full_plan import augment_of, chosen_of, full_plan
from clf_core.training.layer_groups import layer_groups
from clf_core.training.loop import Task, fit
from clf_core.training.panel import panel_of
from clf_core.training.pixels import PixelCache, PixelInputs, margin_for
from clf_core.training.plan import Plan
from clf_core.training.quick import check_classes, prepared_by
from clf_core.training.result import Resources, TrainingResult

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest, ManifestRows


def train_full(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> TrainingResult:
    """Train all of a network on the pictures of the train split; those of the test split are never opened.

    Args:
        manifest: the dataset version.
        resources: ``backbone`` is begun from, and ``runtime`` is the same.
        config: ``preset`` is full.
        callbacks: told the stages 'decode', 'head', 'tune' and 'finish'; 'prepare' and 'test' belong to the caller.

    Raises:
        DatasetError: fewer than two classes, or a class without a training picture.
        ConfigError: a setting cannot be used.
        InputError: the network cannot be built for the input size asked for.
        PictureError: a stored picture can no longer be decoded.
        StorageError: the disk refused, or has no room for the decoded pictures.
        PausedError, CancelledError: from the callbacks.
    """
    ready = prepare_full(manifest, resources, config, callbacks)
    plan = ready.plan.after(resources.elsewhere())
    fitted = fit(ready.task, plan, callbacks, resources.checkpoints, tracker_folder=resources.tracker_folder)
    callbacks.stage("finish", 0)
    network = _in_order(ready.network.to("cpu").eval(), torch.contiguous_format)
    last = network.head.state_dict()
    backbone, classifier = save_trained(
        resources.model_folder,
        network.body,
        (last["weight"].numpy().copy(), last["bias"].numpy().copy()),
        ready.origin,
        manifest.classes,
    )
    return TrainingResult(
        classifier,
        fitted.images_per_second,
        backbone=backbone,
        strength=ready.head.strength,
        selection=ready.head.selection,
        curve=ready.head.curve,
        epochs=fitted.epochs,
        chosen=chosen_of(plan, config, manifest.classes),
    )


@dataclass(frozen=True)
class Ready:
    """All that is decided and made before the first epoch.

    Attributes:
        task: what is trained, on what.
        plan: how.
        network: the whole network, on the device.
        head: the last layer it begins with.
        origin: what the network is.
    """

    task: Task
    plan: Plan
    network: PooledNetwork
    head: head.FittedHead
    origin: Origin


def prepare_full(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> Ready:
    """Decode the pictures, fit the last layer, put the network together and decide the plan; see ``train_full``."""
    train, val = manifest.select("train"), manifest.select("val")
    check_classes(manifest.classes, train.label_index)
    backbone, runtime = _sized(resources, config)
    preprocessing = prepared_by(backbone.spec.preprocessing, config)
    augment = augment_of(config, manifest.classes)
    cache = _decoded([*train.sha256, *val.sha256], preprocessing, augment, resources, callbacks)
    fitted = _fitted_head(cache, runtime, (train, val), len(manifest.classes), config, callbacks)
    # Channels last: twice as quick on a processor, and quicker on a card.
    network = _in_order(_network(backbone, fitted).to(resources.device), torch.channels_last)

    def inputs(keys: list[str]) -> PixelInputs:
        rows = cache.rows_of(keys)
        return PixelInputs(cache, rows, preprocessing, augment, config.seed, resources.device)

    learn, judge = inputs(train.sha256), inputs(val.sha256)
    plan = full_plan(network, learn, config, resources)
    task = Task(
        network=network,
        groups=layer_groups(network, plan.layer_decay),
        learn=learn,
        learn_labels=train.label_index,
        judge=judge,
        judge_labels=val.label_index,
        classes=manifest.classes,
        panel=panel_of(val.label_index, val.sha256),
    )
    spec = backbone.spec
    return Ready(task, plan, network, fitted, Origin(spec.name, preprocessing, spec.licence, spec.source, spec.network))


def _sized(resources: Resources, config: TrainConfig) -> tuple[Backbone, FeatureRuntime]:
    """The network for the input size asked for, and the same loaded for features."""
    backbone, runtime = resources.backbone, resources.runtime
    if backbone is None or runtime is None:
        raise StateError("This training needs a network that knows something already")
    if config.input_size in (None, backbone.spec.preprocessing.input_size):
        return backbone, runtime
    resized = write_resized(backbone, int(config.input_size or 0), resources.scratch_folder / "resized")
    return resized, open_runtime(resized, resources.device)


def _decoded(
    keys: list[str],
    preprocessing: Preprocessing,
    augment: AugmentConfig,
    resources: Resources,
    callbacks: TrainingCallbacks,
) -> PixelCache:
    callbacks.stage("decode", len(set(keys)))
    return PixelCache.build(
        resources.scratch_folder / "pixels",
        keys,
        resources.read,
        preprocessing,
        margin=margin_for(augment, preprocessing.input_size),
        limits=resources.limits,
        progress=callbacks.progress,
        check=callbacks.check_cancelled,
    )


def _fitted_head(
    cache: PixelCache,
    runtime: FeatureRuntime,
    splits: "tuple[ManifestRows, ManifestRows]",
    classes: int,
    config: TrainConfig,
    callbacks: TrainingCallbacks,
) -> head.FittedHead:
    """The last layer as the quick preset fits it, but that the validation pictures are only judged by."""
    rows = [cache.rows_of(split.sha256) for split in splits]
    counted = _Counting(callbacks, sum(len(chosen) for chosen in rows))
    callbacks.stage("head", counted.pictures + head.steps(config))
    pictures = (cache.plain(chosen[place : place + 1])[0] for chosen in rows for place in range(len(chosen)))
    features = np.empty((counted.pictures, runtime.spec.feature_dim), dtype=np.float32)
    for place, feature in enumerate(runtime.stream(counted.watched(pictures))):
        features[place] = feature
    learn, judge = (
        head.Examples(part, split.label_index, split.group)
        for split, part in zip(splits, np.split(features, [len(rows[0])]), strict=True)
    )
    fitted = head.fit_head(learn, judge, classes, config.model_copy(update={"refit": False}), counted)
    callbacks.progress(counted.pictures + head.steps(config))
    return fitted


class _Counting:
    """The callbacks of a stage whose steps are fits, behind so many steps that are pictures."""

    def __init__(self, callbacks: TrainingCallbacks, pictures: int) -> None:
        self._callbacks = callbacks
        self.pictures = pictures

    def watched(self, pictures: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """The same pictures, counted."""
        for done, picture in enumerate(pictures, start=1):
            yield picture
            self._callbacks.progress(done)
            self._callbacks.check_cancelled()

    def progress(self, done: int) -> None:
        """So many fits are done."""
        self._callbacks.progress(self.pictures + done)

    def __getattr__(self, name: str) -> Any:
        """Everything else is passed on as it is."""
        return getattr(self._callbacks, name)


def _network(backbone: Backbone, fitted: head.FittedHead) -> PooledNetwork:
    """The network with the last layer it begins with, on the CPU."""
    last = nn.Linear(fitted.weight.shape[1], fitted.weight.shape[0])
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(fitted.weight))
        last.bias.copy_(torch.from_numpy(fitted.bias))
    return PooledNetwork(load_body(backbone), last)


def _in_order(network: PooledNetwork, order: torch.memory_format) -> PooledNetwork:
    """The network with the weights of its convolutions in this order; maps follow them."""
    convert_conv2d_weight_memory_format(network, order)
    return network
