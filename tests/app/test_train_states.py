"""Every state of a training on its page: what is told, what can be done, and that it is really asked for."""

import pytest

from clf_core.config import TrainConfig
from clf_core.results import EpochPoint, ErrorWords, PanelAnswer, RunProgress, StepPoint
from pages.components.curves import epoch_spec
from pages.components.watching import panel_items, stage_data


def as_one(value):
    return value if isinstance(value, str) else value[0]


def epoch(number, train=0.5, val=0.6, *, best=False):
    known = number > 0
    return EpochPoint(
        epoch=number, train_loss=train if known else None, train_accuracy=1 - train if known else None, val_loss=val,
        val_accuracy=1 - val, learning_rate=1e-3, seconds=2.0, images_per_second=120.0, best=best,
    )  # fmt: skip


STEP = StepPoint(epoch=3, epochs=8, batch=5, batches=20, loss=0.4, learning_rate=4e-4, memory_bytes=600_000_000)
EPOCHS = (epoch(0, val=0.9), epoch(1, 0.6, 0.5), epoch(2, 0.4, 0.3, best=True))
PANEL = (
    PanelAnswer(sha256="ab", true="**bold** :red[red] $x^2$", predicted="**bold** :red[red] $x^2$", probability=0.9),
    PanelAnswer(sha256="cd", true="ant", predicted="bee", probability=0.6),
)


@pytest.fixture
def staged(studio, monkeypatch):
    """``staged(state, …)`` makes the page see a run of the preset balanced in that state; what it asks for is noted."""
    asked = []

    def make(state, *, error=None, progress=None, config=None, **fields):
        known = {"preset": "balanced", "epochs": 2, "kept_bytes": 9_000_000, "metrics": {}, "seconds": 40.0}
        run = studio.run.model_copy(update={**known, "state": state, "error": error, **fields})
        seen = {
            "run": run, "stage": "tune", "done": 45, "total": 160, "rate": 4.0, "eta_seconds": 31.0, "at_most": True,
            "curve": (), "messages": (), "step": STEP, "epochs": EPOCHS, "panel": PANEL,
            "coach": ("It is getting better.",),
        }  # fmt: skip
        runs = type(studio.bench.runs)
        monkeypatch.setattr(runs, "get", lambda self, ref: run)
        monkeypatch.setattr(runs, "progress", lambda self, ref: RunProgress(**{**seen, **(progress or {})}))
        monkeypatch.setattr(runs, "config", lambda self, ref: config or TrainConfig(preset="balanced"))
        monkeypatch.setattr(runs, "chosen", lambda self, ref: {"learning_rate": 0.0004, "batch_size": 32})
        for name in ("pause", "stop", "cancel", "resume"):
            monkeypatch.setattr(runs, name, lambda self, ref, name=name: asked.append(name))
        monkeypatch.setattr(runs, "move", lambda self, ref, place: asked.append(f"move to {place}"))
        monkeypatch.setattr(runs, "extend", lambda self, ref, epochs: asked.append(f"extend {epochs}") or run)
        monkeypatch.setattr(runs, "with_smaller_batch", lambda self, ref: TrainConfig(preset="balanced", batch_size=16))
        return studio.open("train", run=run.id)

    make.asked = asked
    return make


def labels(app, kind=None):
    return [button.label for button in app.button if kind is None or button.proto.type == kind]


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_learning_rates_that_are_tried_are_watched_and_a_run_that_tries_none_has_no_such_step(staged, helpers):
    tries = {"stage": "rates", "done": 30, "total": 90, "messages": ("Trying the learning rate 0.001, 2 of 3.",)}
    (strip,) = helpers.parts(staged("running", progress=tries), "stages")
    assert strip["share"] == pytest.approx(1 / 3)
    assert {"30 of 90 batches", "Trying the learning rate 0.001, 2 of 3."} <= set(strip["figures"])
    without = {"stages": ("prepare", "features", "head", "tune", "finish", "test")}
    (strip,) = helpers.parts(staged("running", progress=without), "stages")
    assert strip["step"] == "Step 4 of 6: Learn in epochs"


def test_a_run_at_work_is_watched_by_epochs(staged, helpers):
    app = staged("running")
    (strip,) = helpers.parts(app, "stages")
    assert strip["headline"] == "Up to 31 seconds left"
    names = [stage["name"] for stage in strip["stages"]]
    assert names[2:5] == ["Fit the last layer", "Try learning rates", "Learn in epochs"]
    assert strip["step"] == "Step 5 of 7: Learn in epochs"
    for words in (
        "epoch 3 of 8",
        "batch 5 of 20",
        "120 pictures per second",
        "learning rate 0.0004",
        "600 MB of memory",
    ):
        assert words in strip["figures"]
    (pictures,) = helpers.parts(app, "panel")
    assert [item["tone"] for item in pictures["items"]] == ["right", "wrong", *[""] * 6]
    assert pictures["items"][1]["sure"] == "60 %; it is ant"
    words = helpers.texts(app)
    assert "It is getting better" in words
    assert "epoch 2, 70 % of the validation pictures right" in words
    assert "Everything of this run is lost" in words


