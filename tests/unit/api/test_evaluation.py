import pytest

from clf_core.api import Workbench
from clf_core.errors import NotFoundError, StateError


def test_the_report_counts_looks_of_people_not_of_reruns(bench, run_in_state):
    run = run_in_state("done")
    assert [bench.evaluation.report(run).looks for _ in range(3)] == [1, 1, 1]
    assert Workbench(bench.settings).evaluation.report(run).looks == 2


def test_each_cell_of_the_matrix_opens_its_pictures(bench, run_in_state):
    run = run_in_state("done")
    report = bench.evaluation.report(run)
    for row, true in enumerate(report.classes):
        for column, predicted in enumerate(report.classes):
            cell = bench.evaluation.cell(run, true, predicted)
            assert len(cell) == report.confusion_matrix[row][column]
    (mistake,) = bench.evaluation.mistakes(run)
    assert mistake.true != mistake.predicted
    assert bench.evaluation.tested_picture(run, mistake.sha256) == mistake
    assert bench.evaluation.tested_picture(run, "0" * 64) is None
    with pytest.raises(NotFoundError, match="no class 'green'"):
        bench.evaluation.cell(run, "green", "red")


def test_there_is_no_report_before_the_end(bench, run_in_state):
    for ask in (bench.evaluation.report, bench.evaluation.mistakes):
        with pytest.raises(StateError):
            ask(run_in_state("running"))


def test_a_run_without_test_pictures_says_so(bench, run_in_state):
    run = run_in_state("done")
    (bench.settings.workspace / "runs" / run / "evaluation.json").unlink()
    with pytest.raises(StateError, match="no test pictures"):
        bench.evaluation.report(run)
    assert bench.evaluation.tested_picture(run, "0" * 64) is None
