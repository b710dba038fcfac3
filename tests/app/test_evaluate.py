"""The verdict and its evidence."""


def test_the_verdict_comes_first_with_its_interval(studio, helpers):
    (verdict,) = helpers.parts(studio.open("evaluate"), "verdict")
    report = studio.bench.evaluation.report(studio.run.id)
    assert report.verdict.startswith(verdict["said"])
    assert "expect" in verdict["said"]
    assert verdict["low"] <= verdict["value"] <= verdict["high"]


def test_the_matrix_shows_literal_class_names_and_the_true_counts(studio, helpers):
    (matrix,) = helpers.parts(studio.open("evaluate"), "matrix")
    report = studio.bench.evaluation.report(studio.run.id)
    assert matrix["classes"] == list(report.classes)
    assert matrix["counts"] == [list(row) for row in report.confusion_matrix]


def test_the_first_cell_shown_is_the_worst_mix_up_and_its_pictures_stand_beside_it(studio, helpers):
    app = studio.open("evaluate")
    (matrix,), galleries = helpers.parts(app, "matrix"), helpers.parts(app, "gallery")
    row, column = matrix["selected"]
    assert len(galleries[0]["items"]) == matrix["counts"][row][column]


def test_precision_recall_and_f1_stand_in_a_table(studio, helpers):
    app = studio.open("evaluate")
    app.session_state["view"] = "Classes"
    app.run()
    table = app.dataframe[0].value
    assert list(table.columns) == ["Class", "Test pictures", "Precision", "Recall", "F1"]
    assert set(table["Class"]) == set(helpers.HOSTILE)


def test_the_figures_name_how_often_they_were_looked_at(studio, helpers):
    app = studio.open("evaluate")
    app.session_state["view"] = "Figures"
    app.run()
    assert {metric.label for metric in app.metric} >= {"Accuracy", "Macro F1", "NLL", "Brier", "ECE"}
    assert "Looked at" in helpers.texts(app)


def test_mistakes_have_a_page_even_when_there_are_none(studio, helpers):
    app = studio.open("evaluate")
    app.session_state["view"] = "Surest mistakes"
    app.run()
    mistakes = studio.bench.evaluation.mistakes(studio.run.id)
    galleries = helpers.parts(app, "gallery")
    assert len(galleries[0]["items"]) == len(mistakes) if mistakes else "No mistakes" in helpers.texts(app)


def test_a_run_without_test_pictures_says_so_and_leads_on(untested, helpers):
    app = untested.open("evaluate", run=untested.run.id)
    assert "not tested" in app.title[0].value
    assert not app.warning
    assert [button.label for button in app.button if button.proto.type == "primary"] == ["Try it on your own picture"]


def test_a_link_to_a_run_that_is_not_here_is_not_answered_silently_with_another(studio, helpers):
    app = studio.open("evaluate", run="r-gone")
    assert "not here" in app.info[0].value
    assert studio.run.id in app.query_params["run"]
