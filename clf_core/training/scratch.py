"""The preset from scratch: a small network of the person's own design, which begins knowing nothing. Imports torch."""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from clf_core.config import NETWORK_PRESETS, NetworkConfig, Preprocessing, TrainConfig
from clf_core.models.backbone import Backbone
from clf_core.models.backbone_files import Origin
from clf_core.models.classifier import Classifier
from clf_core.models.pooled import PooledNetwork
from clf_core.models.small_cnn import SmallCnn
from clf_core.models.small_cnn_shapes import require_possible
from clf_core.models.trained import save_trained
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.loop import ParameterGroup, Task, fit
from clf_core.training.panel import panel_of
from clf_core.training.pixels import PixelCache, PixelInputs, margin_for
from clf_core.training.plan import Plan, make_plan
from clf_core.training.quick import check_classes
from clf_core.training.result import Resources, TrainingResult

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest, ManifestRows

TEXTBOOK: dict[str, Any] = {
    "optimizer": "adam",
    "learning_rate": 1e-3,
    "epochs": 10,
    "batch_size": 32,
    "schedule": "constant",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "precision": "float32",
}
"""What holds where a person chose nothing: how everyone learns it. Fewer bits would save such a network no time."""

_LEAST_STD = 1 / 255
"""Where all pictures are of one colour, dividing by their deviation would blow rounding up."""

_GREY = (0.5, 0.5, 0.5)
_CHUNK = 256


