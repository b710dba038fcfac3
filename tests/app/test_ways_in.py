"""The ways pictures come in: what arrives is imported at once unless something has to be asked first."""

import io
import tarfile

import pytest


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()


def labels(app):
    return [button.label for button in app.button]


def tar(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as opened:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            opened.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def fruit(helpers):
    return helpers.archive(("ant", "bee"), each=6)


def test_an_archive_becomes_a_dataset_named_after_it_without_another_press(empty, helpers, fruit):
    app = empty.open("data")
    helpers.deliver(app, empty.bench, fruit, "Fruit.zip")
    helpers.wait_for_import(app)
    (dataset,) = empty.bench.datasets.list()
    assert dataset.name == "Fruit"
    assert app.title[0].value == "12 pictures in 2 classes, ready to train"
    assert next(button for button in app.button if button.label == "Train").proto.type == "primary"
    assert empty.bench.uploads.list() == ()


def test_a_name_typed_while_it_is_sent_is_the_name(empty, helpers, fruit):
    app = empty.open("data")
    app.text_input(key="import_name").set_value("Mine").run()
    helpers.deliver(app, empty.bench, fruit, "Fruit.zip")
    helpers.wait_for_import(app)
    assert [dataset.name for dataset in empty.bench.datasets.list()] == ["Mine"]


def test_a_name_that_is_taken_waits_for_another(studio, helpers, fruit):
    app = studio.open("data")
    app.expander[-1].open = True
    app.session_state["more"] = True
    app.run()
    app.text_input(key="import_name").set_value("a *Starred* set").run()
    upload = helpers.deliver(app, studio.bench, fruit, "Fruit.zip")
    button = app.button(key="import_start")
    assert (button.disabled, button.help) == (True, "There is a dataset of this name")
    studio.bench.uploads.discard(upload)


def test_before_anything_is_given_there_is_nothing_to_press(empty):
    app = empty.open("data")
    assert "Import" not in labels(app)
    app.segmented_control(key="import_way").set_value("Folder on this machine").run()
    button = app.button(key="import_start")
    assert (button.disabled, button.help) == (True, "Give pictures first")


def test_with_advanced_open_the_import_waits_and_uses_what_was_chosen(empty, helpers, fruit):
    app = empty.open("data")
    app.session_state["import_advanced"] = True
    app.run()
    app.slider(key="import_cut").set_value((50, 60)).run()
    app.number_input(key="import_seed").set_value(7).run()
    helpers.deliver(app, empty.bench, fruit, "Fruit.zip")
    assert not empty.bench.datasets.list()
    press(app, "Import")
    helpers.wait_for_import(app)
    config = empty.bench.datasets.list()[0].split_config
    assert (config.train, config.val, config.test, config.seed) == (0.5, 0.1, 0.4, 7)


def test_loose_pictures_wait_for_their_class(studio, helpers):
    app = studio.open("data")
    app.session_state["more"] = True
    data = tar([(f"{number}.png", helpers.picture(0, 900 + number)) for number in range(3)])
    upload = helpers.deliver(app, studio.bench, data, "Pictures", loose=True)
    assert app.button(key="import_start").help == "Say first which class the pictures are"
    app.text_input(key="import_label").set_value("cat").run()
    assert not app.button(key="import_start").disabled
    studio.bench.uploads.discard(upload)


def test_a_video_asks_how_many_pictures_and_which_class(empty, helpers):
    app = empty.open("data")
    helpers.deliver(app, empty.bench, b"\0\0\0\x18ftypmp42 not really", "Street.MP4")
    assert app.number_input(key="import_rate").value == 1
    assert app.text_input(key="import_label").label == "Which class are these pictures?"
    assert app.text_input(key="import_name").value == "Street"
    assert not empty.bench.datasets.list()


def test_pictures_are_added_to_the_dataset_that_is_open(empty, helpers, fruit):
    app = empty.open("data")
    helpers.deliver(app, empty.bench, fruit, "Fruit.zip")
    helpers.wait_for_import(app)
    press(app, "Add pictures")
    key = f"add_{empty.bench.datasets.list()[0].id}"
    data = tar([(f"{number}.png", helpers.picture(1, 700 + number)) for number in range(3)])
    helpers.deliver(app, empty.bench, data, "Pictures", key=key, loose=True)
    app.text_input(key=f"{key}_label").set_value("bee").run()
    press(app, "Add the pictures")
    helpers.wait_for_import(app)
    (dataset,) = empty.bench.datasets.list()
    assert (dataset.version, dataset.classes) == (2, {"ant": 6, "bee": 9})


def test_a_broken_archive_is_refused_in_words_and_the_upload_is_offered_again(empty, helpers):
    app = empty.open("data")
    upload = helpers.deliver(app, empty.bench, b"PK\x03\x04 and then nothing", "Fruit.zip")
    helpers.wait_for_import(app)
    assert len(app.warning) == 1
    assert "Fruit" in app.warning[0].value
    assert not app.error
    assert not empty.bench.datasets.list()
    assert "need not be sent again" in helpers.texts(app)
    (zone,) = helpers.parts(app, "upload")
    assert zone["given"] == {"id": upload, "name": "Fruit.zip", "size": 21}
    press(app, "Import")
    helpers.wait_for_import(app)
    assert len(app.warning) == 1


def test_after_a_failed_import_one_can_try_again_or_go_back(studio, helpers):
    app = studio.open()
    upload = helpers.deliver(app, studio.bench, b"PK\x03\x04 and then nothing", "Broken.zip", key="home")
    helpers.wait_for_import(app)
    assert app.title[0].value == "Nothing was added"
    app.run()
    assert len(app.warning) == 1  # the words stay until the person goes on
    press(app, "Back to my datasets")
    assert not app.warning
    assert "pictures in" in app.title[0].value
    studio.bench.uploads.discard(upload)


def test_what_was_sent_earlier_can_be_used_or_discarded(empty, helpers, fruit):
    bench = empty.bench
    for name in ("First.zip", "Second.zip"):
        upload = bench.uploads.begin(name, len(fruit), name)
        bench.uploads.append(upload.id, 0, fruit)
    app = empty.open("data")
    assert "First\\.zip" in helpers.texts(app)
    first, second = reversed(bench.uploads.list())
    app.button(key=f"import_discard_{second.id}").click().run()
    assert bench.uploads.list() == (first,)
    app.button(key=f"import_use_{first.id}").click().run()
    assert helpers.parts(app, "upload")[0]["given"]["id"] == first.id
    press(app, "Import")
    helpers.wait_for_import(app)
    assert [dataset.name for dataset in bench.datasets.list()] == ["First"]


def test_an_upload_that_is_gone_is_not_offered(empty, helpers, fruit):
    app = empty.open("data")
    app.session_state["import_arrived"] = "../../etc/passwd"
    app.run()
    assert helpers.parts(app, "upload")[0]["given"] is None
    assert not app.error


def test_the_zone_is_given_a_token_that_holds(empty, helpers):
    from pages.components.uploading import token_holds

    app = empty.open("data")
    token = helpers.parts(app, "upload")[0]["token"]
    assert token_holds(token)
    app.run()
    assert helpers.parts(app, "upload")[0]["token"] == token, "a rerun changes nothing that a browser must read again"


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


def test_an_import_lost_with_the_server_is_not_passed_over_in_silence(studio):
    app = studio.open("data", **{"import": "1"})
    assert "import it again" in app.info[0].value
    assert "need not be sent again" in app.info[0].value
    assert "import" not in app.query_params
    assert "pictures in" in app.title[0].value
