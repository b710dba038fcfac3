"""The worker: ``python -m clf_core.jobs.worker RUN_DIR`` trains, tests and writes only into that directory.

It needs no index and no server: the directory says what to do, and takes what came of it.
"""

import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.errors import CancelledError, ClfError, InputError, StorageError
from clf_core.jobs import process
from clf_core.jobs.event_callbacks import EventCallbacks
from clf_core.results import ErrorWords, EvaluationReport
from clf_core.workspace import Workspace
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest
    from clf_core.models.classifier import Classifier
    from clf_core.models.runtime import FeatureRuntime

_log = logging.getLogger(__name__)

_HEADLINES = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "nll", "brier", "ece")


def main(arguments: list[str]) -> int:
    """Do the run in the directory given; the exit status is 0 when it is done or was cancelled."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1 or not Path(arguments[0], "run.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.worker RUN_DIR\n")
        return 2
    return _Worker(RunDirectory(Path(arguments[0]).absolute())).work()


class _Worker:
    """Takes one run from its start to its end, and says in status.json how it went."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._started = time.monotonic()
        self._status = RunStatus(state="running", worker=process.current(), began=time.time())
        self._events = EventCallbacks(run)

    def work(self) -> int:
        """Run all stages; whatever happens, the last thing written is a final status."""
        try:
            self._run.write_status(self._status)
            metrics = self._train_and_test()
        except CancelledError:
            return self._end(self._status.model_copy(update={"state": "cancelled"}), exit_status=0)
        except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
            _log.exception("The run failed")
            return self._end(
                self._status.model_copy(update={"state": "failed", "error": _in_words(error)}), exit_status=1
            )
        done = {"state": "done", "metrics": metrics, "images_per_second": self._events.pictures_per_second}
        return self._end(self._status.model_copy(update=done), exit_status=0)

    def _end(self, status: RunStatus, exit_status: int) -> int:
        self._run.write_status(status.model_copy(update={"seconds": time.monotonic() - self._started}))
        return exit_status

    def _train_and_test(self) -> dict[str, float]:
        run, events = self._run, self._events
        events.stage("prepare", 0)
        events.check_cancelled()  # before the imports, which take a moment
        from clf_core import device
        from clf_core.models.classifier import save_classifier
        from clf_core.models.runtime import open_runtime
        from clf_core.training.quick import train_quick

        workspace = Workspace(run.path.parent.parent)
        manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
        backbone = workspace.backbones.ensure(run.config.backbone, events.message)
        events.check_cancelled()
        runtime = open_runtime(backbone, device.choose(run.config.device))
        result = train_quick(manifest, workspace.pictures.read, backbone, runtime, run.config, events)
        save_classifier(run.model_folder, result.classifier)
        events.check_cancelled()
        report = self._test(workspace, manifest, result.classifier, runtime)
        return {} if report is None else {name: getattr(report, name) for name in _HEADLINES}

    def _test(
        self, workspace: Workspace, manifest: "Manifest", classifier: "Classifier", runtime: "FeatureRuntime"
    ) -> EvaluationReport | None:
        """Look at the test split, once; None where the dataset has none."""
        from clf_core.evaluation.evaluator import evaluate
        from clf_core.evaluation.tested import tested_pictures
        from clf_core.prediction.predictor import Predictor

        rows = manifest.select("test")
        if not len(rows):
            self._events.message("There are no test pictures, so nobody knows how good the model is.")
            return None
        self._events.stage("test", len(rows))
        predictor = Predictor(classifier, runtime)
        probabilities = predictor.probabilities(rows.sha256, workspace.pictures.read, self._events.progress)
        self._events.check_cancelled()
        train_counts = {name: splits.get("train", 0) for name, splits in manifest.class_splits().items()}
        report = evaluate(self._run.record.name, manifest.classes, rows.label_index, probabilities, train_counts)
        tested = tested_pictures(rows.sha256, rows.source_name, manifest.classes, rows.label_index, probabilities)
        self._run.write_evaluation(report, tested)
        return report


def _in_words(error: Exception) -> ErrorWords:
    if isinstance(error, ClfError):
        kind = (
            "input" if isinstance(error, InputError) else "storage" if isinstance(error, StorageError) else "internal"
        )
        return ErrorWords(what=error.what, why=error.why, remedy=error.remedy, kind=kind)
    if isinstance(error, MemoryError):
        return ErrorWords(what="The machine ran out of memory", remedy="Close other programs, then train again")
    return ErrorWords(
        what="The training failed through a fault of the studio",
        why=f"{type(error).__name__}: {error}",
        remedy="worker.log in the run's directory holds the details",
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
