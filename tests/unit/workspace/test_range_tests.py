import pytest

from clf_core.config import TrainConfig
from clf_core.errors import NotFoundError
from clf_core.results.range_tests import RangeTestReport, RatePoint
from clf_core.workspace.records import RunStatus

SCRATCH = TrainConfig(preset="scratch")
REPORT = RangeTestReport(
    points=(RatePoint(rate=1e-4, loss=0.7),), suggestion=1e-4, steepest=1e-4, exploded=False, reason="Because."
)


@pytest.fixture
def dataset(workspace, imported):
    return workspace.datasets.add("Pets", imported, "me")


def test_a_test_is_found_by_its_identifier_with_what_it_found(workspace, dataset, me):
    made = workspace.range_tests.create(dataset, SCRATCH, me)
    found = workspace.range_tests.find(made.record.id)
    assert (found.record, found.config, found.range_report()) == (made.record, SCRATCH, None)
    found.write_range_report(REPORT)
    assert workspace.range_tests.find(made.record.id).range_report() == REPORT
    assert workspace.runs.list() == ()


@pytest.mark.parametrize("identifier", ["", "..", "r-none", "r-" + "0" * 20, "../runs"])
def test_what_is_no_test_is_told_so(workspace, dataset, me, identifier):
    workspace.range_tests.create(dataset, SCRATCH, me)
    with pytest.raises(NotFoundError):
        workspace.range_tests.find(identifier)


def test_the_latest_are_kept_and_those_at_work(workspace, dataset, me):
    tests = [workspace.range_tests.create(dataset, SCRATCH, me)]
    for _ in range(8):
        made = workspace.range_tests.create(dataset, SCRATCH, me)
        made.write_status(RunStatus(state="done", worker=me, began=1.0))
        tests.append(made)
    there = [test for test in tests if test.path.exists()]
    assert there == [tests[0], *tests[-5:]]
