"""The form of a training: cards, the settings of the chosen preset, warnings, and what is started."""

import pytest

from clf_core.config import PRESETS, NetworkConfig, Pooling, TrainConfig, settings_of
from clf_core.results import DatasetSummary


def form(studio, preset=None, **query):
    app = studio.open("train", new="1", **query)
    if preset:
        app.session_state["preset"] = preset
        app.run()
        assert not app.exception
    return app


def train_button(app):
    return next(button for button in app.button if button.label == "Train")


def started(app, bench, monkeypatch):
    """Press Train and return the settings that would be trained with."""
    configs = []
    monkeypatch.setattr(
        type(bench.runs), "start", lambda self, ref, config: configs.append(config) or bench.runs.list()[0]
    )
    train_button(app).click().run()
    return configs[0]


def test_every_preset_is_a_card_with_its_time_and_one_is_recommended(studio, helpers):
    (part,) = helpers.parts(form(studio), "presets")
    assert [card["id"] for card in part["cards"]] == list(PRESETS)
    assert all(card["time"].startswith(("About", "Up to")) and card["quality"] for card in part["cards"])
    (recommended,) = [card for card in part["cards"] if card["badge"]]
    assert recommended["id"] == part["chosen"] == "quick"
    assert "smallest class has" in recommended["reason"]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_chosen_preset_shows_its_own_settings_and_no_others(studio, helpers, preset):
    app = form(studio, preset)
    (part,) = helpers.parts(app, "presets")
    assert part["chosen"] == preset
    kinds = ("selectbox", "number_input", "toggle", "text_input", "slider")
    keys = {widget.key for kind in kinds for widget in app.get(kind)}
    shown = {key.removeprefix("config_") for key in keys if key and key.startswith("config_")}
    elsewhere = {"preset", "fit", "augment", "views", "network", "backbone", "continue_from"}
    assert shown == settings_of(preset) - elsewhere
    assert not train_button(app).disabled


def test_an_empty_number_is_chosen_by_the_studio(studio, monkeypatch):
    app = form(studio, "full")
    assert app.number_input(key="config_learning_rate").value is None
    assert app.number_input(key="config_epochs").placeholder == "automatic"
    app.number_input(key="config_epochs").set_value(3).run()
    config = started(app, studio.bench, monkeypatch)
    assert config == TrainConfig(preset="full", epochs=3)


def test_what_contradicts_itself_is_said_before_the_start(studio):
    app = form(studio, "full")
    app.number_input(key="config_epochs").set_value(3).run()
    app.number_input(key="config_minutes").set_value(2.0).run()
    assert any(warning.value.startswith("**'Minutes, in place of epochs'") for warning in app.warning)
    assert train_button(app).disabled


def test_an_unusual_choice_is_warned_of_and_not_forbidden(studio, monkeypatch):
    app = form(studio, "balanced")
    app.number_input(key="config_batch_size").set_value(512).run()
    assert any("A batch of 512 and only 27" in warning.value for warning in app.warning)
    assert started(app, studio.bench, monkeypatch).batch_size == 512


def test_another_preset_leaves_behind_what_it_has_no_use_for(studio, monkeypatch):
    app = form(studio, "full")
    app.number_input(key="config_epochs").set_value(3).run()
    app.session_state["preset"] = "quick"
    app.run()
    assert started(app, studio.bench, monkeypatch) == TrainConfig()


def test_variants_are_new_in_every_epoch_where_each_is_seen_anew(studio, helpers, monkeypatch):
    app = form(studio, "full")
    next(group for group in app.get("button_group") if group.key == "prep_preset").set_value("standard").run()
    assert "each changed anew in every epoch (standard variants)" in helpers.texts(app)
    assert "prep_views" not in {widget.key for widget in app.number_input}
    config = started(app, studio.bench, monkeypatch)
    assert (config.augment.preset, config.views) == ("standard", None)


