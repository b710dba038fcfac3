"""The figures behind a finished run's verdict, worked out once and kept with the run."""

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import answers_of
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

        figures = figures_of(answers_of(run), run.temperature())
        run.write_figures(figures)
        return figures
