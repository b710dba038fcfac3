"""Starting a training and the states a run can be in."""

import io

import pytest

from clf_core.config import TrainConfig
from clf_core.results import CurvePoint, ErrorWords, RunProgress
from pages.components.curves import head_spec
from pages.components.watching import stage_data


def as_one(value):
    """AppTest gives query parameters set by a page as text, those set by a test as a list."""
    return value if isinstance(value, str) else value[0]


def test_what_will_happen_is_said_before_it_does(studio, helpers):
    app = studio.open("train", new="1")
    words = helpers.texts(app)
    assert "What will happen" in words
    assert "Quick: **about" in words
    assert next(b for b in app.button if b.label == "Train").proto.type == "primary"


def test_advanced_fields_are_explained_by_the_config_itself(studio):
    app = studio.open("train", new="1")
    app.session_state["advanced"] = True
    app.run()
    helps = {widget.help for kind in ("selectbox", "number_input", "toggle", "text_input") for widget in app.get(kind)}
    for name in ("selection", "folds", "refit", "strengths", "seed"):
        assert TrainConfig.model_fields[name].description in helps


def test_a_setting_that_cannot_be_used_is_named_and_blocks_training(studio):
    app = studio.open("train", new="1")
    app.session_state["advanced"] = True
    app.run()
    app.text_input(key="config_strengths").set_value("1, nonsense").run()
    assert app.warning[0].value.startswith("**'Strengths to try")
    assert next(button for button in app.button if button.label == "Train").disabled


def test_a_finished_run_leads_to_its_evaluation(studio):
    app = studio.open("train", run=studio.run.id)
    assert app.title[0].value.startswith("Done")
    assert next(b for b in app.button if b.label == "See how good it is").proto.type == "primary"


def test_a_double_click_or_a_second_tab_starts_one_run(studio):
    before = len(studio.bench.runs.list())
    tabs = [studio.open("train", new="1") for _ in range(2)]
    for tab in tabs:
        tab.number_input(key="config_seed").set_value(50).run()  # not what the run before was started with
        next(button for button in tab.button if button.label == "Train").click().run()
    assert as_one(tabs[0].query_params["run"]) == as_one(tabs[1].query_params["run"])
    assert len(studio.bench.runs.list()) == before + 1
    studio.bench.runs.wait(as_one(tabs[0].query_params["run"]))


def test_training_runs_in_another_process_and_can_be_cancelled(studio, helpers):
    app = studio.open("train", new="1")
    next(button for button in app.button if button.label == "Train").click().run()
    run_id = as_one(app.query_params["run"])
    assert studio.bench.runs.get(run_id).id == run_id
    again = studio.open("train", run=run_id)  # as after a reload, or in another tab
    if studio.bench.runs.get(run_id).state in ("starting", "running"):
        cancel = [button for button in again.button if button.label == "Cancel"]
        if cancel:
            cancel[0].click().run()
    ended = studio.bench.runs.wait(run_id)
    app = studio.open("train", run=run_id)
    assert ended.state in ("cancelled", "done")
    assert ("was cancelled" in app.title[0].value) == (ended.state == "cancelled")


@pytest.mark.parametrize(
    ("state", "words"), [("failed", "failed"), ("cancelled", "was cancelled"), ("interrupted", "was interrupted")]
)
def test_every_bad_ending_is_told_and_offers_another_try(studio, helpers, monkeypatch, state, words):
    error = ErrorWords(what="The disk is full", remedy="Free some space", kind="storage") if state == "failed" else None
    run = studio.run.model_copy(update={"state": state, "error": error})
    monkeypatch.setattr(type(studio.bench.runs), "get", lambda self, ref: run)
    monkeypatch.setattr(
        type(studio.bench.runs),
        "progress",
        lambda self, ref: RunProgress(
            run=run, stage="features", done=3, total=9, rate=0.0, eta_seconds=None, curve=(), messages=()
        ),
    )
    app = studio.open("train", run=run.id)
    assert words in app.title[0].value
    assert next(button for button in app.button if button.label == "Train again").proto.type == "primary"
    assert ("The disk is full" in helpers.texts(app)) == (state == "failed")


def test_an_unknown_run_in_the_address_is_told_and_the_form_shown(studio):
    app = studio.open("train", run="r-unknown", new="1")
    assert len(app.warning) == 1
    assert [button for button in app.button if button.label == "Train"]


def test_the_stage_strip_says_where_the_run_stands(studio):
    progress = RunProgress(
        run=studio.run, stage="features", done=30, total=120, rate=61.2, eta_seconds=7.4, curve=(), messages=()
    )
    data = stage_data(progress, TrainConfig())
    assert [stage["state"] for stage in data["stages"]] == ["done", "now", "todo", "todo"]
    assert data["headline"] == "About 7 seconds left"
    assert data["share"] == 0.25
    assert "30 of 120 pictures" in data["figures"]
    assert "61 pictures per second" in data["figures"]


def test_the_curve_keeps_its_axis_and_draws_points_in_order():
    points = [
        CurvePoint(strength=s, train_loss=0.1, train_accuracy=0.99, val_loss=0.2, val_accuracy=v)
        for s, v in ((10.0, 0.91), (0.1, 0.84))
    ]
    empty, full = head_spec(()), head_spec(tuple(points))
    assert (empty["xAxis"]["min"], empty["xAxis"]["max"]) == (full["xAxis"]["min"], full["xAxis"]["max"])
    assert full["series"][1]["data"] == [[0.1, 84.0], [10.0, 91.0]]
    assert full["yAxis"]["min"] <= 80


