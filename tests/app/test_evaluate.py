"""The verdict and its evidence."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clf_core.api import open_workbench
from clf_core.results import EvaluationReport, TestedPicture
from clf_core.results.comparison import TestLooks
from clf_core.results.confusion import ConfusionBlock
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from pages.components.escaping import md
from pages.components.matrix import matrix_data
from pages.components.verdict import taken_for, verdict_data
from tests.planted_runs import answers_of, plant_run

WIDE = 60  # classes; more than are shown at once


@pytest.fixture(scope="module")
def trained(trained, tmp_path_factory):
    """A copy of the workspace: what is planted in it is nothing to other tests."""
    workspace = tmp_path_factory.mktemp("evaluate") / "studio"
    shutil.copytree(trained.bench.settings.workspace, workspace, ignore=shutil.ignore_patterns("backbones"))
    (workspace / "backbones").symlink_to(trained.bench.settings.workspace / "backbones", target_is_directory=True)
    return type(trained)(open_workbench(Settings(workspace=workspace)), trained.run)


@pytest.fixture
def planted(studio):
    """``planted(said)`` writes a run of the same dataset that named these classes (indices), and opens its page."""

    def make(said, name, classes=None, **more):
        bench = studio.bench
        dataset = bench.datasets.get(studio.run.dataset_id)
        rows = Workspace(bench.settings.workspace).datasets.manifest(dataset.id, dataset.version).select("test")
        names = classes or tuple(dataset.classes)
        count = len(said)
        sure = np.linspace(0.5, 0.9, count)
        answers = answers_of(
            names,
            [rows.sha256[at % len(rows)] for at in range(count)],
            [rows.label_index[at % len(rows)] for at in range(count)],
            said,
            sure=sure,
        )
        return plant_run(bench, dataset, answers, name, **more)

    return make


def matrix_of(app, helpers):
    (matrix,) = helpers.parts(app, "matrix")
    return matrix


def open_part(app, name):
    app.session_state["view"] = name
    app.run()
    assert not app.exception, app.exception
    return app


def test_the_verdict_comes_first_with_its_interval(studio, helpers):
    (verdict,) = helpers.parts(studio.open("evaluate", run=studio.run.id), "verdict")
    known = studio.bench.evaluation.verdict(studio.run.id)
    assert verdict["said"] == known.accuracy
    assert "expect" in verdict["said"]
    assert known.baseline in verdict["note"]
    assert verdict["low"] <= verdict["value"] <= verdict["high"]


def test_every_figure_of_the_verdict_has_a_sentence(studio, planted, helpers):
    run = planted([0, 1, 0, 2, 1, 1], "Six answers")
    (verdict,) = helpers.parts(studio.open("evaluate", run=run), "verdict")
    assert len(verdict["facts"]) == 4
    parts = [*verdict["facts"], verdict["weak"], verdict["pair"]]
    assert all(part["why"].endswith(".") for part in parts)


def test_the_verdict_names_the_weakest_classes_and_shows_the_worst_mix_up(studio, planted, helpers):
    run = planted([1] * 6, "Always the second")
    (verdict,) = helpers.parts(studio.open("evaluate", run=run), "verdict")
    known = studio.bench.evaluation.verdict(run)
    assert [row["name"] for row in verdict["weak"]["rows"]] == [weak.name for weak in known.weakest]
    mistaken, beside = verdict["pair"]["pictures"]
    assert known.mix_up.mistaken.sha256 in mistaken["src"]
    assert mistaken["title"] == known.mix_up.true
    assert beside["title"] == known.mix_up.said


def test_the_matrix_shows_literal_class_names_and_the_true_counts(studio, helpers):
    matrix = matrix_of(studio.open("evaluate", run=studio.run.id), helpers)
    report = studio.bench.evaluation.report(studio.run.id)
    assert matrix["classes"] == list(report.classes)
    assert matrix["counts"] == [list(row) for row in report.confusion_matrix]
    assert matrix["shares"] == "count"
    assert not matrix["others"]


def test_the_first_cell_shown_is_the_worst_mix_up_and_its_pictures_stand_beside_it(studio, helpers):
    app = studio.open("evaluate", run=studio.run.id)
    matrix, galleries = matrix_of(app, helpers), helpers.parts(app, "gallery")
    row, column = matrix["selected"]
    assert len(galleries[0]["items"]) == matrix["counts"][row][column]


def test_shares_by_row_and_by_column_and_the_order_are_a_person_s_choice(studio, helpers):
    app = studio.open("evaluate", run=studio.run.id)
    app.session_state["mixups_shares"] = "column"
    app.session_state["mixups_order"] = "similar"
    app.run()
    matrix = matrix_of(app, helpers)
    report = studio.bench.evaluation.report(studio.run.id)
    assert matrix["shares"] == "column"
    places = [report.classes.index(name) for name in matrix["classes"]]
    assert matrix["saidTotals"] == [sum(row[place] for row in report.confusion_matrix) for place in places]


def test_of_many_classes_a_part_is_shown_and_any_class_is_found(studio, planted, helpers):
    names = tuple(f"kind {number:03d}" for number in range(WIDE))
    run = planted([number % 7 for number in range(12)], "Many classes", names)
    app = studio.open("evaluate", run=run)
    matrix = matrix_of(app, helpers)
    assert len(matrix["classes"]) < WIDE
    assert matrix["others"] == f"{WIDE - len(matrix['classes'])} more"
    (search,) = [box for box in app.selectbox if box.key == "mixups_around"]
    assert len(search.options) == WIDE
    search.select("kind 002").run()
    assert "kind 002" in matrix_of(app, helpers)["classes"]


def test_the_classes_stand_in_a_table_with_their_ranges(studio, helpers):
    app = open_part(studio.open("evaluate", run=studio.run.id), "Classes")
    table = app.dataframe[0].value
    assert list(table.columns)[:4] == ["Class", "Test pictures", "Recall", "Recall, range"]
    assert set(table["Class"]) == set(helpers.HOSTILE)
    assert table["Recall, range"].str.endswith("%").all()


def test_the_figures_name_how_often_they_were_looked_at(studio, helpers):
    app = open_part(studio.open("evaluate", run=studio.run.id), "Figures")
    assert {metric.label for metric in app.metric} >= {"Accuracy", "Macro F1", "NLL", "Brier", "ECE"}
    assert "Looked at" in helpers.texts(app)


def test_mistakes_have_a_page_even_when_there_are_none(studio, helpers):
    app = open_part(studio.open("evaluate", run=studio.run.id), "Mistakes")
    found = studio.bench.mixups.mistakes(studio.run.id)
    galleries = helpers.parts(app, "gallery")
    assert len(galleries[-1]["items"]) == found.total if found.total else "No mistakes" in helpers.texts(app)


def test_mistakes_by_confidence_by_loss_and_where_another_run_disagrees(studio, planted, helpers):
    run = planted([1, 2, 0, 1, 0, 2], "Often wrong")
    app = open_part(studio.open("evaluate", run=run), "Mistakes")
    shown = {}
    for order in ("confidence", "loss", "disagreement"):
        app.session_state["mistakes_order"] = order
        app.run()
        shown[order] = [item["id"] for item in helpers.parts(app, "gallery")[-1]["items"]]
        other = app.session_state["mistakes_other"] if order == "disagreement" else None
        known = studio.bench.mixups.mistakes(run, order=order, other=other)
        assert shown[order] == [picture.sha256 for picture in known.pictures]
    assert "both runs make" in helpers.texts(app)


@pytest.mark.parametrize("part", ["Not sure", "Background", "Curves", "Slices"])
def test_every_part_opens(studio, helpers, part):
    app = open_part(studio.open("evaluate", run=studio.run.id), part)
    assert not app.error


def test_a_label_is_corrected_into_a_new_version_and_the_run_says_it_is_of_the_old_one(studio, planted, helpers):
    bench = studio.bench
    run = planted([1] * 6, "A label is wrong")
    picture = bench.mixups.mistakes(run).pictures[0]
    found = bench.mixups.in_dataset(run, picture)
    bench.editing.relabel(studio.run.dataset_id, [found.id], picture.predicted)
    try:
        words = helpers.texts(studio.open("evaluate", run=run))
        assert "What stands here is of the version it learned from" in words
    finally:
        bench.editing.undo(studio.run.dataset_id)


def test_a_run_of_an_earlier_version_has_its_verdict_and_classes_all_the_same(studio, planted, helpers):
    run = planted([1, 1, 0, 2, 2, 0], "Of an earlier version", with_answers=False)
    app = open_part(studio.open("evaluate", run=run), "Classes")
    assert helpers.parts(app, "verdict")
    assert len(app.dataframe[0].value) == 3
    assert open_part(app, "Curves").warning


def test_a_run_without_test_pictures_says_so_and_leads_on(untested, helpers):
    app = untested.open("evaluate", run=untested.run.id)
    assert "not tested" in app.title[0].value
    assert not app.warning
    assert [button.label for button in app.button if button.proto.type == "primary"] == ["Try it on your own picture"]


def test_a_link_to_a_run_that_is_not_here_is_not_answered_silently_with_another(studio, helpers):
    app = studio.open("evaluate", run="r-gone")
    assert "not here" in app.info[0].value
    assert app.query_params["run"] in {run.id for run in studio.bench.runs.list()}


@pytest.mark.parametrize(("probability", "words"), [(0.999, "It is > 99 % sure"), (0.6, "It is 60 % sure")])
def test_what_was_said_of_a_picture_is_a_sentence_and_no_quotation(helpers, probability, words):
    def page(picture):
        from pages.components.tested import _say

        _say(picture)

    hostile = helpers.HOSTILE[0]
    picture = TestedPicture(
        sha256="0" * 64, source_name="a.png", true=hostile, predicted="bee",
        probability=probability, probability_true=0.0001,
    )  # fmt: skip
    app = AppTest.from_function(page, kwargs={"picture": picture}).run()
    told = app.markdown[1].value.replace("\\", "")
    assert told.startswith(words)
    assert "was given < 0.1 %" in told
    assert md(hostile, 80) in app.markdown[1].value


def test_what_a_large_matrix_leaves_out_is_counted(helpers):
    block = ConfusionBlock(
        classes=helpers.HOSTILE[:2], counts=((3, 1), (0, 4)), true_totals=(9, 4), said_totals=(3, 7), known=1000
    )
    data = matrix_data(block, (0, 1), "row")
    assert data["others"] == "998 more"
    assert data["trueTotals"] == (9, 4)
    assert "percent of the true class" in data["key"]


def test_where_the_pictures_of_a_class_went_most_often(studio):
    report = studio.bench.evaluation.report(studio.run.id)
    matrix = ((2, 1, 3), (0, 4, 0), (1, 2, 2))
    changed: EvaluationReport = report.model_copy(update={"confusion_matrix": matrix})
    one, two, three = changed.classes
    assert [taken_for(changed, name) for name in (one, two, three)] == [three, two, two]
    looks = TestLooks(runs=4, looks=9)
    facts = verdict_data(studio.bench.evaluation.verdict(studio.run.id), report, looks)["facts"]
    assert facts[0]["figure"]
    assert facts[-1]["figure"] == "9 looks"
    assert "and 9 times of all 4 runs" in facts[-1]["why"]
