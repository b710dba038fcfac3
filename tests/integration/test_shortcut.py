"""The planted shortcut is found, and the same shapes without it are not accused; every part is the real one."""

import pytest

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from tests.stored_pictures import damage_picture


@pytest.fixture(scope="module")
def bench(make_workspace) -> Workbench:
    return Workbench(Settings(workspace=make_workspace()))


@pytest.fixture(scope="module")
def trained(bench):
    """``trained(sample)`` returns the identifier of a run on a built-in sample."""

    def train(sample: str) -> str:
        dataset = bench.imports.sample(sample, name=sample).dataset_id
        run = bench.runs.wait(bench.runs.start(dataset, TrainConfig(strengths=(0.1, 1.0)), name=sample).id)
        assert run.state == "done", run.error
        return run.id

    return train


def test_the_planted_background_is_found_and_shown(bench, trained):
    run = trained("shapes-shortcut")
    assert bench.shortcuts.report(run) is None
    assert bench.shortcuts.examples(run) == ()
    told = []
    report = bench.shortcuts.check(run, lambda *at: told.append(at))
    assert report.verdict == "shortcut"
    assert told[-1] == (report.n, report.n)
    assert report.view("background").kept > 0.5
    examples = bench.shortcuts.examples(run)
    assert {example.true for example in examples} == {"circle", "square", "star", "triangle"}
    assert all(example.said["background"] == example.true for example in examples)
    assert bench.shortcuts.report(run) == report == bench.shortcuts.check(run)  # made once
    assert bench.insights.state(run).state("shortcut") == "done"


def test_the_same_shapes_on_any_background_are_not_accused_also_where_a_picture_is_gone(bench, trained):
    run = trained("shapes")
    gone = bench.datasets.pictures("shapes", split="val", limit=1).pictures[0]
    damage_picture(Workspace(bench.settings.workspace).pictures, gone.sha256, b"gone")
    report = bench.shortcuts.check(run)
    assert report.verdict == "none"
    assert report.n == bench.datasets.get("shapes").splits["val"] - 1
    assert report.view("background").kept < 0.3 < 0.8 < report.view("evidence").kept
