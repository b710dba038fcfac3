"""The result of a finished run on its test split, or why there is none."""

from clf_core.errors import StateError
from clf_core.results import EvaluationReport
from clf_core.workspace.run_directory import RunDirectory


def report_of(run: RunDirectory) -> EvaluationReport:
    """Return the stored report.

    Raises:
        StateError: the run was not tested.
    """
    report = run.evaluation()
    if report is None:
        raise StateError(
            f"The run '{run.record.name}' was not tested",
            why="Its dataset has no test pictures",
            remedy="Add pictures to the dataset and train again",
        )
    return report
