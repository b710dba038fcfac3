"""Settings as they are typed, and what is told while a run is followed."""

import pytest

from clf_core.cli.runs import _settings, _Teller
from clf_core.config import TrainConfig, train_config
from clf_core.errors import ConfigError
from clf_core.results import RunProgress, RunSummary, StepPoint


@pytest.mark.parametrize(
    "typed",
    [
        ["augment.preset=light", "augment.flips=false", "fit=pad"],
        ["fit=pad", 'augment={"preset": "light", "flips": false}'],
        ['augment={"preset": "light"}', "augment.flips=false", "fit=pad"],
        ["augment=strong", 'augment={"preset": "light", "flips": false}', "fit = pad".replace(" ", "")],
    ],
)
def test_ways_to_type_the_same(typed):
    assert train_config(_settings(typed)) == TrainConfig(augment={"preset": "light", "flips": False}, fit="pad")


def test_a_word_is_a_preset_and_switches_alone_are_ones_own():
    assert train_config(_settings(["augment=strong"])).augment.preset == "strong"
    own = train_config(_settings(["augment.rotate=15", "augment.crop=0.7"])).augment
    assert (own.preset, own.rotate, own.crop) == ("custom", 15, 0.7)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (["augment=light", "augment.rotate=15"], "augment.rotate"),
        (["augment.rotate=far"], "augment.rotate"),
        (["augment.spin=1"], "augment.spin"),
        (["augment.preset=light", "augment.rotate=15"], "augment"),
        (["folds.many=1"], "folds"),
        (["augment"], "augment"),
    ],
)
def test_what_cannot_be_used_is_named(typed, field):
    with pytest.raises(ConfigError) as caught:
        train_config(_settings(typed))
    assert caught.value.field == field
    assert caught.value.why or caught.value.remedy


class _Bar:
    def __init__(self):
        self.said, self.shown = [], []

    def tell(self, text):
        self.said.append(text)

    def show(self, task, done, total, unit="picture"):
        self.shown.append((task, done, total, unit))


def test_epochs_and_the_coach_are_told_once_each():
    run = RunSummary(
        id="r", name="r", dataset="d", dataset_id="d", version=1, preset="full", backbone="b", state="running",
        created=0.0,
    )  # fmt: skip
    step = StepPoint(epoch=3, epochs=8, batch=5, batches=20, loss=0.4, learning_rate=4e-4)
    progress = RunProgress(
        run=run, stage="tune", done=45, total=160, rate=4.0, eta_seconds=31.0, curve=(), messages=("Hello.",),
        step=step, coach=("It is getting better.",),
    )  # fmt: skip
    bar = _Bar()
    teller = _Teller(bar)
    teller.look(progress)
    teller.look(progress)
    assert bar.said == ["Hello.", "It is getting better."]
    assert bar.shown[0] == ("Learning, epoch 3 of 8", 45, 160, "step")
    teller.look(progress.model_copy(update={"total": 0, "coach": ("It has levelled off.",)}))
    assert bar.shown[-1][0] == "Learning, epoch 3"
    assert bar.said[-1] == "It has levelled off."