@pytest.mark.parametrize(
    ("label", "asked"), [("Pause", "pause"), ("Stop and keep the best", "stop"), ("Cancel", "cancel")]
)
def test_what_can_be_done_to_it_is_asked_of_it(staged, label, asked):
    press(staged("running"), label)
    assert staged.asked == [asked]


def test_what_was_asked_for_already_is_said(staged, helpers):
    app = staged("running", wish="pause")
    (strip,) = helpers.parts(app, "stages")
    assert strip["headline"] == "Pausing"
    assert next(button for button in app.button if button.label == "Pause").disabled
    assert not next(button for button in app.button if button.label == "Cancel").disabled


def test_a_run_that_waits_says_its_place_and_can_be_put_first(staged, helpers):
    app = staged("queued", place=3, epochs=0)
    assert app.title[0].value.endswith("waits for its turn")
    assert "Number 3 in line; 2 are to begin before it" in helpers.texts(app)
    press(app, "Put it first")
    press(app, "Cancel")
    assert staged.asked == ["move to 1", "cancel"]
    assert "It is next" in helpers.texts(staged("queued", place=1))


def test_a_paused_run_goes_on_from_its_epoch(staged, helpers):
    app = staged("paused", resumable=True)
    assert app.title[0].value.endswith("is paused after epoch 2")
    assert labels(app, "primary") == ["Resume after epoch 2"]
    assert "9.0 MB are freed" in helpers.texts(app)
    assert helpers.parts(app, "panel")
    for label in ("Resume after epoch 2", "Stop and keep the best", "Cancel"):
        press(app, label)
    assert staged.asked == ["resume", "stop", "cancel"]


def test_an_interrupted_run_offers_to_go_on_and_a_smaller_batch_where_memory_ran_out(staged, helpers):
    error = ErrorWords(what="The training was interrupted at epoch 2", why="as it does when memory runs out")
    app = staged("interrupted", resumable=True, error=error)
    assert app.title[0].value.endswith("was interrupted at epoch 2")
    assert labels(app, "primary") == ["Resume after epoch 2"]
    assert "Train again with batches of 16" in labels(app)
    press(app, "Resume after epoch 2")
    assert staged.asked == ["resume"]


def test_one_interrupted_before_its_first_checkpoint_begins_again(staged):
    app = staged("interrupted", resumable=True, epochs=0, kept_bytes=0, progress={"epochs": (), "step": None})
    assert labels(app, "primary") == ["Resume"]
    assert "Stop and keep the best" not in labels(app)


def test_a_failed_run_tells_why_and_what_now(staged, helpers):
    app = staged("failed", error=ErrorWords(what="The disk is full", remedy="Free some space", kind="storage"))
    assert "The disk is full" in helpers.texts(app)
    assert labels(app, "primary") == ["Train again"]
    assert "2 epochs done" in helpers.texts(app)
    assert labels(staged("failed", resumable=True), "primary") == ["Resume after epoch 2"]


def test_a_cancelled_run_keeps_nothing(staged, helpers):
    app = staged("cancelled", kept_bytes=0)
    assert "No model was kept" in helpers.texts(app)
    assert labels(app) == ["Train again"]


def test_a_done_run_says_what_the_studio_chose_and_can_be_extended(staged, studio, helpers):
    app = staged("done", metrics=studio.run.metrics)
    words = helpers.texts(app)
    assert labels(app, "primary") == ["See how good it is"]
    assert "Kept: epoch 2" in words
    assert "learning rate 0.0004, batch size 32" in words
    press(app, "Train 5 more epochs")
    assert staged.asked == ["extend 5"]
    assert "Train 5 more epochs" not in labels(staged("done", metrics=studio.run.metrics, kept_bytes=0))


def test_under_a_limit_of_time_no_number_of_epochs_is_promised(studio):
    run = studio.run.model_copy(update={"preset": "full", "state": "running"})
    step = STEP.model_copy(update={"epochs": 1_000_000})
    progress = RunProgress(
        run=run, stage="tune", done=45, total=0, rate=4.0, eta_seconds=90.0, curve=(), messages=(), step=step
    )
    data = stage_data(progress, TrainConfig(preset="full", minutes=3))
    assert "epoch 3" in data["figures"]
    assert data["headline"] == "About 2 min left" or data["headline"].startswith("About 1 min")
    assert 0 < data["share"] < 1


def test_the_curves_keep_their_axes_and_mark_the_best():
    empty, full = epoch_spec((), "accuracy", 8), epoch_spec(EPOCHS, "accuracy", 8)
    assert empty["xAxis"]["max"] == full["xAxis"]["max"] == 8
    training, validation = full["series"]
    assert training["data"] == [[1, 40.0], [2, 60.0]]  # nothing was learned from before the first epoch
    assert validation["data"][0] == [0, 10.0]
    assert validation["markLine"]["data"] == [{"xAxis": 2}]
    assert epoch_spec(EPOCHS, "loss", 1_000_000)["xAxis"]["max"] == 5
    assert "markLine" not in epoch_spec(EPOCHS[:2], "loss", 8)["series"][1]


def test_the_panel_keeps_its_places():
    assert len(panel_items(())) == len(panel_items(PANEL * 10)) == 8
