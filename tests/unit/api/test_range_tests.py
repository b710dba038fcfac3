import time

import pytest

from clf_core.api.range_tests import RangeTests
from clf_core.config import Convolution, GlobalPooling, NetworkConfig, Pooling, TrainConfig
from clf_core.errors import ConfigError, DatasetError, NotFoundError
from clf_core.results import RESTING_STATES, RunEvent
from clf_core.workspace import Workspace
from tests.pretended_workers import PretendedWorkers, end

SCRATCH = TrainConfig(
    preset="scratch",
    network=NetworkConfig(input_size=16, layers=(Convolution(filters=4), Pooling(), GlobalPooling())),
    batch_size=8,
    device="cpu",
)


@pytest.fixture
def tests(bench, pets):
    return RangeTests(Workspace(bench.settings.workspace), PretendedWorkers())


def test_a_test_is_followed_and_cancelled(tests, bench):
    test = tests.start("Pets", SCRATCH)
    assert (test.state, test.report) == ("running", None)
    directory = Workspace(bench.settings.workspace).range_tests.find(test.id)
    directory.append_event(RunEvent(time=1.0, kind="stage", stage="tune", total=100))
    directory.append_event(RunEvent(time=2.0, kind="progress", stage="tune", done=7, total=100))
    found = tests.get(test.id)
    assert (found.stage, found.done, found.total) == ("tune", 7, 100)
    assert tests.cancel(test.id).state == "cancelled"
    assert tests.cancel(test.id).state == "cancelled"


def test_one_that_has_ended_stays_as_it_is(tests, bench):
    test = tests.start("Pets", SCRATCH)
    end(Workspace(bench.settings.workspace).range_tests.find(test.id), "failed")
    assert tests.cancel(test.id).state == "failed"


def test_what_cannot_be_tested_is_refused_before_the_start(tests, bench, monkeypatch):
    with pytest.raises(ConfigError) as caught:
        tests.start("Pets", TrainConfig())
    assert caught.value.field == "preset"
    with pytest.raises(NotFoundError):
        tests.start("Birds", SCRATCH)
    with pytest.raises(NotFoundError):
        tests.get("r-" + "0" * 20)
    monkeypatch.setattr("clf_core.api.range_tests.training_problems", lambda _: ("No training pictures.",))
    with pytest.raises(DatasetError):
        tests.start("Pets", SCRATCH)


def test_a_real_one_finds_a_learning_rate_in_the_background(bench, pets):
    test = bench.runs.learning_rate_test("Pets", SCRATCH)
    deadline = time.monotonic() + 120
    while test.state not in RESTING_STATES:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        test = bench.runs.range_tests.get(test.id)
    assert test.state == "done", test.error
    assert 1e-7 <= test.report.suggestion <= 10
    assert [point.rate for point in test.report.points] == sorted(point.rate for point in test.report.points)
    assert test.done == len(test.report.points) or test.report.exploded
    assert bench.runs.list() == ()
