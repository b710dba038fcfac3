"""How a finished run did on the pictures it had never seen."""

from clf_core.api.runs import Runs
from clf_core.errors import NotFoundError, StateError
from clf_core.results import EvaluationReport, TestedPicture
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory


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
        report = self._stored_report(run)
        return report.model_copy(update={"looks": self._workspace.runs.looks.count_look(run)})

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
        classes = self._stored_report(run).classes
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
        self._stored_report(run)
        return tuple(confident_mistakes(run.tested(), limit))

    @staticmethod
    def _stored_report(run: RunDirectory) -> EvaluationReport:
        report = run.evaluation()
        if report is None:
            raise StateError(
                f"The run '{run.record.name}' was not tested",
                why="Its dataset has no test pictures",
                remedy="Add pictures to the dataset and train again",
            )
        return report
