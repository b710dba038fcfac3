"""The list of runs, and the line of those that wait."""

import time

import pytest

from clf_core.config import TrainConfig
from pages.components.runlist import _row as board_row


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
    assert app.header[0].value == "1 run at work, 2 waiting"
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
