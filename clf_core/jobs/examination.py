"""What a trained network says of pictures it has not learned from: the validation split, then, once, the test split."""

from typing import TYPE_CHECKING

from clf_core.jobs.presets import Trained
from clf_core.results import EvaluationReport
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.workspace import Workspace
from clf_core.workspace.learned import learned_before
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.data.manifest import Manifest, ManifestRows
    from clf_core.evaluation.answers import Answers


class Examination:
    """One look at a run's network. The test split is opened last, when nothing is left to choose.

    Args:
        run: takes the answers, the report and the temperature.
        workspace: holds the pictures.
        manifest: the dataset version of the run.
        trained: what came of the training.
        callbacks: told the stage 'test' and the number of pictures done.
    """

    def __init__(
        self,
        run: RunDirectory,
        workspace: Workspace,
        manifest: "Manifest",
        trained: Trained,
        callbacks: TrainingCallbacks,
    ) -> None:
        from clf_core.prediction.predictor import Predictor

        self._run, self._workspace, self._manifest = run, workspace, manifest
        self._trained, self._callbacks = trained, callbacks
        self._predictor = Predictor(trained.classifier, trained.runtime)

    def hold(self) -> EvaluationReport | None:
        """Write the answers and fit the temperature by validation pictures, then test; None without test pictures.

        Raises:
            PictureError: a stored picture can no longer be decoded.
            StorageError: the disk refuses.
            CancelledError: from the callbacks.
        """
        val, test = self._manifest.select("val"), self._manifest.select("test")
        asked = 0 if self._trained.result.held_out is not None else len(val)
        if asked or len(test):
            self._callbacks.stage("test", asked + len(test))
        temperature, fitted_on = self._calibrate(val)
        if not len(test):
            self._callbacks.message("There are no test pictures, so nobody knows how good the model is.")
            return None
        answers = self._answers(test, self._ask(test, asked))
        self._callbacks.check_cancelled()
        self._run.write_answers("test", answers)
        return self._report(answers, temperature, fitted_on)

    def _calibrate(self, val: "ManifestRows") -> tuple[float, int]:
        """Fit the temperature and keep it with the model; also returns by how many pictures, 0 where too few."""
        from clf_core.evaluation.temperature import FEWEST, fit_temperature
        from clf_core.models.classifier import save_classifier

        answers = self._of_validation(val)
        if answers is not None:
            self._run.write_answers("val", answers)
        temperature = fit_temperature(answers)
        save_classifier(self._run.model_folder, self._trained.classifier.calibrated(temperature))
        known = 0 if answers is None else len(answers)
        return temperature, known if known >= FEWEST else 0

    def _of_validation(self, val: "ManifestRows") -> "Answers | None":
        """Answers for the validation pictures no network of this run's line has learned from; None without any."""
        import numpy as np

        held_out = self._trained.result.held_out
        logits = self._ask(val, 0) if held_out is None else held_out
        learned = learned_before(self._workspace, self._run.config)
        if learned is None or len(logits) != len(val):
            return None
        new = np.array([key not in learned for key in val.sha256], dtype=bool)
        return self._answers(val, logits, new) if new.any() else None

    def _ask(self, rows: "ManifestRows", done: int) -> "NDArray[np.float32]":
        """Logits [N, K]; ``done`` pictures were asked about before."""

        def progress(number: int) -> None:
            self._callbacks.progress(done + number)

        return self._predictor.logits(rows.sha256, self._workspace.pictures.read, progress)

    def _answers(
        self, rows: "ManifestRows", logits: "NDArray[np.float32]", chosen: "NDArray[np.bool_] | None" = None
    ) -> "Answers":
        import numpy as np

        from clf_core.evaluation.answers import Answers, numbered

        places = np.arange(len(rows)) if chosen is None else np.flatnonzero(chosen)
        return Answers(
            classes=self._manifest.classes,
            sha256=tuple(rows.sha256[place] for place in places),
            source_names=tuple(rows.source_name[place] for place in places),
            groups=numbered([rows.group[place] for place in places]),
            true_index=rows.label_index[places].astype(np.int64),
            logits=np.ascontiguousarray(logits[places], dtype=np.float32),
        )

    def _report(self, answers: "Answers", temperature: float, fitted_on: int) -> EvaluationReport:
        from clf_core.evaluation.evaluator import calibration_of, evaluate

        run = self._run
        probabilities = answers.probabilities(temperature)
        train_counts = {name: splits.get("train", 0) for name, splits in self._manifest.class_splits().items()}
        report = evaluate(
            run.record.name, answers.classes, answers.true_index, probabilities, train_counts, groups=answers.groups
        )
        report = report.model_copy(update={"calibration": calibration_of(answers, temperature, fitted_on)})
        run.write_evaluation(report)
        return report