def train_scratch(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> TrainingResult:
    """Train ``config.network`` on the pictures of the train split; those of the test split are never opened.

    Args:
        manifest: the dataset version.
        resources: ``backbone`` and ``runtime`` are not looked at.
        config: ``preset`` is scratch.
        callbacks: told the stages 'decode', 'tune' and 'finish'; 'prepare' and 'test' belong to the caller.

    Raises:
        ConfigError: the layers do not fit each other, or a setting cannot be used.
        DatasetError: fewer than two classes, or a class without a training picture.
        PictureError: a stored picture can no longer be decoded.
        StorageError: the disk refused.
        PausedError, CancelledError: from the callbacks.
    """
    task, plan, preprocessing = prepare_scratch(manifest, resources, config, callbacks)
    plan = plan.after(resources.elsewhere())
    fitted = fit(task, plan, callbacks, resources.checkpoints, tracker_folder=resources.tracker_folder)
    callbacks.stage("finish", 0)
    network = cast(PooledNetwork, task.network)
    backbone, classifier = _save(network, preprocessing, resources, config, manifest.classes)
    return TrainingResult(
        classifier,
        fitted.images_per_second,
        backbone=backbone,
        selection="validation" if len(task.judge_labels) else "none",
        epochs=fitted.epochs,
        chosen=_chosen(plan, config),
    )


def prepare_scratch(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> tuple[Task, Plan, Preprocessing]:
    """Decode the pictures, build the network and decide the plan; see ``train_scratch``."""
    train, val = manifest.select("train"), manifest.select("val")
    check_classes(manifest.classes, train.label_index)
    require_possible(config.network, len(manifest.classes))
    plan = make_plan(config, TEXTBOOK, len(train), resources.device)
    cache, preprocessing = _decoded([*train.sha256, *val.sha256], len(train), resources, config, callbacks)
    network = untrained(config.network, len(manifest.classes), config.seed).to(resources.device)

    def inputs(rows: "ManifestRows") -> PixelInputs:
        places = cache.rows_of(rows.sha256)
        return PixelInputs(cache, places, preprocessing, config.augment, config.seed, resources.device)

    task = Task(
        network=network,
        groups=(ParameterGroup("all layers", tuple(network.parameters())),),
        learn=inputs(train),
        learn_labels=train.label_index,
        judge=inputs(val),
        judge_labels=val.label_index,
        classes=manifest.classes,
        panel=panel_of(val.label_index, val.sha256),
    )
    return task, plan, preprocessing


def untrained(network: NetworkConfig, classes: int, seed: int) -> PooledNetwork:
    """Return the network with the weights it begins from: those of the seed, whatever was drawn before.

    Its last layer begins nearly silent, so that all classes are about equally probable to it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = SmallCnn(network)
        head = nn.Linear(body.num_features, classes)
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)
    return PooledNetwork(body, head)


def network_name(network: NetworkConfig) -> str:
    """Return what a network is called: by the preset it is, else by how many layers it has."""
    for name, preset in NETWORK_PRESETS.items():
        if network == preset.network:
            return f"small CNN ({name})"
    return f"small CNN ({len(network.layers) + 1} layers)"


def _decoded(
    keys: list[str], train: int, resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> tuple[PixelCache, Preprocessing]:
    """All pictures as squares, and the preprocessing with mean and deviation of the first ``train`` of them.

    Bars are of the mean colour, which must be known before they are drawn: pictures with bars are measured without.
    """
    side = config.network.input_size
    plain = Preprocessing(
        input_size=side, resize_size=side, interpolation="bilinear", fit=config.fit, mean=_GREY, std=_GREY
    )
    padded = config.fit == "pad"
    seen = len(dict.fromkeys(keys))
    callbacks.stage("decode", seen * 2 if padded else seen)

    def build(folder: str, preprocessing: Preprocessing, margin: int, done: int) -> PixelCache:
        return PixelCache.build(
            resources.scratch_folder / folder,
            keys,
            resources.read,
            preprocessing,
            margin=margin,
            limits=resources.limits,
            progress=lambda number: callbacks.progress(done + number),
            check=callbacks.check_cancelled,
        )

    margin = margin_for(config.augment, side)
    first = plain.model_copy(update={"fit": "squeeze"}) if padded else plain
    cache = build("measured" if padded else "pixels", first, 0 if padded else margin, 0)
    mean, std = colours_of(cache, cache.rows_of(keys[:train]))
    preprocessing = plain.model_copy(update={"mean": mean, "std": std})
    if padded:
        cache = build("pixels", preprocessing, margin, seen)
    return cache, preprocessing


def colours_of(
    cache: PixelCache, rows: NDArray[np.int64]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return mean and standard deviation of each RGB channel over all pixels of these pictures, scaled to 0..1."""
    total, squares, pixels = np.zeros(3), np.zeros(3), 0
    for start in range(0, len(rows), _CHUNK):
        values = cache.plain(rows[start : start + _CHUNK]).reshape(-1, 3).astype(np.int64)
        total += values.sum(axis=0)
        squares += (values**2).sum(axis=0)
        pixels += len(values)
    mean = total / pixels / 255
    std = np.sqrt(np.maximum(squares / pixels / 255**2 - mean**2, _LEAST_STD**2))
    (red, green, blue), (red_std, green_std, blue_std) = mean.tolist(), std.tolist()
    return (red, green, blue), (red_std, green_std, blue_std)


def _save(
    network: PooledNetwork,
    preprocessing: Preprocessing,
    resources: Resources,
    config: TrainConfig,
    classes: tuple[str, ...],
) -> tuple[Backbone, Classifier]:
    """Write the trained network where the run keeps it."""
    network.to("cpu").eval()
    head = cast(nn.Linear, network.head)
    weight, bias = (parameter.detach().numpy().copy() for parameter in (head.weight, head.bias))
    name = network_name(config.network)
    origin = Origin(name, preprocessing, "your own", "trained here from nothing", config.network)
    return save_trained(resources.model_folder, network.body, (weight, bias), origin, classes)


def _chosen(plan: Plan, config: TrainConfig) -> tuple[tuple[str, float | int | str], ...]:
    """What the studio decided of the settings that were left open."""
    names = ["optimizer", "learning_rate", "schedule", "weight_decay", "batch_size", "precision"]
    if plan.seconds is None:
        names.append("epochs")
    return tuple((name, getattr(plan, name)) for name in names if getattr(config, name) != getattr(plan, name))
