"""Range tests of learning rates: short, in the background, asked how far they are."""

from clf_core.api.datasets import training_problems
from clf_core.config import TUNED_PRESETS, TrainConfig
from clf_core.errors import ConfigError, DatasetError
from clf_core.jobs import process
from clf_core.jobs.launcher import Launcher
from clf_core.jobs.local import LocalLauncher
from clf_core.results import RESTING_STATES
from clf_core.results.range_tests import RangeTestState
from clf_core.workspace import Workspace
from clf_core.workspace.events import EventTail
from clf_core.workspace.run_directory import RunDirectory


class RangeTests:
    """Range tests of one workspace; the latest few are kept.

    They wait for no slot: a test takes seconds to a minute, and a person waits for it in front of the form.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher | None = None) -> None:
        self._workspace = workspace
        self._launcher = launcher or LocalLauncher(module="clf_core.jobs.range_worker")

    def start(self, dataset_ref: str, config: TrainConfig) -> RangeTestState:
        """Start a test in a process of its own and return at once; ask ``get`` with its ``id`` how far it is.

        Args:
            dataset_ref: name or identifier of the dataset; its newest version is used.
            config: settings of the run the rate is for; its own learning rate does not matter.

        Raises:
            NotFoundError: no such dataset.
            DatasetError: nothing can be learned from it.
            ConfigError: the preset knows no learning rate (quick).
            StorageError: the disk refused.
        """
        if config.preset not in TUNED_PRESETS:
            raise ConfigError(
                "There is no learning rate to find",
                field="preset",
                why="A quick run fits the last layer in one go and not in steps",
                remedy="Choose another preset",
            )
        dataset = self._workspace.datasets.find(dataset_ref)
        problems = training_problems(dataset)
        if problems:
            raise DatasetError(f"'{dataset.name}' cannot be learned from yet", why=" ".join(problems))
        test = self._workspace.range_tests.create(dataset, config, process.current())
        self._launcher.submit(test)
        return self._state(test)

    def get(self, identifier: str) -> RangeTestState:
        """Return how far a test is, or what it found.

        Raises:
            NotFoundError: there is none of this identifier (any more).
        """
        return self._state(self._workspace.range_tests.find(identifier))

    def cancel(self, identifier: str) -> RangeTestState:
        """End a test; returns once it has ended, within two seconds. One that has ended stays as it is.

        Raises:
            NotFoundError: there is none of this identifier (any more).
        """
        test = self._workspace.range_tests.find(identifier)
        if self._launcher.state(test) not in RESTING_STATES:
            self._launcher.cancel(test)
            test.clear_scratch()
        return self._state(test)

    def _state(self, test: RunDirectory) -> RangeTestState:
        state, status = self._launcher.state(test), test.status()
        latest = RangeTestState(id=test.record.id, state=state)
        for event in EventTail(test.events_path).read_new():
            if event.kind in ("stage", "progress"):
                latest = latest.model_copy(update={"stage": event.stage, "done": event.done, "total": event.total})
        error = None if status is None else status.error
        return latest.model_copy(update={"error": error, "report": test.range_report() if state == "done" else None})
