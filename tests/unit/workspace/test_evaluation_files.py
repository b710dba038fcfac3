import numpy as np
import pytest

from clf_core.errors import StorageError
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.evaluator import evaluate
from clf_core.evaluation.figures import figures_of
from clf_core.workspace.run_directory import RunDirectory


@pytest.fixture
def answers():
    names = ("0", "1")
    return Answers(
        ("a", "b"), names, names, np.arange(2), np.array([0, 1]), np.array([[2, 0], [1, 0]], dtype=np.float32)
    )


def test_a_new_run_has_none_of_them(run):
    assert (run.evaluation(), run.answers("val"), run.answers("test"), run.figures()) == (None, None, None, None)
    with pytest.raises(StorageError):
        run.tested()


def test_answers_come_back_and_are_read_once(run, answers):
    run.write_answers("val", answers)
    again = RunDirectory(run.path)
    assert again.answers("test") is None
    assert again.answers("val").sha256 == answers.sha256
    assert again.answers("val") is run.answers("val")


def test_figures_that_cannot_be_read_or_are_old_count_as_none(run, answers):
    figures = figures_of(answers, 1.0)
    run.write_figures(figures)
    assert RunDirectory(run.path).figures() == figures
    run.write_figures(figures.model_copy(update={"version": 0}))
    assert run.figures() is None
    (run.path / "figures.json").write_bytes(b"{")
    assert run.figures() is None


def test_a_damaged_report_is_told_and_a_mended_one_is_seen(run, answers):
    report = evaluate("mine", answers.classes, answers.true_index, answers.probabilities(), {"a": 1})
    (run.path / "evaluation.json").write_bytes(b"{")
    with pytest.raises(StorageError, match=r"evaluation\.json"):
        run.evaluation()
    run.write_evaluation(report)
    assert run.evaluation() == report
    assert run.evaluation() is RunDirectory(run.path).evaluation()
