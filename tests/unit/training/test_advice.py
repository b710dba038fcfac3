"""Unusual choices get a plain warning; usual ones none."""

import pytest

from clf_core.config import PRESETS, TrainConfig
from clf_core.training.advice import advise, big_number
from clf_core.training.situation import Situation

USUAL = Situation(classes={"ant": 120, "bee": 130}, val=60, test=60, side=300, parameters=3_000_000)
FEW = Situation(classes={"ant": 32, "bee": 32}, val=10, side=300, parameters=80_000_000)
DIGITS = Situation(classes={"0": 200, "1": 200}, val=50, side=28, why_not_mirrored="A mirrored digit is another sign.")
UNEQUAL = Situation(classes={"ant": 12, "bee": 400}, val=50, side=300)


def advised(situation, **config):
    return {item.field: item.text for item in advise(TrainConfig.model_validate(config), situation)}


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_said_about_the_usual(preset):
    assert advised(USUAL, preset=preset) == {}


def test_a_network_that_can_hold_the_pictures_themselves():
    words = advised(FEW, preset="full")["preset"]
    assert "64 pictures and 80 million parameters: it will learn them by heart" in words
    assert "'quick' or 'balanced'" in words
    assert "preset" not in advised(FEW, preset="quick")
    assert "smaller network" in advised(FEW, preset="scratch")["preset"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"learning_rate": 0.5}, "far above"),
        ({"learning_rate": 1e-7}, "far below"),
        ({"learning_rate": 0.1, "optimizer": "sgd"}, ""),
        ({"learning_rate": 0.005, "optimizer": "lion"}, "far above"),
        ({"learning_rate": 3e-4}, ""),
    ],
)
def test_a_learning_rate_far_off_depends_on_the_rule(config, words):
    found = advised(USUAL, preset="balanced", **config)
    assert words in found.get("learning_rate", "") if words else "learning_rate" not in found


def test_a_batch_larger_than_the_training_pictures():
    assert "Take 16 or leave it empty" in advised(FEW, preset="balanced", batch_size=256)["batch_size"]
    assert "batch_size" not in advised(FEW, preset="balanced", batch_size=64)


def test_the_same_few_pictures_in_every_epoch():
    assert "remember them" in advised(FEW, preset="scratch")["augment.preset"]
    assert "augment.preset" not in advised(FEW, preset="scratch", augment="light")
    assert "remember them" in advised(FEW, preset="full", augment="custom")["augment.preset"]
    assert "augment.preset" not in advised(FEW, preset="full")  # which then makes variants by itself
    assert "augment.preset" not in advised(FEW, preset="scratch", mixup=0.2)
    assert "augment.preset" not in advised(FEW, preset="balanced")  # looks at each picture once anyway


def test_mirrored_digits():
    assert "another sign" in advised(DIGITS, augment="light")["augment.flips"]
    assert advised(DIGITS, augment={"preset": "light", "flips": False}) == {}
    assert advised(DIGITS) == {}


def test_unequal_classes_and_their_remedies():
    assert "'ant' has 12 training pictures" in advised(UNEQUAL, preset="balanced")["imbalance"]
    assert "imbalance" not in advised(UNEQUAL, preset="balanced", imbalance="weights")
    assert "more slowly" in advised(USUAL, preset="balanced", imbalance="focal")["imbalance"]
    assert "next to nothing" in advised(USUAL, preset="balanced", imbalance="sampler")["imbalance"]
    assert advised(UNEQUAL) == {}  # quick has no such setting


def test_nothing_to_choose_by():
    blind = Situation(classes={"ant": 120, "bee": 120})
    assert "cannot stop early" in advised(blind, preset="balanced")["preset"]
    assert advised(blind) == {}


def test_small_pictures_shown_large_few_epochs_and_made_up_labels():
    assert "shows nothing more" in advised(DIGITS, input_size=224)["input_size"]
    assert "1 epoch for a network" in advised(USUAL, preset="scratch", epochs=1)["epochs"]
    assert "never be sure" in advised(USUAL, preset="balanced", label_smoothing=0.5)["label_smoothing"]


@pytest.mark.parametrize(
    ("number", "words"),
    [(812, "812"), (28_412, "28,000"), (999_400, "999,000"), (3_370_000, "3.4 million"), (80_000_000, "80 million")],
)
def test_numbers_of_parameters_as_people_say_them(number, words):
    assert big_number(number) == words
