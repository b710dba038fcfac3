"""Charts of curves and slices: what is drawn is what was measured, and names stay names."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clf_core.evaluation.curves import all_curves
from clf_core.evaluation.slices import by_value, judge
from clf_core.results.curves import Curves
from clf_core.results.slices import SliceReport
from clf_core.workspace import Workspace
from pages.components import curve_charts, curve_view, slice_view

HOSTILE = ("<b>x</b>", "%{x} :red[r]", "_plain_", "![p](http:evil.example)")


@pytest.fixture(scope="module")
def curves() -> Curves:
    random = np.random.default_rng(0)
    true = random.integers(0, 4, 300)
    logits = random.normal(size=(300, 4)) + 2 * np.eye(4)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return all_curves(HOSTILE, true, probabilities, np.arange(300), raw=probabilities)


@pytest.fixture(scope="module")
def report() -> SliceReport:
    right = np.arange(200) % 10 < 9
    right[:40] = np.arange(40) < 12
    kinds = ["<b>dark</b>"] * 40 + ["day"] * 160
    return judge(right, np.arange(200), np.zeros(200, dtype=np.int64), [by_value("*Light*", kinds)])


def test_the_mean_lies_over_the_chosen_classes_with_its_area(curves):
    figure = curve_charts.roc_chart(curves.roc, (*HOSTILE[:2], "not a class"))
    names = [trace["name"] for trace in figure["data"]]
    assert names[0] == "Guessing"
    assert names[1].startswith("&lt;b&gt;x&lt;/b&gt; (0.")
    assert names[-1] == f"Mean of all classes ({curves.roc.mean.area:.3f})"
    assert len(names) == 4
    assert figure["data"][1]["y"] == list(curves.roc.classes[0].y)
    assert len({trace["line"]["color"] for trace in figure["data"]}) == 4
    assert not any("%{x} :red" in trace.get("hovertemplate", "") for trace in figure["data"])


def test_precision_is_drawn_in_steps(curves):
    figure = curve_charts.precision_recall_chart(curves.precision_recall, HOSTILE)
    assert {trace["line"]["shape"] for trace in figure["data"]} == {"vh"}
    assert len(figure["data"]) == 5
    json.dumps(figure)


def test_the_reliability_diagram_shows_before_and_after_with_intervals(curves):
    after = curve_charts.reliability_chart(curves.reliability)
    assert [trace["name"] for trace in after["data"]] == ["As sure as right", "This model"]
    dots = curve_charts.reliability_chart(curves.reliability, curves.raw_reliability)["data"]
    assert [trace["name"] for trace in dots[1:]] == ["Before calibration", "After calibration"]
    assert all(value >= 0 for trace in dots[1:] for value in trace["error_y"]["array"])
    assert sum(dots[2]["customdata"]) == 300


def test_the_point_in_use_is_marked_on_the_answered_share(curves):
    figure = curve_charts.answered_chart(curves.answered, (0.8, 0.97))
    assert (figure["data"][1]["x"], figure["data"][1]["y"]) == ([0.8], [0.97])
    assert len(curve_charts.answered_chart(curves.answered)["data"]) == 1
    assert figure["layout"]["yaxis"]["range"][0] <= min(curves.answered.right)


def test_the_weakest_classes_come_first_and_the_table_holds_all(curves):
    areas = {curve.name: curve.area for curve in curves.roc.classes}
    assert curve_view.weakest_classes(curves.roc, 2) == sorted(areas, key=areas.__getitem__)[:2]
    table = curve_view.area_table(curves)
    assert [row["Class"] for row in table] == list(HOSTILE)
    assert table[0]["ROC area"] == f"{areas[HOSTILE[0]]:.3f}"


def test_the_tab_shows_every_curve(curves):
    def page(text: str) -> None:
        from clf_core.results.curves import Curves
        from pages.components.curve_view import show_curves

        show_curves(Curves.model_validate_json(text))

    app = AppTest.from_function(page, kwargs={"text": curves.model_dump_json()}, default_timeout=30).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 4
    assert [metric.label for metric in app.metric] == ["Right at once", "Among the best 2", "Among the best 3"]
    app.multiselect[0].set_value([HOSTILE[2]]).run()
    assert not app.exception
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace["name"].split(" (")[0] for trace in drawn["data"]] == ["Guessing", "_plain_", "Mean of all classes"]


def test_the_worst_kind_stands_on_top_in_another_colour(report):
    figure = slice_view.slice_chart(report)
    dots = figure["data"][1]
    assert dots["x"][-1] == report.slices[0].accuracy == 0.3
    assert dots["marker"]["color"][-1] != dots["marker"]["color"][0]
    assert figure["layout"]["yaxis"]["ticktext"][-1] == "*Light*: &lt;b&gt;dark&lt;/b&gt;"
    row = slice_view.slice_table(report)[0]
    assert (row["Kind"], row["Right"], row["Clearly worse"]) == ("<b>dark</b>", "30 %", "yes")


def test_the_page_says_where_too_few_pictures_were_tested_for_kinds_of_them(studio, helpers):
    app = studio.open("evaluate")
    app.session_state["view"] = "Slices"
    app.run()
    assert not app.exception
    assert "There are too few test pictures to look at kinds of them" in helpers.texts(app).replace("\\", "")


def test_a_table_is_kept_with_the_run_and_one_that_cannot_be_used_is_explained(studio, helpers):
    app = studio.open("evaluate", run=studio.run.id)
    app.session_state["view"] = "Slices"
    app.run()
    app.file_uploader[0].upload("bad.csv", b"file,camera\nnothing.png,old\n").run()
    assert not app.exception
    assert "names only 0 of the" in app.warning[0].value.replace("\\", "")
    assert "There are too few test pictures" in helpers.texts(app).replace("\\", "")
    names = Workspace(studio.bench.settings.workspace).runs.find(studio.run.id).answers("test").source_names
    good = "".join(f'"{name}",old\n' for name in names)
    app.file_uploader[0].upload("**my** table.csv", f"file,camera\n{good}".encode()).run()
    assert not app.exception
    assert not app.warning
    assert f"The table names {len(names)} of the {len(names)} test pictures" in helpers.texts(app)
    assert "\\*\\*my\\*\\* table" in helpers.texts(app)
    assert studio.bench.slices.of(studio.run.id).table == "**my** table.csv"
    app.button(key=f"slices_forget_{studio.run.id}").click().run()
    assert studio.bench.slices.of(studio.run.id).table is None
    assert "The table names" not in helpers.texts(app)
