"""The list of runs."""


def test_a_run_stands_with_its_interval_and_its_ways_onward(studio, helpers):
    (board,) = helpers.parts(studio.open("runs"), "runboard")
    row = next(run for run in board["runs"] if run["id"] == studio.run.id)
    assert row["stateText"] == "Done"
    assert row["score"]["low"] <= row["score"]["value"] <= row["score"]["high"]
    assert [action["text"] for action in row["actions"]] == ["Evaluate", "Predict"]


def test_the_headline_gives_the_newest_result(studio, helpers):
    assert "right with" in studio.open("runs").title[0].value


def test_training_another_is_one_press_away(studio):
    app = studio.open("runs")
    app.button[0].click().run()
    assert app.title[0].value.startswith("Train on")
