"""From a run's directory to a trained network: what each preset needs, and which module trains it.

torch is imported by the modules of the presets that learn in epochs, so a quick run on a prepared network never
loads it.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.config import TUNED_PRESETS, TrainConfig
from clf_core.errors import StateError
from clf_core.jobs import process
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest
    from clf_core.device import Device
    from clf_core.models.backbone import Backbone
    from clf_core.models.classifier import Classifier
    from clf_core.models.runtime import FeatureRuntime
    from clf_core.results.range_tests import RangeTestReport
    from clf_core.training.result import Resources, TrainingResult


@dataclass(frozen=True)
class Trained:
    """A run's network, ready to be asked.

    Attributes:
        result: what training gave.
        runtime: the network the classifier stands on, loaded.
    """

    result: "TrainingResult"
    runtime: "FeatureRuntime"

    @property
    def classifier(self) -> "Classifier":
        """The head with its classes and preprocessing."""
        return self.result.classifier


@dataclass(frozen=True)
class Places:
    """Where a process that takes part in a training writes.

    Attributes:
        scratch: caches.
        model: the trained network.
    """

    scratch: Path
    model: Path


def train_run(
    run: RunDirectory, workspace: Workspace, manifest: "Manifest", callbacks: TrainingCallbacks, places: Places
) -> Trained:
    """Train as the run's preset says, and load what came of it.

    Args:
        run: what to do; its checkpoints are gone on from.
        workspace: holds the pictures and the published networks.
        manifest: the dataset version of the run.
        callbacks: told what happens.
        places: where to write.

    Raises:
        ClfError: whatever stands in the way, in words; CancelledError and PausedError from the callbacks.
    """
    from clf_core import device
    from clf_core.models.runtime import open_runtime
    from clf_core.models.trained import keep_body

    config = run.config
    chosen = device.choose(config.device)
    backbone = beginning(config, workspace, callbacks)
    callbacks.check_cancelled()
    runtime = None if backbone is None else open_runtime(backbone, chosen)
    resources = replace(
        _resources(run, workspace, chosen, backbone, runtime, places),
        began=time.perf_counter() - process.age(),
        ending_seconds=_ending_seconds(run, len(manifest.select("val"))),
    )
    result = train_by_preset(config, manifest, callbacks, resources)
    callbacks.check_cancelled()
    if result.backbone is None and backbone is not None and config.continue_from:
        keep_body(backbone, places.model)
    if config.preset == "quick" and runtime is not None:
        workspace.backbones.speeds.note(runtime.spec, result.images_per_second, "training")
    if config.preset in TUNED_PRESETS:
        callbacks.stage("finish", 0)
    if result.backbone is not None:
        runtime = open_runtime(result.backbone, chosen)
    if runtime is None:
        raise StateError("The training left no network")
    return Trained(result, runtime)


def _ending_seconds(run: RunDirectory, val: int) -> float:
    """What comes after the epochs of a time limit: the network is written and made quick to run, and tested.

    Args:
        run: its record says how many pictures there are.
        val: of which so many are of the validation split; the network is asked about these as well.
    """
    from clf_core.training.estimate import SCRATCH_COST, Work, stage_seconds

    record, preset = run.record, run.config.preset
    cost = SCRATCH_COST if preset == "scratch" else 1.0
    train = record.fitted_pictures - val
    expected = stage_seconds(Work(preset, train, val, record.test_pictures, budget=0.0, cost=cost))
    return expected.get("finish", 0.0) + expected["test"]


def beginning(config: TrainConfig, workspace: Workspace, callbacks: TrainingCallbacks) -> "Backbone | None":
    """Return the network that knows something already: a published one, or that of an earlier run; None for scratch.

    Raises:
        ClfError: it is not on this machine and cannot be fetched, or there is no such run.
    """
    if config.preset == "scratch":
        return None
    from clf_core.workspace.starting import starting_backbone

    return starting_backbone(workspace, config, callbacks.message)


def _resources(
    run: RunDirectory,
    workspace: Workspace,
    chosen: "Device",
    backbone: "Backbone | None",
    runtime: "FeatureRuntime | None",
    places: Places,
) -> "Resources":
    from clf_core.training.result import Resources

    if run.config.preset in TUNED_PRESETS:
        places.scratch.mkdir(parents=True, exist_ok=True)
    return Resources(
        read=workspace.pictures.read,
        device=chosen,
        scratch_folder=places.scratch,
        model_folder=places.model,
        backbone=backbone,
        runtime=runtime,
        checkpoints=run.checkpoints,
    )


def find_rate(
    test: RunDirectory, workspace: Workspace, manifest: "Manifest", callbacks: TrainingCallbacks
) -> "RangeTestReport":
    """Test learning rates for the settings in a range test's directory; nothing is trained.

    Raises:
        ClfError: whatever stands in the way, in words; CancelledError from the callbacks.
    """
    from clf_core import device
    from clf_core.models.runtime import open_runtime
    from clf_core.training.finding_rate import find_learning_rate

    chosen = device.choose(test.config.device)
    backbone = beginning(test.config, workspace, callbacks)
    callbacks.check_cancelled()
    runtime = None if backbone is None else open_runtime(backbone, chosen)
    places = Places(test.scratch_folder, test.model_folder)
    resources = _resources(test, workspace, chosen, backbone, runtime, places)
    return find_learning_rate(manifest, resources, test.config, callbacks)


def train_by_preset(
    config: TrainConfig, manifest: "Manifest", callbacks: TrainingCallbacks, resources: "Resources"
) -> "TrainingResult":
    """Train by the module of the preset.

    Raises:
        ClfError: whatever stands in the way, in words; CancelledError and PausedError from the callbacks.
    """
    if config.preset == "quick":
        return _train_quick(config, manifest, callbacks, resources)
    if config.preset == "full":
        from clf_core.training.full import train_full

        return train_full(manifest, resources, config, callbacks)
    if config.preset == "scratch":
        from clf_core.training.scratch import train_scratch

        return train_scratch(manifest, resources, config, callbacks)
    from clf_core.training.partial import train_partial

    return train_partial(manifest, resources, config, callbacks)


def _train_quick(
    config: TrainConfig, manifest: "Manifest", callbacks: TrainingCallbacks, resources: "Resources"
) -> "TrainingResult":
    from clf_core.models.classifier import save_classifier
    from clf_core.training.quick import train_quick

    if resources.backbone is None or resources.runtime is None:
        raise StateError("A quick run needs a network that knows something already")
    result = train_quick(manifest, resources.read, resources.backbone, resources.runtime, config, callbacks)
    save_classifier(resources.model_folder, result.classifier)
    return result
