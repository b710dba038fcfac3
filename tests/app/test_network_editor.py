"""The editor of the small network: every edit shows at once what it comes to, and what cannot be says why."""

from types import SimpleNamespace
from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from clf_core.api import open_workbench
from clf_core.config import (
    NETWORK_PRESETS,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    NetworkConfig,
    Pooling,
    Residual,
)
from clf_core.models.small_cnn_shapes import network_shape
from clf_core.settings import Settings
from pages.components import network_editor as editor
from pages.components.network_drawing import layer_words, tiles


def page():
    import streamlit as st

    from pages.components.network_editor import network_editor
    from pages.components.workbench import workbench

    st.session_state["given"] = network_editor(workbench(), "net", 10)


@pytest.fixture
def app(tmp_path, use):
    use(SimpleNamespace(bench=open_workbench(Settings(workspace=tmp_path))))
    opened = AppTest.from_function(page, default_timeout=60).run()
    assert not opened.exception, opened.exception
    return opened


def button(app, words):
    return next(button for button in app.button if button.label.startswith(words))


def choose(app, place):
    """As a click on a block does."""
    draft = app.session_state["net_draft"]
    app.session_state["net_draft"] = editor.replace(draft, chosen=place)
    return app.run()


def kinds(app):
    return [layer.kind for layer in app.session_state["net_draft"].network.layers]


def test_it_begins_with_the_textbooks_design(app, helpers):
    assert app.session_state["given"] == NetworkConfig()
    (drawn,) = helpers.parts(app, "network")
    assert [tile["title"] for tile in drawn["tiles"]] == [
        "Picture",
        "Convolution",
        "Pooling",
        "Flatten",
        "Dense",
        "Dense",
    ]
    assert drawn["tiles"][1]["gives"] == "32 × 32 × 32"
    assert drawn["tiles"][1]["weights"] == "896 weights"
    assert "3 × 3 pixels" in drawn["tiles"][1]["words"]
    assert drawn["selected"] == 1
    words = helpers.texts(app)
    assert "1,050,890 weights" in words
    assert "> 99 % of them in layer 4" in words or "100 % of them in layer 4" in words


def test_a_changed_layer_changes_shapes_and_weights_at_once(app, helpers):
    app.number_input(key="net_0_filters").set_value(8).run()
    app.number_input(key="net_0_stride").set_value(2).run()
    app.selectbox(key="net_0_activation").set_value("tanh").run()
    first = app.session_state["given"].layers[0]
    assert first == Convolution(filters=8, stride=2, activation="tanh")
    (drawn,) = helpers.parts(app, "network")
    assert (drawn["tiles"][1]["gives"], drawn["tiles"][1]["weights"]) == ("8 × 16 × 16", "224 weights")
    assert f"{network_shape(app.session_state['given'], 10).parameters:,} weights" in helpers.texts(app)


def test_layers_are_added_moved_and_removed_and_keep_their_settings(app):
    app.number_input(key="net_0_filters").set_value(8).run()
    app.selectbox(key="net_kind").set_value("Convolution").run()
    button(app, "Add").click().run()
    assert kinds(app) == ["convolution", "convolution", "pooling", "flatten", "dense"]
    assert app.session_state["net_draft"].chosen == 2
    app.number_input(key="net_4_filters").set_value(16).run()
    button(app, "Earlier").click().run()
    assert [layer.filters for layer in app.session_state["given"].layers[:2]] == [16, 8]
    assert app.number_input(key="net_4_filters").value == 16
    choose(app, 2)
    assert app.number_input(key="net_0_filters").value == 8
    button(app, "Remove").click().run()
    assert kinds(app) == ["convolution", "pooling", "flatten", "dense"]
    choose(app, 4)
    assert button(app, "Later").disabled
    choose(app, 5)
    app.selectbox(key="net_kind").set_value("Dropout").run()
    button(app, "Add before the last").click().run()
    assert kinds(app)[-1] == "dropout"
    assert app.session_state["given"].layers[-1] == Dropout()


