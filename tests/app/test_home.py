"""The first screen."""


def test_a_picture_gets_five_answers_and_a_heatmap(empty, helpers):
    app = empty.open()
    app.file_uploader(key="home_file").upload("a.png", helpers.picture(0, 1, side=200)).run()
    (answer,) = helpers.parts(app, "answer")
    assert len(answer["rows"]) == 5
    assert answer["label"] == answer["rows"][0]["name"]
    assert "milliseconds" in answer["took"]
    (lens,) = helpers.parts(app, "lens")
    assert lens["picture"].startswith("data:image/webp;base64,")
    assert lens["heatmap"].startswith("data:image/webp;base64,")


def test_a_text_file_called_jpg_is_explained_in_words(empty, helpers):
    app = empty.open()
    app.file_uploader(key="home_file").upload("notes.jpg", b"these are words").run()
    assert len(app.warning) == 1
    assert all(words in app.warning[0].value for words in ("notes", "text file", "Give a JPEG"))
    assert not app.error
    assert not helpers.parts(app, "answer")


def test_a_sample_is_one_press_from_its_data_page(empty, helpers):
    app = empty.open()
    app.button(key="sample_shapes").click().run()
    helpers.wait_for_import(app)
    assert "ready to train" in app.title[0].value
    assert len(empty.bench.datasets.list()) == 1
    assert len(helpers.parts(app, "balance")[0]["rows"]) == 4


def test_recent_runs_are_offered(studio, helpers):
    (board,) = helpers.parts(studio.open(), "runboard")
    newest = [run.id for run in studio.bench.runs.list()]  # other tests may have made some as well
    assert [run["id"] for run in board["runs"]] == newest[: len(board["runs"])]
    assert len(board["runs"]) == min(4, len(newest))
    scores = [run["score"] for run in board["runs"] if run["score"]]
    assert all(score["low"] <= score["value"] for score in scores)


def test_the_same_archive_dropped_twice_becomes_two_datasets(empty, helpers):
    for _ in range(2):
        app = empty.open()
        helpers.deliver(app, empty.bench, helpers.archive(("ant", "bee"), each=6), "Fruit.zip", key="home")
        helpers.wait_for_import(app)
    assert [dataset.name for dataset in empty.bench.datasets.list()] == ["Fruit 2", "Fruit"]
