"""The list of runs, the line of those that wait, and two runs side by side."""

import io
import json
import re
import time

import pytest

from clf_core.config import TrainConfig
from clf_core.results import SearchSummary
from pages.components.runlist import _row as board_row
from pages.components.runlist import scale_from
from tests.planted_runs import dataset_answers, plant_run

HOSTILE_RUN = "<img src=x> **First** :red[run]"


def at_work(run):
    return run.model_copy(update={"id": "r-working", "name": "Busy", "state": "running", "metrics": {}, "epochs": 2})


def waiting(run, place):
    return at_work(run).model_copy(
        update={"id": f"r-{place}", "name": f"*Later* {place}", "state": "queued", "place": place, "epochs": 0}
    )


@pytest.fixture
def line(studio, monkeypatch):
    """One run at work and two that wait, as far as the page can see; what was done to them is noted."""
    runs, done = type(studio.bench.runs), []
    queue = [waiting(studio.run, 1), waiting(studio.run, 2)]
    monkeypatch.setattr(runs, "list", lambda self: (*queue, at_work(studio.run), studio.run))
    monkeypatch.setattr(runs, "waiting", lambda self: tuple(queue))
    monkeypatch.setattr(runs, "model_bytes", lambda self, ref: 0)
    monkeypatch.setattr(runs, "move", lambda self, ref, place: done.append(("move", ref, place)))
    monkeypatch.setattr(runs, "cancel", lambda self, ref: done.append(("cancel", ref)))
    monkeypatch.setattr(runs, "set_slots", lambda self, slots: done.append(("slots", slots)))
    return done


def test_a_run_stands_with_its_interval_and_its_ways_onward(studio, helpers):
    (board,) = helpers.parts(studio.open("runs"), "runboard")
    row = next(run for run in board["runs"] if run["id"] == studio.run.id)
    assert row["stateText"] == "Done"
    assert row["score"]["low"] <= row["score"]["value"] <= row["score"]["high"]
    assert [action["text"] for action in row["actions"]] == ["Evaluate", "Predict", "Training"]
    assert "· Quick" in row["what"]
    assert row["time"].endswith("MB")


def test_the_headline_gives_the_newest_result(studio, helpers):
    assert "right with" in studio.open("runs").title[0].value


def test_training_another_is_one_press_away(studio):
    app = studio.open("runs")
    next(button for button in app.button if button.label == "Train another").click().run()
    assert app.title[0].value.startswith("Train on")


def test_the_line_is_on_top_with_its_order(studio, helpers, line):
    app = studio.open("runs")
    assert app.header[0].value == "1 at work, 2 waiting"
    words = helpers.texts(app)
    assert "1. **\\*Later\\* 1**" in words
    assert "Training, epoch 2" in words
    assert app.button(key="up_r-1").disabled
    assert app.button(key="down_r-2").disabled
    app.button(key="up_r-2").click().run()
    app.button(key="down_r-1").click().run()
    app.button(key="leave_r-1").click().run()
    app.number_input(key="slots").set_value(2).run()
    assert line[:3] == [("move", "r-2", 1), ("move", "r-1", 2), ("cancel", "r-1")]
    assert ("slots", 2) in line


def test_searches_stand_in_the_line_with_the_runs(studio, helpers, line, monkeypatch):
    kind = type(studio.bench.searches)
    search = SearchSummary(
        id="s-1", name="**Search**", dataset="D", dataset_id="d", version=1, state="queued", created=0.0, place=3
    )
    busy = search.model_copy(update={"id": "s-2", "name": "Trying", "state": "running", "place": 0, "trials": 4})
    monkeypatch.setattr(kind, "list", lambda self: (search, busy))
    monkeypatch.setattr(kind, "waiting", lambda self: (search,))
    monkeypatch.setattr(kind, "move", lambda self, ref, place: line.append(("move", ref, place)))
    app = studio.open("runs")
    assert app.header[0].value == "2 at work, 3 waiting"
    assert "3. **\\*\\*Search\\*\\***" in helpers.texts(app)
    assert "Search, 4 sets of settings tried" in helpers.texts(app)
    app.button(key="up_s-1").click().run()
    assert line == [("move", "s-1", 2)]
    assert app.button(key="watch_s-2").label == "Watch"


