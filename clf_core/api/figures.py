"""The figures behind a finished run's verdict, worked out once and kept with the run."""

from clf_core.api.runs import Runs
from clf_core.errors import StateError
from clf_core.results.figures import Figures
from clf_core.workspace import Workspace


class RunFigures:
    """All figures of finished runs on their test pictures.

    Nothing here counts as a look at the test split: whoever asks has the report before them.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs

    def of(self, run_ref: str) -> Figures:
        """Return the figures of a run; the first time they are worked out, which takes a second for 10,000 pictures.

        Args:
            run_ref: name or identifier of a finished run.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done, was not tested, or an earlier version of the studio kept no answers.
            StorageError: its answers are damaged.
        """
        run = self._runs.finished(run_ref)
        kept = run.figures()
        if kept is not None:
            return kept
        from clf_core.evaluation.figures import figures_of

        report, answers = run.evaluation(), run.answers("test")
        if report is None or answers is None or not len(answers):
            raise StateError(
                f"There are no more figures of the run '{run.record.name}'",
                why="Its dataset has no test pictures"
                if report is None
                else "An earlier version of the studio kept no answers picture by picture",
                remedy="Train again to have them" if report else "Add pictures to the dataset and train again",
            )
        figures = figures_of(answers, report.calibration.temperature if report.calibration else 1.0)
        run.write_figures(figures)
        return figures
