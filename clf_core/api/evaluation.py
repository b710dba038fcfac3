"""How a finished run did on the pictures it had never seen."""

from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import report_of
from clf_core.errors import NotFoundError
from clf_core.results import EvaluationReport, Proposal, TestedPicture, Verdict
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.evaluation.proposals import Known


class Evaluation:
    """Results on the test split. It is evaluated once, by the run itself; here it is only read."""

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs

    def report(self, run_ref: str) -> EvaluationReport:
        """Return the figures of a finished run; the look is written into the run's look log.

        Asking again within ten minutes in the same process, as a page does at every rerun, is the same look.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done, or its dataset has no test pictures.
        """
        run = self._runs.finished(run_ref)
        report = report_of(run)
        return report.model_copy(update={"looks": self._workspace.runs.looks.count_look(run)})

    def verdict(self, run_ref: str) -> Verdict:
        """Return what a person who decides has to know first; a look like ``report``.

        Raises:
            NotFoundError: no such run, or its dataset is gone.
            StateError: the run is not done, or its dataset has no test pictures.
        """
        from clf_core.evaluation.first_screen import first_screen
        from clf_core.evaluation.proposals import propose

        report, run = self.report(run_ref), self._runs.finished(run_ref)
        known = self._known(run)
        return first_screen(report, run.tested(), known.train, propose(report, known))

    def cell(self, run_ref: str, true: str, predicted: str) -> tuple[TestedPicture, ...]:
        """Return the test pictures of one cell of the confusion matrix.

        Args:
            run_ref: name or identifier of the run.
            true: the pictures' own class.
            predicted: the class the model named.

        Raises:
            NotFoundError: no such run or class.
            StateError: the run is not done, or its dataset has no test pictures.
        """
        from clf_core.evaluation.tested import cell

        run = self._runs.finished(run_ref)
        classes = report_of(run).classes
        for name in (true, predicted):
            if name not in classes:
                raise NotFoundError(f"There is no class '{name}' in the run '{run.record.name}'")
        return tuple(cell(run.tested(), true, predicted))

    def tested_picture(self, run_ref: str, sha256: str) -> TestedPicture | None:
        """Return what the run said of one test picture, None if it was not tested with that picture.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        run = self._runs.finished(run_ref)
        if run.evaluation() is None:
            return None
        return next((picture for picture in run.tested() if picture.sha256 == sha256), None)

    def mistakes(self, run_ref: str, limit: int = 24) -> tuple[TestedPicture, ...]:
        """Return the wrongly answered test pictures, the most confident first.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done, or its dataset has no test pictures.
        """
        from clf_core.evaluation.tested import confident_mistakes

        run = self._runs.finished(run_ref)
        report_of(run)
        return tuple(confident_mistakes(run.tested(), limit))

    def proposals(self, run_ref: str) -> tuple[Proposal, ...]:
        """Return what to try next after a run, the most promising first.

        It is a look at the test split like any other and is counted as one; each proposal says whether it comes from
        there, from the validation pictures, the settings or the dataset.

        Raises:
            NotFoundError: no such run, or its dataset is gone.
            StateError: the run is not done, or its dataset has no test pictures.
        """
        from clf_core.evaluation.proposals import propose

        report = self.report(run_ref)
        return propose(report, self._known(self._runs.finished(run_ref)))

    def _known(self, run: RunDirectory) -> "Known":
        """What speaks for a proposal beside the result on the test split."""
        from clf_core.evaluation.label_proposals import doubtful_labels
        from clf_core.evaluation.proposals import Known

        record, config = run.record, run.config
        manifest = self._workspace.datasets.manifest(record.dataset_id, record.version)
        seen = config.input_size or 0
        if config.preset == "scratch":
            seen = config.network.input_size
        elif not seen:
            spec = self._workspace.backbones.spec(config.backbone)
            seen = spec.preprocessing.input_size if spec else 0
        return Known(
            config=config,
            train={name: splits.get("train", 0) for name, splits in manifest.class_splits().items()},
            side=manifest.typical_side,
            seen=seen,
            epochs=self._runs.progress(record.id).epochs,
            doubtful=doubtful_labels(run.tested()),
        )
