"""Asking a model about new pictures."""


def test_one_picture_gets_a_large_answer_and_its_heatmap(studio, helpers):
    app = studio.open("predict")
    app.file_uploader(key="predict_files").upload("new.png", helpers.picture(1, 99)).run()
    (answer,) = helpers.parts(app, "answer")
    assert answer["label"] == helpers.HOSTILE[1]
    assert len(answer["rows"]) == 3
    assert helpers.parts(app, "lens")


def test_many_pictures_become_a_table_in_which_every_file_stands(studio, helpers):
    app = studio.open("predict")
    zone = app.file_uploader(key="predict_files")
    zone.upload("a.png", helpers.picture(0, 98)).upload("b.png", helpers.picture(2, 97)).upload("c.png", b"no picture")
    app.run()
    table = app.dataframe[0].value
    assert list(table["File"]) == ["a.png", "b.png", "c.png"]
    assert (table["Sure"][:2] > 50).all()  # percent
    assert table["Note"].iloc[2].startswith("Skipped")
    assert app.download_button[0].label == "Download as CSV"


def test_a_folder_is_asked_about_with_the_places_of_its_files(studio, helpers):
    app = studio.open("predict")
    app.segmented_control(key="predict_way").set_value("A folder").run()
    zone = app.file_uploader(key="predict_folder")
    zone.upload("trip/day 1/a.png", helpers.picture(0, 98)).upload("trip/b.png", helpers.picture(2, 97))
    app.run()
    assert list(app.dataframe[0].value["File"]) == ["trip/day 1/a.png", "trip/b.png"]


def test_an_archive_without_a_picture_is_told(studio, helpers):
    app = studio.open("predict")
    empty_archive = helpers.archive(names=())
    app.file_uploader(key="predict_files").upload("empty.zip", empty_archive).run()
    assert "There is no picture in it" in helpers.texts(app)
    assert not app.download_button


def test_without_a_run_the_starter_model_answers(empty, helpers):
    app = empty.open("predict")
    assert not app.selectbox  # one model only: nothing to choose
    app.file_uploader(key="predict_files").upload("new.png", helpers.picture(1, 99)).run()
    assert len(helpers.parts(app, "answer")[0]["rows"]) == 5


def test_the_model_in_the_address_is_chosen(studio):
    assert studio.open("predict", model="starter").selectbox[0].value == "starter"
    assert studio.open("predict", model=studio.run.id).selectbox[0].value == studio.run.id
