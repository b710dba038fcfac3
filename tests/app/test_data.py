"""The page about a dataset: import, report, counts, gallery."""


def give_archive(app, data):
    app.file_uploader(key="import_archive").upload("Fruit.zip", data).run()
    return app


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()


def test_an_archive_becomes_a_dataset_named_after_it(empty, helpers):
    app = give_archive(empty.open("data"), helpers.archive(("ant", "bee"), each=6))
    press(app, "Import")
    helpers.wait_for_import(app)
    (dataset,) = empty.bench.datasets.list()
    assert dataset.name == "Fruit"
    assert app.title[0].value == "12 pictures in 2 classes, ready to train"
    assert next(button for button in app.button if button.label == "Train").proto.type == "primary"


def test_importing_waits_until_there_is_something_to_import(empty):
    button = next(button for button in empty.open("data").button if button.label == "Import")
    assert button.disabled
    assert button.help == "Give pictures first"


def test_one_class_only_is_refused_in_words(empty, helpers):
    app = give_archive(empty.open("data"), helpers.archive(("ant",), each=4))
    press(app, "Import")
    helpers.wait_for_import(app)
    assert "class" in app.warning[0].value
    assert not empty.bench.datasets.list()


def test_a_broken_zip_is_refused_in_words(empty, helpers):
    app = give_archive(empty.open("data"), b"PK\x03\x04 and then nothing")
    press(app, "Import")
    helpers.wait_for_import(app)
    assert len(app.warning) == 1
    assert "Fruit" in app.warning[0].value
    assert not app.error


def test_after_a_failed_import_one_can_try_again_or_go_back(studio, helpers):
    app = studio.open()
    app.file_uploader(key="home_archive").upload("Broken.zip", b"PK\x03\x04 and then nothing").run()
    helpers.wait_for_import(app)
    assert app.title[0].value == "Nothing was added"
    assert app.file_uploader(key="import_archive")
    app.run()
    assert len(app.warning) == 1  # the words stay until the person goes on
    press(app, "Back to my datasets")
    assert not app.warning
    assert "pictures in" in app.title[0].value


def test_a_folder_on_the_machine_can_be_imported(empty, helpers, tmp_path):
    for colour, name in enumerate(("ant", "bee")):
        for number in range(5):
            path = tmp_path / "set" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(helpers.picture(colour, number))
    app = empty.open("data")
    app.segmented_control(key="import_way").set_value("Folder on this machine").run()
    app.text_input(key="import_path").set_value(str(tmp_path / "set")).run()
    press(app, "Import")
    helpers.wait_for_import(app)
    assert [dataset.name for dataset in empty.bench.datasets.list()] == ["set"]


def test_skipped_files_are_listed_with_their_reason(studio):
    app = studio.open("data")
    assert app.expander[0].label == "1 file could not be used"
    row = app.dataframe[0].value.iloc[0]
    assert row["File"].endswith("broken.png")
    assert row["Reason"]


def test_counts_and_gallery_show_literal_names(studio, helpers):
    app = studio.open("data")
    (balance,) = helpers.parts(app, "balance")
    assert {row["name"] for row in balance["rows"]} == set(helpers.HOSTILE)
    (gallery,) = helpers.parts(app, "gallery")
    assert len(gallery["items"]) == 42
    assert all(item["src"].startswith("/thumb/") and item["alt"] for item in gallery["items"])


def test_the_gallery_can_be_filtered(studio, helpers):
    app = studio.open("data")
    next(box for box in app.selectbox if box.label == "Class").set_value(helpers.HOSTILE[1]).run()
    (gallery,) = helpers.parts(app, "gallery")
    assert {item["title"] for item in gallery["items"]} == {helpers.HOSTILE[1]}


def test_an_import_lost_with_the_server_is_not_passed_over_in_silence(studio):
    app = studio.open("data", **{"import": "1"})
    assert "import it again" in app.info[0].value
    assert "import" not in app.query_params
    assert "pictures in" in app.title[0].value
