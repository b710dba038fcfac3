"""The result of a finished run on its test split, or why there is none."""

from typing import TYPE_CHECKING

from clf_core.errors import StateError
from clf_core.results import EvaluationReport
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.evaluation.answers import Answers


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


def answers_of(run: RunDirectory) -> "Answers":
    """Return what it answered to its test pictures, one by one.

    Raises:
        StateError: the run was not tested, or an earlier version of the studio kept no answers.
        StorageError: they are damaged.
    """
    report_of(run)
    answers = run.answers("test")
    if answers is None or not len(answers):
        raise StateError(
            f"The run '{run.record.name}' keeps no answers picture by picture",
            why="It was tested by an earlier version of the studio, which kept its verdict only",
            remedy="Train again to have them",
        )
    return answers