def test_without_work_there_is_no_line(studio):
    assert not studio.open("runs").header


@pytest.mark.parametrize(
    ("change", "words", "action"),
    [
        ({"state": "queued", "place": 3}, "Waiting, number 3", "Watch"),
        ({"state": "running", "epochs": 4}, "Training, epoch 4", "Watch"),
        ({"state": "paused", "epochs": 2}, "Paused, epoch 2", "Go on"),
        ({"state": "interrupted", "epochs": 2, "resumable": True}, "Interrupted, epoch 2", "Go on"),
        ({"state": "failed"}, "Failed", "What happened"),
    ],
)
def test_every_state_has_its_words_and_its_way(studio, change, words, action):
    row = board_row(studio.run.model_copy(update={"metrics": {}, **change}), 0)
    assert row["stateText"] == words
    assert [item["text"] for item in row["actions"]] == [action]


def test_two_hundred_runs_are_listed_quickly_and_in_the_order_asked_for(studio, helpers, monkeypatch):
    runs = [
        studio.run.model_copy(
            update={
                "id": f"r-{n}",
                "created": float(n),
                "dataset_id": f"d-{n % 2}",
                "dataset": f"Set {n % 2}",
                "metrics": {"accuracy": n / 200, "accuracy_low": 0.0, "accuracy_high": 1.0},
            }
        )
        for n in range(200)
    ]
    monkeypatch.setattr(type(studio.bench.runs), "list", lambda self: tuple(reversed(runs)))
    monkeypatch.setattr(type(studio.bench.runs), "model_bytes", lambda self, ref: 0)
    app = studio.open("runs")
    (board,) = helpers.parts(app, "runboard")
    assert [run["id"] for run in board["runs"]][:2] == ["r-199", "r-198"]
    assert len(board["runs"]) == 25
    app.selectbox(key="runs_dataset").set_value("d-0")
    started = time.perf_counter()
    next(group for group in app.get("button_group") if group.key == "runs_order").set_value("Most accurate").run()
    assert time.perf_counter() - started < 2.0
    (board,) = helpers.parts(app, "runboard")
    assert [run["id"] for run in board["runs"]][:2] == ["r-198", "r-196"]


def test_the_size_of_a_quick_model_counts_the_network_it_shares(studio):
    assert studio.bench.runs.model_bytes(studio.run.id) > 10_000_000
    assert TrainConfig().preset == studio.run.preset == "quick"


@pytest.fixture
def pair(empty, helpers):
    """A workspace with two finished runs on one dataset: the first is wrong about a third of the test pictures."""
    bench = empty.bench
    report = bench.imports.files([("set.zip", io.BytesIO(helpers.archive()))], "A *starred* set")
    dataset = bench.datasets.get(report.dataset_id)
    number = dataset.splits["test"]
    wrong = plant_run(
        bench, dataset, dataset_answers(bench, dataset, [at % 3 > 0 for at in range(number)]), HOSTILE_RUN
    )
    right = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * number), "Second", TrainConfig(seed=7))
    empty.pair = wrong, right
    return empty


def test_two_ticked_runs_are_compared_at_an_address_of_their_own(pair, helpers):
    app = pair.open("runs")
    (board,) = helpers.parts(app, "runboard")
    assert all(run["tickable"] for run in board["runs"])
    assert board["ticking"] == {"ticked": [], "full": False, "fullText": "Two are ticked; untick one first"}
    assert "Tick two runs to compare them" in helpers.texts(app)
    first, second = pair.pair
    app.session_state["runs_ticked"] = [second]
    app.run()
    assert "**Second** is ticked. Tick another" in helpers.texts(app)
    app.session_state["runs_ticked"] = [second, first]
    app.run()
    (board,) = helpers.parts(app, "runboard")
    assert board["ticking"]["full"]
    primary = [button.label for button in app.button if button.proto.type == "primary"]
    assert primary == ["Compare the two"]
    app.button(key="compare").click().run()
    assert (app.query_params["first"], app.query_params["second"]) == (first, second)
    assert app.title[0].value.startswith(("Cannot tell yet", "'Second' is better"))
    app.button(key="all_runs").click().run()
    assert "first" not in app.query_params
    assert app.button(key="untick").label == "Untick"
    app.button(key="untick").click().run()
    assert not app.session_state["runs_ticked"]


