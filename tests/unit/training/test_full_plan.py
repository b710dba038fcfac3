"""What the preset full decides by itself: variants, rates that suit the kind of network, and a size that fits."""

import numpy as np
import pytest
import torch
from torch import nn

from clf_core.config import AugmentConfig, TrainConfig
from clf_core.training.full_plan import augment_of, chosen_of, full_plan
from clf_core.training.plan import Plan
from clf_core.training.result import Resources

CLASSES = ("ant", "bee")


class Pictures:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def judge(self, rows):
        return torch.zeros(len(rows), 3, 8, 8)


@pytest.fixture
def resources(tmp_path):
    return Resources(lambda key: b"", "cpu", tmp_path / "scratch", tmp_path / "model")


def convolutional():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))


def transforming():
    return nn.Sequential(nn.Conv2d(3, 4, 8), nn.Flatten(), nn.LayerNorm(4), nn.Linear(4, 2))


def test_networks_without_batch_normalisation_learn_more_gently(resources):
    config = TrainConfig(preset="full")
    one, other = (
        full_plan(network, Pictures(1000), config, resources) for network in (convolutional(), transforming())
    )
    assert other.learning_rate < one.learning_rate
    assert other.layer_decay < one.layer_decay
    assert one.batch_norm == "frozen"
    chosen = full_plan(transforming(), Pictures(1000), TrainConfig(preset="full", learning_rate=0.5), resources)
    assert chosen.learning_rate == 0.5


def test_the_batch_is_what_fits(resources, monkeypatch):
    config = TrainConfig(preset="full")
    assert full_plan(convolutional(), Pictures(1000), config, resources).batch_size == 32
    monkeypatch.setattr("clf_core.training.batch_size.free_memory", lambda: 60_000)
    assert full_plan(convolutional(), Pictures(1000), config, resources).batch_size < 32
    asked = TrainConfig(preset="full", batch_size=64)
    assert full_plan(convolutional(), Pictures(1000), asked, resources).batch_size == 64


def test_smaller_batches_learn_in_smaller_steps(resources):
    rates = [
        full_plan(convolutional(), Pictures(1000), TrainConfig(preset="full", batch_size=size), resources).learning_rate
        for size in (8, 32, 128)
    ]
    assert rates == pytest.approx([rates[1] / 2, rates[1], rates[1] * 2])


def test_several_processes_do_not_measure(resources, monkeypatch):
    monkeypatch.setattr("clf_core.training.batch_size.free_memory", lambda: 1)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert full_plan(convolutional(), Pictures(1000), TrainConfig(preset="full"), resources).batch_size == 32


def test_pictures_are_changed_the_standard_way_unless_somebody_chose():
    assert augment_of(TrainConfig(preset="full"), CLASSES) == AugmentConfig(preset="standard")
    assert augment_of(TrainConfig(preset="full"), ("0", "1", "2")) == AugmentConfig(preset="standard", flips=False)
    given = AugmentConfig(flips=False)
    assert augment_of(TrainConfig(preset="full", augment=given), CLASSES).flips is False
    strong = TrainConfig(preset="full", augment="strong")
    assert augment_of(strong, ("0", "1")) == strong.augment
    still = TrainConfig(preset="full", augment={"preset": "custom"})
    assert not augment_of(still, CLASSES).active


def test_what_was_chosen_is_told():
    plan = Plan(epochs=8, batch_size=16, learning_rate=1e-3, precision="float32")
    chosen = dict(chosen_of(plan, TrainConfig(preset="full", batch_size=16), CLASSES))
    assert chosen["epochs"] == 8
    assert chosen["learning_rate"] == 1e-3
    assert chosen["augment"] == "standard"
    assert "batch_size" not in chosen
    timed = Plan(epochs=10**6, batch_size=16, learning_rate=1e-3, seconds=60.0)
    assert "epochs" not in dict(chosen_of(timed, TrainConfig(preset="full", minutes=1), CLASSES))
    assert np.isfinite(chosen["weight_decay"])