def test_without_test_pictures_the_plan_promises_no_test_and_the_end_no_verdict(untested, helpers):
    form = untested.open("train", dataset=untested.run.dataset_id, new="1")
    assert "cannot be tested" in helpers.texts(form)
    assert "without comparing any" in helpers.texts(form)
    done = untested.open("train", run=untested.run.id)
    assert done.title[0].value == "Done"
    assert [button.label for button in done.button if button.proto.type == "primary"] == ["Try it on a picture"]


def preparing(studio, **query):
    """The train page with the preparation opened."""
    app = studio.open("train", new="1", **query)
    app.session_state["preparation"] = True
    return app.run()


def choose(app, key, value):
    next(group for group in app.get("button_group") if group.key == key).set_value(value).run()
    assert not app.exception, app.exception


def start(app):
    next(button for button in app.button if button.label == "Train").click().run()
    return as_one(app.query_params["run"])


def test_the_preparation_is_said_before_it_is_opened(studio, helpers):
    app = studio.open("train", new="1")
    assert "cut to their centre and shown as they are" in helpers.texts(app)
    assert not helpers.parts(app, "prepared")
    assert not helpers.parts(app, "variants")


def test_before_and_after_on_ones_own_picture(studio, helpers):
    app = preparing(studio)
    (first,) = helpers.parts(app, "prepared")
    assert "40 × 40 pixels" in first["before"]["text"]
    assert first["after"]["text"] == "224 × 224 pixels"
    assert all(first[name]["src"].startswith("data:image/jpeg;base64,") for name in ("before", "after", "values"))
    assert [round(share, 4) for share in first["seen"]] == [0.0625, 0.0625, 0.875, 0.875]
    next(button for button in app.button if button.label == "Another picture").click().run()
    (second,) = helpers.parts(app, "prepared")
    assert second["before"]["src"] != first["before"]["src"]
    choose(app, "prep_fit", "squeeze")
    (whole,) = helpers.parts(app, "prepared")
    assert whole["seen"] == [0, 0, 1, 1]
    assert "squeezed into a square" in helpers.texts(app)


def test_presets_show_nine_variants_and_frame_those_learned_from(studio, helpers):
    app = preparing(studio)
    choose(app, "prep_preset", "standard")
    (shown,) = helpers.parts(app, "variants")
    assert len(set(shown["pictures"])) == 9
    assert shown["used"] == 3
    assert "with 3 standard variants of each" in helpers.texts(app)
    app.number_input(key="prep_views").set_value(5).run()
    assert helpers.parts(app, "variants")[0]["used"] == 5
    choose(app, "prep_preset", "auto")
    assert not helpers.parts(app, "variants")


def test_the_single_switches_show_the_preset_and_moving_one_makes_it_ones_own(studio, helpers):
    app = preparing(studio)
    choose(app, "prep_preset", "standard")
    assert app.slider(key="augment_rotate").value == 10
    assert app.toggle(key="augment_flip_horizontal").value is True
    (before,) = helpers.parts(app, "variants")
    app.slider(key="augment_rotate").set_value(40.0).run()
    assert app.session_state["prep_preset"] == "custom"
    (after,) = helpers.parts(app, "variants")
    assert set(after["pictures"]).isdisjoint(before["pictures"])
    assert "with 3 variants of each" in helpers.texts(app)
    choose(app, "prep_preset", "light")
    assert app.slider(key="augment_rotate").value == 0
    choose(app, "prep_preset", "custom")
    for name in ("brightness", "contrast"):
        app.slider(key=f"augment_{name}").set_value(0.0).run()
    app.slider(key="augment_crop").set_value(1.0).run()
    app.toggle(key="augment_flip_horizontal").set_value(False).run()
    assert "Every switch is off" in helpers.texts(app)
    assert "shown as they are" in helpers.texts(app)


def test_every_switch_is_explained_by_the_config_itself(studio):
    from clf_core.config import AugmentConfig

    app = preparing(studio)
    helps = {widget.help for kind in ("slider", "toggle", "number_input") for widget in app.get(kind)}
    for name in (*AugmentConfig.switches(), "flips"):
        assert AugmentConfig.model_fields[name].description in helps


def test_digits_are_not_mirrored_unless_asked_for(empty, helpers):
    data = helpers.archive(("0", "1", "2"), each=4)
    report = empty.bench.imports.files([("digits.zip", io.BytesIO(data))], "Digits")
    app = preparing(empty, dataset=report.dataset_id)
    choose(app, "prep_preset", "strong")
    assert app.toggle(key=f"prep_flips_{report.dataset_id}").value is False
    assert "a mirrored digit is another sign" in helpers.texts(app)
    assert "never mirrored" in helpers.texts(app)
    assert not [toggle for toggle in app.toggle if toggle.key == "augment_flip_horizontal"]
    app.toggle(key=f"prep_flips_{report.dataset_id}").set_value(True).run()
    assert "never mirrored" not in helpers.texts(app)


def test_what_was_chosen_is_what_is_trained_and_told_afterwards(studio, helpers):
    app = preparing(studio)
    choose(app, "prep_fit", "pad")
    choose(app, "prep_preset", "light")
    app.number_input(key="prep_views").set_value(1).run()
    app.session_state["preparation"] = False  # closing it forgets nothing
    app.run()
    run_id = start(app)
    config = studio.bench.runs.config(run_id)
    assert (config.fit, config.augment.preset, config.views) == ("pad", "light", 1)
    assert studio.bench.runs.wait(run_id).state == "done"
    done = studio.open("train", run=run_id)
    assert "made square with bars, with 1 light variant of each" in helpers.texts(done)


def test_variants_are_counted_among_what_is_looked_at(studio):
    progress = RunProgress(
        run=studio.run, stage="features", done=30, total=120, rate=61.2, eta_seconds=7.4, curve=(), messages=()
    )
    assert "30 of 120 pictures and variants" in stage_data(progress, TrainConfig(augment="light"))["figures"]
