"""Starting trainings and following them; what is done to one that is there is the matter of ``run_control``."""

import logging
import time
from collections.abc import Callable, Mapping

from clf_core.api.datasets import training_problems
from clf_core.api.plans import Plans
from clf_core.api.range_tests import RangeTests
from clf_core.api.run_control import RunControl
from clf_core.config import TrainConfig
from clf_core.errors import ClfError, DatasetError, StateError, StorageError
from clf_core.jobs import process
from clf_core.jobs.launcher import Launcher
from clf_core.jobs.progress import ProgressReader, by_rule_of_thumb
from clf_core.models.small_cnn_shapes import require_possible
from clf_core.results import FINAL_STATES, RESTING_STATES, RunProgress, RunSummary, Stage
from clf_core.results.range_tests import RangeTestState
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.05
"""How often ``wait`` looks. Reading a run takes well under a millisecond, so this costs the worker nothing."""


class Runs(RunControl):
    """Runs of one workspace. ``ref`` is a run's name or identifier.

    A run is another process; it goes on when this one ends, and every answer here is read from its
    directory, so it is true in every tab and after a restart.

    Attributes:
        range_tests: find a learning rate before a run is started.
    """

    def __init__(self, workspace: Workspace, launcher: Launcher | None = None) -> None:
        super().__init__(workspace, launcher)
        self.range_tests = RangeTests(workspace)
        self._progress = ProgressReader(self._expected, self._class_count)
        self._sizes: dict[str, int] = {}  # of finished runs, which never change

    def start(self, dataset_ref: str, config: TrainConfig, *, name: str | None = None, priority: int = 0) -> RunSummary:
        """Start a training in a process of its own and return at once; where no slot is free, it is 'queued'.

        Args:
            dataset_ref: name or identifier of the dataset; its newest version is used.
            config: settings of the run.
            name: what to call the run; None makes one, such as 'Pets quick 1'.
            priority: where it has to wait: higher ones go first.

        Raises:
            NotFoundError: no such dataset, or no run to continue from.
            StateError: the run to continue from has no model.
            DatasetError: nothing can be learned from it (one class, or a class without training pictures).
            NameTakenError: a run of that name exists.
            ConfigError: the name cannot be used, or the small network cannot be built.
            StorageError: the disk refused.
        """
        dataset = self._workspace.datasets.find(dataset_ref)
        problems = training_problems(dataset)
        if problems:
            raise DatasetError(f"'{dataset.name}' cannot be learned from yet", why=" ".join(problems))
        if config.preset == "scratch":
            require_possible(config.network, len(dataset.classes))
        if config.continue_from:  # by its identifier, as it may be given another name before the worker looks
            earlier = self.finished(config.continue_from).record.id
            config = config.model_copy(update={"continue_from": earlier})
        run = self._workspace.runs.create(dataset, config, name, process.current())
        self.turns.add(run, priority)
        return self._summary(run)

    def list(self) -> tuple[RunSummary, ...]:
        """Return all runs, newest first. Cheap enough to call at every rerun of a page."""
        found = []
        places = self.turns.places()
        for run in self._workspace.runs.list():
            try:
                found.append(self._summary(run, places))
            except StorageError as error:  # one damaged run must not hide the others
                _log.warning("A run is not listed: %s", error)
        return tuple(found)

    def get(self, ref: str) -> RunSummary:
        """Return one run as it stands now.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        return self._summary(self.directory(ref))

    def config(self, ref: str) -> TrainConfig:
        """Return the settings of a run.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        return self.directory(ref).config

    def progress(self, ref: str) -> RunProgress:
        """Return where a run stands: stage, pictures done, rate, time left, curve.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        run = self.directory(ref)
        return self._progress.read(run, self._summary(run))

    def wait(self, ref: str, on_progress: Callable[[RunProgress], None] | None = None) -> RunSummary:
        """Wait until a run has ended or paused, and return it.

        Args:
            ref: name or identifier of the run.
            on_progress: called about twenty times a second with where the run stands.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        run = self.directory(ref)
        while True:
            summary = self._summary(run)
            if on_progress is not None:
                on_progress(self._progress.read(run, summary))
            if summary.state in RESTING_STATES:
                return summary
            time.sleep(_POLL_SECONDS)

    def learning_rate_test(self, dataset_ref: str, config: TrainConfig) -> RangeTestState:
        """Start a range test of learning rates; see ``RangeTests.start``, and ``range_tests`` for what comes of it."""
        return self.range_tests.start(dataset_ref, config)

    def estimate(self, dataset_ref: str, config: TrainConfig) -> float:
        """Return about how many seconds a run with ``config`` would take, at the pace of earlier such runs here.

        Raises:
            NotFoundError: no such dataset.
        """
        return Plans(self._workspace, self.list).seconds(dataset_ref, config)

    def model_bytes(self, ref: str) -> int:
        """Return the bytes of what a finished run predicts with, the pretrained network it shares included; else 0.

        Raises:
            NotFoundError: no run of that name or identifier.
        """
        run = self.directory(ref)
        status = run.status()
        if status is None or status.state != "done":
            return 0
        if run.record.id not in self._sizes:
            self._sizes[run.record.id] = self._measured(run)
        return self._sizes[run.record.id]

    def _measured(self, run: RunDirectory) -> int:
        own = sum(file.stat().st_size for file in run.model_folder.rglob("*") if file.is_file())
        shared = (
            None if (run.model_folder / "backbone").exists() else self._workspace.backbones.spec(run.record.backbone)
        )
        return own + (4 * shared.parameters if shared is not None else 0)

    def _expected(self, run: RunDirectory) -> Mapping[Stage, float]:
        """Seconds expected of each stage of a run, at the pace of earlier runs here."""
        try:
            dataset = self._workspace.datasets.find(run.record.dataset_id, run.record.version)
        except ClfError:
            return by_rule_of_thumb(run)
        others = [other for other in self.list() if other.id != run.record.id]
        return Plans(self._workspace, lambda: others).stages(dataset, run.config)

    def _class_count(self, run: RunDirectory) -> int:
        try:
            return len(self._workspace.datasets.find(run.record.dataset_id, run.record.version).classes)
        except ClfError:  # the dataset is gone; any number of classes guesses better than one
            return 2

    def finished(self, ref: str) -> RunDirectory:
        """Return the directory of a run that is done.

        Raises:
            NotFoundError: no run of that name or identifier.
            StateError: it is still going, or ended without a model.
        """
        run = self.directory(ref)
        summary = self._summary(run)
        if summary.state == "done":
            return run
        if summary.state in FINAL_STATES:
            raise StateError(
                f"The run '{summary.name}' has no model to use",
                why=f"It is {summary.state}" + (f": {summary.error.what}" if summary.error else ""),
                remedy="Train again",
            )
        raise StateError(f"The run '{summary.name}' is not done yet", remedy="Wait until it has finished")