def test_an_impossible_stack_explains_itself_at_the_layer(app, helpers):
    choose(app, 3)
    button(app, "Remove").click().run()
    assert app.session_state["given"] is None
    assert "Layer 3, dense, does not fit" in app.warning[0].value
    assert "flatten or global pooling before it" in app.warning[0].value
    (drawn,) = helpers.parts(app, "network")
    assert [tile["fault"] for tile in drawn["tiles"]] == [False, False, False, True, False]
    assert [tile["maps"] > 0 for tile in drawn["tiles"]] == [True, True, True, False, False]
    app.selectbox(key="net_kind").set_value("Global pooling").run()
    choose(app, 2)
    button(app, "Add").click().run()
    assert app.session_state["given"].layers == (Convolution(), Pooling(), GlobalPooling(), Dense())
    assert not app.warning


def test_without_any_layer_the_last_one_says_what_is_missing(app):
    for _ in range(4):
        button(app, "Remove").click().run()
        choose(app, min(1, len(kinds(app))))
    assert kinds(app) == []
    assert "The last layer does not fit" in app.warning[0].value
    assert button(app, "Remove").disabled


@pytest.mark.parametrize("name", NETWORK_PRESETS)
def test_every_design_can_be_started_from(app, helpers, name):
    app.pills(key="net_design").set_value(name).run()
    assert app.session_state["given"] == NETWORK_PRESETS[name].network
    assert NETWORK_PRESETS[name].description in helpers.texts(app).replace("\\", "")
    app.selectbox(key="net_kind").set_value("Batch norm").run()
    button(app, "Add").click().run()
    assert app.pills(key="net_design").value is None
    assert "Your own design" in helpers.texts(app)


def test_the_picture_has_a_size(app):
    choose(app, 0)
    app.number_input(key="net_size").set_value(64).run()
    assert app.session_state["given"].input_size == 64
    assert button(app, "Remove").disabled


def test_what_a_browser_sends_is_looked_at_twice(app):
    before = app.session_state["net_draft"]
    state = {"net_draft": before}
    patched = pytest.MonkeyPatch()
    patched.setattr(editor.st, "session_state", state)
    try:
        for place in (-1, 99, "1", None, 1.5, {"a": 1}):
            editor._pick("net", place)
            assert state["net_draft"] == before
        editor._act("net", "burn", 1)
        editor._act("net", "remove", 0)
        assert state["net_draft"].network == before.network
        editor._act("net", "later", 1)
        assert [layer.kind for layer in state["net_draft"].network.layers][:2] == ["pooling", "convolution"]
        editor._act("net", "remove", 2)
        assert [layer.kind for layer in state["net_draft"].network.layers] == ["pooling", "flatten", "dense"]
    finally:
        patched.undo()


def test_every_kind_of_layer_can_be_added_and_has_words():
    known = set(get_args(get_args(Layer)[0]))
    assert set(editor._KINDS.values()) == known
    fields = {name for kind in known for name in kind.model_fields if name != "kind"}
    assert fields == set(editor._LABELS)
    for kind in known:
        assert layer_words(kind())[0]
    stack = (Residual(stride=2), Convolution(padding="none"), Flatten())
    drawn = tiles(NetworkConfig(layers=stack), network_shape(NetworkConfig(layers=stack), 2))
    assert [tile["detail"] for tile in drawn[1:3]] == ["32 maps, stride 2", "32 of 3 × 3, no border, ReLU"]


def test_a_late_word_of_a_layers_widgets_undoes_nothing():
    draft = editor._Draft.of(NetworkConfig())
    without = editor.replace(draft, chosen=2).removed()
    assert without.changed(1, {"size": 3}) == without  # the pooling is gone
    assert without.changed(0, {"filters": 8}).network.layers == (Convolution(filters=8), Flatten(), Dense())
    assert without.changed(0, {"filters": 8}).chosen == without.chosen