def test_a_preset_in_the_address_is_taken(studio, helpers):
    (part,) = helpers.parts(studio.open("train", new="1", preset="thorough"), "presets")
    assert part["chosen"] == "thorough"


def test_hostile_class_names_in_a_warning_stay_literal(studio, monkeypatch):
    find = type(studio.bench.plans._workspace.datasets).find

    def unequal(self, ref, version=None):
        dataset: DatasetSummary = find(self, ref, version)
        first = next(iter(dataset.classes))
        splits = {**dataset.class_splits, first: {"train": 100}}
        return dataset.model_copy(update={"class_splits": splits})

    monkeypatch.setattr(type(studio.bench.plans._workspace.datasets), "find", unequal)
    app = form(studio, "balanced")
    (warning,) = [warning.value for warning in app.warning if "Against classes of unequal size" in warning.value]
    assert "![" not in warning
    assert "<img" not in warning


def test_the_network_is_chosen_from_the_catalogue_or_from_own_runs(studio, helpers, monkeypatch):
    app = form(studio, "balanced")
    assert "Network to begin from: **EfficientNet" in helpers.texts(app)
    app.session_state["beginning_part"] = True
    app.run()
    next(button for button in app.button if button.label.startswith("Use MobileNetV4")).click().run()
    app.session_state["beginning_part"] = False  # closing it forgets nothing
    app.run()
    assert started(app, studio.bench, monkeypatch).backbone.startswith("mobilenetv4")


def test_a_run_of_ones_own_can_be_gone_on_from(studio, monkeypatch):
    app = form(studio, "balanced")
    app.session_state["beginning_part"] = True
    app.run()
    next(group for group in app.get("button_group") if group.key == "beginning_way").set_value(
        "Your own networks"
    ).run()
    app.button(key="beginning_mine_0").click().run()
    config = started(app, studio.bench, monkeypatch)
    assert config.continue_from == studio.bench.runs.list()[0].id
    assert config == TrainConfig(preset="balanced", continue_from=config.continue_from)


def choose_variants(app, name):
    next(group for group in app.get("button_group") if group.key == "prep_preset").set_value(name).run()
    assert not app.exception


def test_presets_that_make_variants_by_themselves_say_so_and_can_be_told_not_to(studio, helpers, monkeypatch):
    app = form(studio, "balanced")
    assert "with up to 3 standard variants of each" in helpers.texts(app)
    choose_variants(app, "none")
    assert "shown as they are" in helpers.texts(app)
    app.session_state["preset"] = "quick"
    app.run()
    assert "shown as they are" in helpers.texts(app)
    app.session_state["preset"] = "balanced"  # the choice holds where it makes a difference
    app.run()
    config = started(app, studio.bench, monkeypatch)
    assert config.augment.preset == "none"


def test_the_plan_says_that_it_learns_from_the_validation_pictures_only_where_it_does(studio, helpers):
    app = form(studio)
    assert "then learns from them too" in helpers.texts(app)
    app.toggle(key="config_refit").set_value(False).run()
    assert "then learns from them too" not in helpers.texts(app)
    app.session_state["preset"] = "balanced"
    app.run()
    assert "some of them that are held back at first" in helpers.texts(app)


def test_an_impossible_network_neither_hides_nor_loses_what_is_set_under_advanced(studio, monkeypatch):
    app = form(studio, "scratch")
    app.number_input(key="config_epochs").set_value(7).run()
    possible = app.session_state["network_draft"]
    broken = NetworkConfig(layers=(Pooling(size=5), Pooling(size=5), Pooling(size=5)))
    app.session_state["network_draft"] = type(possible).of(broken)
    app.run()
    assert next(button for button in app.button if button.label == "Train").disabled
    assert app.number_input(key="config_epochs").value == 7
    app.session_state["network_draft"] = possible
    app.run()
    assert started(app, studio.bench, monkeypatch).epochs == 7
