"""From pictures to an explained answer through the facade, each part the real one, on small generated pictures."""

import numpy as np
import pytest

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.errors import NotFoundError
from clf_core.settings import Settings
from clf_core.workspace import Workspace


@pytest.fixture(scope="module")
def bench(make_workspace, write_pictures, tmp_path_factory) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    bench.imports.path(write_pictures(tmp_path_factory.mktemp("pets"), {"red": 30, "blue": 30}), "Pets")
    return bench


@pytest.fixture(scope="module")
def watched(bench):
    """A finished run and all that was seen of it on the way."""
    seen = []
    run = bench.runs.start("Pets", TrainConfig(strengths=(0.1, 1.0)))
    return bench.runs.wait(run.id, seen.append), seen


def test_the_run_is_done_and_its_headline_is_that_of_the_report(bench, watched):
    run, _ = watched
    report = bench.evaluation.report(run.id)
    assert run.state == "done"
    assert run.name == "Pets quick 1"
    assert run.seconds > 0
    assert run.images_per_second > 0
    assert run.metrics["accuracy"] == report.accuracy
    assert report.run == run.name


def test_clear_pictures_are_told_apart_and_every_test_picture_counts(bench, watched):
    run, _ = watched
    report = bench.evaluation.report(run.id)
    assert report.accuracy > 0.9
    assert report.n == bench.datasets.get("Pets").splits["test"] == np.sum(report.confusion_matrix)


def test_the_stages_came_in_order_with_their_progress(watched):
    _, seen = watched
    order = ["prepare", "features", "head", "test"]
    stages = [progress.stage for progress in seen]
    assert stages == sorted(stages, key=order.index)
    assert stages[-1] == "test"
    assert seen[-1].done == seen[-1].total > 0
    assert {point.strength for point in seen[-1].curve} == {0.1, 1.0}
    assert seen[-1].eta_seconds is None


def test_prediction_and_evaluation_agree_on_the_same_picture(bench, watched):
    run, _ = watched
    tested = bench.evaluation.cell(run.id, "red", "red")[0]
    answer = bench.prediction.predict(run.id, "x.png", bench.datasets.picture_bytes(tested.sha256))
    assert answer.label == tested.predicted
    assert answer.probability == pytest.approx(tested.probability, abs=0.01)


def test_what_it_said_of_pictures_it_had_not_learned_from_is_kept(bench, watched):
    run, _ = watched
    directory = bench.runs.directory(run.id)
    manifest = Workspace(bench.settings.workspace).datasets.manifest(run.dataset_id, run.version)
    for split in ("val", "test"):
        answers, rows = directory.answers(split), manifest.select(split)
        assert list(answers.sha256) == rows.sha256
        assert answers.true_index.tolist() == rows.label_index.tolist()
    report = bench.evaluation.report(run.id)
    assert report.correct == int((answers.predicted == answers.true_index).sum())
    assert report.calibration.after.nll == report.nll
    assert bench.figures.of(run.id).n == report.n


def test_a_test_picture_is_explained_with_the_models_own_answer(bench, watched):
    run, _ = watched
    tested = bench.evaluation.cell(run.id, "blue", "blue")[0]
    explanation = bench.explanation.explain_test_picture(run.name, tested.sha256, target="red")
    assert (explanation.label, explanation.target) == ("blue", "red")
    assert explanation.probability == pytest.approx(tested.probability, abs=0.01)
    with pytest.raises(NotFoundError):
        bench.explanation.explain_test_picture(run.name, "f" * 64)


def test_another_workbench_on_the_same_folder_sees_the_same(bench, watched):
    run, _ = watched
    again = Workbench(bench.settings)
    assert again.runs.list() == (run,)
    (bench.settings.workspace / "index.sqlite3").unlink()
    assert again.runs.list() == (run,)
    assert again.datasets.list() == bench.datasets.list()


def test_the_same_settings_give_the_same_model(bench, watched):
    run, _ = watched
    twin = bench.runs.wait(bench.runs.start("Pets", TrainConfig(strengths=(0.1, 1.0)), name="twin").id)
    heads = [bench.runs.directory(ref).model_folder / "head.safetensors" for ref in (run.id, twin.id)]
    assert heads[0].read_bytes() == heads[1].read_bytes()


def test_a_dataset_without_test_pictures_trains_and_says_what_is_missing(bench, write_pictures, tmp_path):
    report = bench.imports.path(write_pictures(tmp_path / "few", {"red": 1, "blue": 1}, seed=5), "Few")
    assert report.splits["test"] == 0
    run = bench.runs.wait(bench.runs.start("Few", TrainConfig()).id)
    assert (run.state, run.metrics) == ("done", {})
    assert any("no test pictures" in message for message in bench.runs.progress(run.id).messages)
