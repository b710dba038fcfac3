"""A learning rate that suits a run that is still to be started, by a range test on its own pictures. Imports torch."""

from typing import TYPE_CHECKING

from clf_core.config import TrainConfig
from clf_core.errors import ConfigError
from clf_core.results.range_tests import RangeTestReport
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.plan import Plan
from clf_core.training.range_test import STEPS, range_test
from clf_core.training.result import Resources
from clf_core.training.task import Task

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest


def find_learning_rate(
    manifest: "Manifest",
    resources: Resources,
    config: TrainConfig,
    callbacks: TrainingCallbacks,
    *,
    steps: int = STEPS,
) -> RangeTestReport:
    """Prepare a run as its training would, and test learning rates on a copy of the network it would begin with.

    Only training pictures are learned from, and nothing is judged; ``resources.model_folder`` is not written to. What
    is decoded or computed in ``resources.scratch_folder`` serves the run itself if that is given the same folder.

    Args:
        manifest: the dataset version.
        resources: as for the training itself; checkpoints are not looked at.
        config: of the run; its learning rate is not looked at.
        callbacks: told the stages of the preset up to 'tune', which counts the steps of the test.
        steps: batches at most.

    Raises:
        ConfigError: the preset knows no learning rate.
        ClfError: whatever stands in the way of the training itself, in words.
        CancelledError: from the callbacks.
    """
    task, plan = _prepared(manifest, resources, config, callbacks)
    callbacks.stage("tune", steps)
    return range_test(task, plan, callbacks, steps=steps).report


def _prepared(
    manifest: "Manifest", resources: Resources, config: TrainConfig, callbacks: TrainingCallbacks
) -> tuple[Task, Plan]:
    if config.preset == "quick":
        raise ConfigError(
            "There is no learning rate to find",
            field="preset",
            why="The preset 'quick' fits the last layer in one go and not in steps",
            remedy="Choose another preset",
        )
    if config.preset == "full":
        from clf_core.training.full import prepare_full

        ready = prepare_full(manifest, resources, config, callbacks)
        return ready.task, ready.plan
    if config.preset == "scratch":
        from clf_core.training.scratch import prepare_scratch

        task, plan, _ = prepare_scratch(manifest, resources, config, callbacks)
        return task, plan
    from clf_core.training.partial import prepare_partial

    return prepare_partial(manifest, resources, config, callbacks)
