"""Choosing a network: recommended, own or any of timm's; what cannot be had is said before the start."""

import pytest
from streamlit.testing.v1 import AppTest

from clf_core.models import availability
from pages.components.catalogue import NetworkChoice

DEFAULT = "tf_efficientnet_lite0"


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No server answers, and nothing was downloaded before."""
    from huggingface_hub import constants

    monkeypatch.setattr(availability, "answers", lambda address, seconds: False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def part() -> None:
    """The part alone on a page; AppTest reads this function's source."""
    import streamlit as st

    from pages.components.catalogue import choose_network
    from pages.components.workbench import workbench

    choice = choose_network(workbench(), "net")
    st.text(f"{choice.backbone}|{choice.continue_from}")


@pytest.fixture
def app(studio):
    return AppTest.from_function(part, default_timeout=60).run()


def chosen(app):
    assert not app.exception, app.exception
    return app.text[0].value.split("|")


def show(app, way):
    app.session_state["net_way"] = way
    return app.run()


def press(app, start):
    next(button for button in app.button if button.label.startswith(start)).click()
    return app.run()


def test_the_suggestion_is_chosen_and_its_card_tells_all(app, helpers):
    assert chosen(app) == [DEFAULT, ""]
    words = helpers.texts(app)
    assert "EfficientNet" in words
    assert "74.8 % at 224 pixels" in words
    assert "commercial use allowed" in words
    assert not app.warning


def test_a_network_that_cannot_be_had_is_told_before_the_start(app):
    press(app, "Use ResNet")
    assert chosen(app) == ["resnet50.a1_in1k", ""]
    assert "cannot be downloaded now" in app.warning[0].value
    assert "Connect this machine to the internet" in app.warning[0].value


def test_where_the_server_answers_the_download_is_announced(app, monkeypatch):
    monkeypatch.setattr(availability, "answers", lambda address, seconds: True)
    press(app, "Use MobileNetV4")
    assert not app.warning
    assert "About 10 MB are downloaded once" in app.info[0].value


def test_an_own_run_is_gone_on_from_and_its_name_stays_text(app, studio, helpers):
    show(app, "Your own networks")
    press(app, "Use this network")
    assert chosen(app) == [DEFAULT, studio.run.id]
    assert "A \\*starred\\* set" in helpers.texts(app)
    show(app, "Recommended")
    press(app, "Use EfficientNet")
    assert chosen(app) == [DEFAULT, ""]


def test_a_choice_whose_run_is_gone_falls_back(studio):
    app = AppTest.from_function(part, default_timeout=60)
    app.session_state["net"] = NetworkChoice(DEFAULT, "r_gone")
    assert chosen(app.run()) == [DEFAULT, ""]


def test_all_networks_are_searched_and_filtered(app):
    show(app, "All networks")
    assert len(app.dataframe[0].value) > 1700
    app.text_input[0].set_value("swin tiny").run()
    names = list(app.dataframe[0].value["Name"])
    assert 3 < len(names) < 20
    assert all("swin" in name and "tiny" in name for name in names)
    app.text_input[0].set_value("<script>").run()
    assert not app.dataframe
    app.text_input[0].set_value("").run()
    app.toggle[0].set_value(True).run()
    assert DEFAULT in list(app.dataframe[0].value["Name"])
    assert all(app.dataframe[0].value["Here"])
    chosen(app)


def test_the_catalogue_stays_light(studio):
    """Nothing of torch or timm may be loaded by looking."""
    import subprocess
    import sys

    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        "from tests.app.test_catalogue import part\n"
        "app = AppTest.from_function(part, default_timeout=60)\n"
        "app.session_state['net_way'] = 'All networks'\napp.run()\nassert not app.exception, app.exception\n"
        "print([name for name in ('torch', 'timm', 'openvino') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