def test_by_accuracy_each_run_is_told_how_it_stands_beside_the_first(pair, helpers):
    app = pair.open("runs")
    assert not any(run["note"] for board in helpers.parts(app, "runboard") for run in board["runs"])
    next(group for group in app.get("button_group") if group.key == "runs_order").set_value("Most accurate").run()
    (board,) = helpers.parts(app, "runboard")
    assert [run["id"] for run in board["runs"]] == [pair.pair[1], pair.pair[0]]
    standing = pair.bench.comparison.standings(pair.pair)[pair.pair[0]]
    assert board["runs"][0]["note"] == "Most right of these"
    assert board["runs"][1]["note"].startswith("Behind" if standing == "behind" else "Cannot be told")


def test_a_comparison_shows_the_pictures_the_classes_and_the_settings(pair, helpers):
    first, second = pair.pair
    app = pair.open("runs", first=first, second=second)
    figures = pair.bench.comparison.compare(first, second).figures
    assert figures.only_second > 0
    words = helpers.texts(app)
    assert "got" in words
    assert "\\<img" in words
    assert not re.search(r"(?<!\\)<img", words)
    (gallery,) = helpers.parts(app, "gallery")
    assert len(gallery["items"]) == figures.only_second
    assert all(item["title"] in helpers.HOSTILE for item in gallery["items"])
    assert f"({figures.only_second:,})" in json.dumps([str(group.proto) for group in app.get("button_group")])
    app.session_state["compare_view"] = "Classes"
    app.run()
    assert set(app.dataframe[0].value["Class"]) == set(helpers.HOSTILE)
    assert "McNemar" in helpers.texts(app)
    app.session_state["compare_view"] = "Settings and data"
    app.run()
    assert list(app.dataframe[0].value["Setting"]) == ["Seed"]
    assert "Only the seed differs" in helpers.texts(app)
    assert "Both saw version 1" in helpers.texts(app)
    app.session_state["compare_view"] = "Curves"
    app.run()
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert len(charts) == 3
    assert all(len(chart["data"]) == 2 for chart in charts)
    assert all("<img" not in line["name"] for chart in charts for line in chart["data"])
    app.session_state["compare_view"] = "Training"
    app.run()
    assert "leave no curve in common" in helpers.texts(app)


def test_runs_that_cannot_be_compared_say_why_and_lead_back(pair, helpers):
    app = pair.open("runs", first=pair.pair[0], second=pair.pair[0])
    assert app.title[0].value == "These two cannot be compared"
    assert "with itself" in app.warning[0].value
    assert app.button(key="all_runs").label == "All runs"


def test_a_single_run_has_nothing_to_be_ticked_for(studio, helpers):
    app = studio.open("runs")
    (board,) = helpers.parts(app, "runboard")
    assert board["ticking"] is None
    assert "Tick two" not in helpers.texts(app)


@pytest.mark.parametrize(
    ("low", "begins"), [(0.943, 0.9), (0.9, 0.8), (0.31, 0.3), (0.05, 0.0), (0.0, 0.0), (1.0, 0.9)]
)
def test_the_lines_begin_a_ten_below_the_lowest_band(studio, low, begins):
    metrics = {"accuracy": 1.0, "accuracy_low": low, "accuracy_high": 1.0}
    assert scale_from([studio.run.model_copy(update={"metrics": metrics})]) == begins


def test_where_the_lines_begin_is_said(studio, helpers):
    (board,) = helpers.parts(studio.open("runs"), "runboard")
    assert board["from"] == scale_from([studio.run])
    assert bool(board["legend"]) == bool(board["from"])


def test_how_often_test_pictures_were_looked_at_is_told_by_dataset(studio, helpers, monkeypatch):
    studio.bench.evaluation.report(studio.run.id)
    assert "on these test pictures were looked at" in helpers.texts(studio.open("runs"))
    elsewhere = studio.run.model_copy(update={"id": "r-elsewhere", "dataset_id": "d-elsewhere", "dataset": "Zoo"})
    monkeypatch.setattr(type(studio.bench.runs), "list", lambda self: [studio.run, elsewhere])
    words = helpers.texts(studio.open("runs"))
    assert "Results on the test pictures were looked at: A" in words
    assert "Zoo once" not in words
