"""A run begins from an own earlier one: new classes on top of what it knew, also where that one is gone afterwards."""

import shutil

import pytest

from clf_core.api import Workbench
from clf_core.config import Convolution, Dense, Flatten, NetworkConfig, Pooling, TrainConfig
from clf_core.errors import NotFoundError
from clf_core.models.trained import own_backbone
from clf_core.settings import Settings
from clf_core.workspace import Workspace

SMALL = NetworkConfig(input_size=32, layers=(Convolution(filters=8), Pooling(), Flatten(), Dense(units=16)))


@pytest.fixture(scope="module")
def bench(make_workspace, write_pictures, tmp_path_factory) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    folder = tmp_path_factory.mktemp("pictures")
    bench.imports.path(write_pictures(folder / "two", {"red": 20, "blue": 20}), "Two")
    bench.imports.path(write_pictures(folder / "three", {"red": 20, "blue": 20, "green": 20}, seed=1), "Three")
    return bench


def finished(bench, dataset, config, name):
    run = bench.runs.wait(bench.runs.start(dataset, config, name=name).id)
    assert run.state == "done", run.error
    return run


@pytest.fixture(scope="module")
def first(bench):
    """A small network of one's own, taught two classes."""
    return finished(
        bench, "Two", TrainConfig(preset="scratch", epochs=3, network=SMALL, learning_rate=3e-3), "Small one"
    )


def folder_of(bench, run):
    return Workspace(bench.settings.workspace).runs.find(run.id).model_folder


def test_new_classes_on_top_of_a_small_network_of_ones_own(bench, first, png_of_green):
    later = finished(bench, "Three", TrainConfig(continue_from="Small one", strengths=(1.0,)), "More classes")
    before, after = own_backbone(folder_of(bench, first)), own_backbone(folder_of(bench, later))
    assert after.spec.weights_sha256 == before.spec.weights_sha256  # what it knew is what it stands on
    report = bench.evaluation.report(later.id)
    assert set(report.classes) == {"red", "blue", "green"}
    assert report.accuracy > 0.6

    shutil.rmtree(folder_of(bench, first))  # the later one does not depend on it
    answer = bench.prediction.predict(later.id, "green.png", png_of_green)
    assert {item.name for item in answer.top} == {"red", "blue", "green"}


def test_on_top_of_a_run_that_only_fitted_a_layer(bench):
    quick = finished(bench, "Two", TrainConfig(strengths=(1.0,)), "Quick one")
    later = finished(
        bench,
        "Three",
        TrainConfig(preset="balanced", continue_from=quick.id, epochs=1, learning_rate=1e-3),
        "Balanced one",
    )
    assert bench.evaluation.report(later.id).accuracy > 0.8
    assert bench.runs.config(later.id).continue_from == quick.id


def test_a_run_that_is_not_there_is_refused_at_once(bench):
    with pytest.raises(NotFoundError):
        bench.runs.start("Three", TrainConfig(continue_from="Nobody"))


@pytest.fixture
def png_of_green(write_pictures, tmp_path):
    return next(write_pictures(tmp_path / "one", {"green": 1}).rglob("*.png")).read_bytes()
