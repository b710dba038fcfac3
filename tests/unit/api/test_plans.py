"""What is said of a training before it starts."""

import pytest

from clf_core.api.plans import Plans, with_preset
from clf_core.config import PRESETS, TrainConfig
from clf_core.errors import NotFoundError
from clf_core.results import RunSummary
from clf_core.training.recipes import ENOUGH_TO_JUDGE


def test_each_preset_is_offered_with_its_time_and_one_is_recommended(bench, pets):
    cards = bench.plans.cards("Pets", TrainConfig())
    assert tuple(card.preset for card in cards) == PRESETS
    assert all(card.seconds > 0 and card.what and card.quality for card in cards)
    (recommended,) = [card for card in cards if card.recommended]
    assert recommended.preset == "quick"
    assert "smallest class has" in recommended.reason
    assert [card.at_most for card in cards] == [False, True, True, True, True]


def test_the_card_of_the_chosen_preset_is_about_its_settings(bench, pets):
    def seconds(**config):
        cards = bench.plans.cards("Pets", TrainConfig(preset="full", **config))
        return next(card.seconds for card in cards if card.preset == "full")

    assert seconds(epochs=100) > seconds(epochs=1)
    assert seconds(minutes=10) > 600
    assert bench.plans.seconds("Pets", TrainConfig(preset="full", minutes=10)) == pytest.approx(seconds(minutes=10))


def _run(preset, rate, backbone="tf_efficientnet_lite0"):
    return RunSummary(
        id="r", name="r", dataset="d", dataset_id="d", version=1, preset=preset, backbone=backbone, state="done",
        created=0.0, images_per_second=rate,
    )  # fmt: skip


def test_earlier_runs_here_replace_the_rule_of_thumb(bench, pets):
    runs = [_run("full", 0.0), _run("full", 0.01), _run("quick", 1.0), _run("scratch", 0.1, "small-cnn")]
    plans = Plans(bench.runs._workspace, lambda: runs)
    cards = {card.preset: card for card in plans.cards("Pets", TrainConfig())}
    assert {preset for preset, card in cards.items() if card.measured} == {"quick", "full", "scratch"}
    assert cards["quick"].seconds > 20  # twenty pictures, one a second
    assert cards["full"].seconds > 1000


def test_advice_is_about_this_dataset(bench, pets):
    advice = {item.field: item.text for item in bench.plans.advice("Pets", TrainConfig(preset="full", batch_size=512))}
    assert "A batch of 512 and only" in advice["batch_size"]
    assert bench.plans.advice("Pets", TrainConfig()) == ()
    scratch = bench.plans.advice("Pets", TrainConfig(preset="scratch"))
    assert any("parameters" in item.text for item in scratch)


def test_an_unknown_dataset_is_told(bench):
    with pytest.raises(NotFoundError):
        bench.plans.cards("nothing", TrainConfig())


def test_settings_a_preset_has_no_use_for_are_left_behind():
    full = TrainConfig(preset="full", epochs=7, mixup=0.2, seed=3, augment="light")
    assert with_preset(full, "quick") == TrainConfig(seed=3, augment="light")
    assert with_preset(full, "scratch") == TrainConfig(preset="scratch", epochs=7, mixup=0.2, seed=3, augment="light")
    assert with_preset(full, "full") is full


def test_by_which_pictures_a_run_is_judged_and_whether_it_learns_from_them(bench, pets):
    def judging(**settings):
        found = bench.plans.judging("Pets", TrainConfig(**settings))
        return found.borrowed, found.again

    few = bench.datasets.get("Pets").splits["val"]
    assert 0 < few < ENOUGH_TO_JUDGE
    assert bench.plans.judging("Pets", TrainConfig()).validation == few
    assert judging() == (False, True)
    assert judging(refit=False) == (False, False)
    assert judging(preset="balanced") == (True, True)
    assert judging(preset="balanced", refit=False) == judging(preset="balanced", minutes=1.0) == (True, False)
    assert judging(preset="full") == judging(preset="scratch") == (False, False)
