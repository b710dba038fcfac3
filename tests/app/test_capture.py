"""The camera form: what it tells its web part, the button that makes a dataset, and the phone's way in."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import phone
from pages.components.workbench import workbench

ANY = "0.0.0.0"  # noqa: S104 - a setting to be read, nothing is bound


def camera_page():
    import streamlit as st

    from pages.components.capture import capture_form
    from pages.components.importing import follow_import
    from pages.components.workbench import workbench

    if follow_import() != "going":
        st.title("Camera")
        capture_form(workbench(), into=st.session_state.get("into"), key="camera")


@pytest.fixture
def opened(empty):
    """The form on an empty workspace, after its first run."""

    def open_it(**state) -> AppTest:
        app = AppTest.from_function(camera_page, default_timeout=60)
        for name, value in state.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


def capture_of(app):
    identifier = app.query_params["capture"]
    return workbench().captures.get(identifier[0] if isinstance(identifier, list) else identifier)


def take(helpers, capture, *counts):
    for entry, count in zip(capture.classes, counts, strict=False):
        for number in range(count):
            workbench().captures.add(capture.token, entry.id, helpers.picture(entry.id, number), burst=number)


def make_button(app):
    return app.button(key="camera_make")


def test_two_classes_wait_from_the_start(opened, helpers):
    app = opened()
    (part,) = helpers.parts(app, "capture")
    assert [entry["name"] for entry in part["state"]["classes"]] == ["Class 1", "Class 2"]
    assert part["address"] == f"/capture/{capture_of(app).token}"
    assert make_button(app).disabled
    assert "Take pictures first" in helpers.texts(app)


def test_pictures_become_a_dataset(opened, helpers):
    app = opened()
    capture = capture_of(app)
    take(helpers, capture, 10, 10)
    app.run()
    assert make_button(app).label == "Make a dataset of 20 pictures"
    app.text_input[0].set_value("My things").run()
    make_button(app).click().run()
    helpers.wait_for_import(app)
    (dataset,) = workbench().datasets.list()
    assert (dataset.name, dataset.classes) == ("My things", {"Class 1": 10, "Class 2": 10})
    app.run()
    assert capture_of(app).id != capture.id, "the next pictures begin anew"
    assert capture_of(app).total == 0


def test_a_dataset_needs_a_name(opened, helpers):
    app = opened()
    take(helpers, capture_of(app), 1, 1)
    app.text_input[0].set_value("  ").run()
    assert make_button(app).disabled
    assert "Give it a name first" in helpers.texts(app)


def test_one_class_is_enough_to_begin_and_the_page_says_what_comes(opened, helpers):
    app = opened()
    take(helpers, capture_of(app), 3)
    app.run()
    assert not make_button(app).disabled
    assert "Training will ask for a second" in helpers.texts(app)


def test_too_few_holds_are_named_before_it_is_too_late(opened, helpers):
    app = opened()
    capture = capture_of(app)
    for kind, burst in ((0, 1), (0, 1), (0, 2), (1, 3), (1, 4), (1, 5)):
        workbench().captures.add(capture.token, kind, helpers.picture(kind, burst), burst=burst)
    app.run()
    assert "at least 3 holds" in helpers.texts(app)
    workbench().captures.add(capture.token, 0, helpers.picture(0, 9), burst=9)
    app.run()
    assert "at least 3 holds" not in helpers.texts(app)


def test_pictures_are_added_to_a_dataset_under_its_own_classes(opened, helpers, empty):
    data = helpers.archive(("ant", "bee"), each=8)
    import io

    report = empty.bench.imports.files([("set.zip", io.BytesIO(data))], "Insects")
    app = opened(into=report.dataset_id)
    capture = capture_of(app)
    assert [entry.name for entry in capture.classes] == ["ant", "bee"]
    assert not app.text_input
    workbench().captures.add(capture.token, 1, helpers.picture(2, 99))
    app.run()
    assert make_button(app).label == "Add 1 picture"
    make_button(app).click().run()
    helpers.wait_for_import(app)
    assert workbench().datasets.get("Insects").classes == {"ant": 8, "bee": 9}


def test_a_reload_finds_the_pictures_again(opened, helpers):
    first = opened()
    capture = capture_of(first)
    take(helpers, capture, 2)
    again = AppTest.from_function(camera_page, default_timeout=60)
    again.query_params["capture"] = capture.id
    again.run()
    assert make_button(again).label == "Make a dataset of 2 pictures"


@pytest.mark.parametrize("given", ["../../etc", "c-00000000000000000000", "<b>"])
def test_an_address_that_leads_nowhere_begins_anew(empty, given):
    app = AppTest.from_function(camera_page, default_timeout=60)
    app.query_params["capture"] = given
    app.run()
    assert not app.exception
    assert not app.error
    assert capture_of(app).total == 0


def test_a_phone_is_told_how_to_get_in_while_the_studio_is_closed(opened, helpers, monkeypatch):
    monkeypatch.setattr(phone, "lan_address", lambda: "192.168.7.20")
    app = opened()
    app.toggle(key="camera_phone").set_value(True).run()
    assert "answers only this machine" in helpers.texts(app)
    assert "HTTPS" in helpers.texts(app)
    assert app.code[0].value.endswith("--server.allowedHosts localhost --server.allowedHosts 192.168.7.20")


@pytest.mark.parametrize(
    ("origin", "words"), [("http://192.168.7.20:8501", "plain HTTP"), ("https://s.example", "day")]
)
def test_a_phone_gets_a_code_and_the_address_in_letters(opened, helpers, monkeypatch, origin, words):
    monkeypatch.setattr(phone, "reachable_origin", lambda: origin)
    app = opened()
    app.toggle(key="camera_phone").set_value(True).run()
    assert app.code[0].value == f"{origin}/phone/{capture_of(app).token}"
    assert words in helpers.texts(app)
    assert len(app.get("image")) == 1


@pytest.mark.parametrize(
    ("url", "options", "lan", "expected"),
    [
        ("http://localhost:8501/data", {}, "192.168.7.20", None),  # bound to this machine
        ("http://192.168.7.20:8501/data", {}, None, "http://192.168.7.20:8501"),
        ("https://studio.example/data", {}, None, "https://studio.example"),
        ("http://localhost:8501", {"address": ANY, "allowedHosts": []}, "10.0.0.5", "http://10.0.0.5:8501"),
        ("http://localhost:8501", {"address": "", "allowedHosts": ["10.0.0.5"]}, "10.0.0.5", "http://10.0.0.5:8501"),
        ("http://localhost:8501", {"address": "", "allowedHosts": ["localhost"]}, "10.0.0.5", None),
        ("http://localhost:8501", {"address": ANY, "allowedHosts": []}, None, None),  # no network
        ("http://[::1]:8501", {"address": "10.0.0.5", "allowedHosts": ["*"]}, None, "http://10.0.0.5:8501"),
        (None, {"address": "::", "allowedHosts": []}, "10.0.0.5", "http://10.0.0.5:9000"),
        (None, {"address": "", "allowedHosts": [], "sslCertFile": "c"}, "10.0.0.5", "https://10.0.0.5:9000"),
    ],
)
def test_the_address_for_a_phone_is_one_that_reaches_the_studio(monkeypatch, url, options, lan, expected):
    closed = {"address": "127.0.0.1", "allowedHosts": ["127.0.0.1", "localhost"], "sslCertFile": None, "port": 9000}
    asked = {f"server.{name}": value for name, value in {**closed, **options}.items()}
    monkeypatch.setattr(phone.st, "get_option", asked.__getitem__)
    monkeypatch.setattr(phone.st, "context", type("Context", (), {"url": url}))
    monkeypatch.setattr(phone, "lan_address", lambda: lan)
    assert phone.reachable_origin() == expected


def test_the_machine_s_address_is_found_without_sending_anything():
    found = phone.lan_address()
    assert found is None or not found.startswith("127.")


def test_a_code_is_a_png_that_grows_with_the_text():
    short, long = phone.qr_code("http://a"), phone.qr_code("http://a/" + "x" * 200)
    assert short.startswith(b"\x89PNG")
    assert len(long) > len(short)
