"""The small network trained from nothing: it learns, is saved whole, goes on where it was, never sees test pictures."""

import hashlib

import numpy as np
import pytest
import torch

from clf_core.config import (
    BatchNorm,
    Convolution,
    Dense,
    Flatten,
    GlobalPooling,
    ImportLimits,
    NetworkConfig,
    Pooling,
    TrainConfig,
    train_config,
)
from clf_core.data.loading import load_inputs
from clf_core.errors import CancelledError, ConfigError, DatasetError, PausedError
from clf_core.models.network import build_network, normalise
from clf_core.models.runtime import open_runtime
from clf_core.models.trained import own_backbone
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.pixels import PixelCache
from clf_core.training.result import Resources
from clf_core.training.scratch import TEXTBOOK, colours_of, network_name, train_scratch, untrained
from tests.stored_pictures import damage_picture

COUNTS = {"red": 20, "blue": 20, "green": 20}
TINY = NetworkConfig(input_size=16, layers=(Convolution(filters=4), Pooling(), Flatten(), Dense(units=8)))


def config(**settings) -> TrainConfig:
    return TrainConfig(**{"preset": "scratch", "network": TINY, "epochs": 3, "batch_size": 8, **settings})


class Told(SilentCallbacks):
    """Notes what it is told; wishes for what it is given, after so many steps."""

    def __init__(self, wish="", after=0):
        self.stages, self.epochs, self.panels, self.checkpoints, self.done = [], [], [], [], []
        self.left, self.wanted = after, wish

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.done.append(done)

    def epoch(self, point):
        self.epochs.append(point)

    def panel(self, answers):
        self.panels.append(answers)

    def save(self, checkpoint):
        self.checkpoints.insert(0, checkpoint)

    def wish(self):
        self.left -= 1
        return self.wanted if self.left < 0 else ""


@pytest.fixture
def train(imported, tmp_path):
    """``train(settings, callbacks)`` trains on small pictures of three colours; the second call may go on."""
    manifest, store = imported(COUNTS)

    def run(settings, callbacks=None, checkpoints=(), folder="run"):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        resources = Resources(store.read, "cpu", place / "scratch", place / "model", checkpoints=checkpoints)
        return train_scratch(manifest, resources, settings, callbacks or SilentCallbacks())

    run.manifest, run.store, run.folder = manifest, store, tmp_path
    return run


def digest(result) -> str:
    head = result.classifier
    return hashlib.sha256(
        head.weight.tobytes() + head.bias.tobytes() + result.backbone.spec.weights_sha256.encode()
    ).hexdigest()


def test_it_learns_reports_and_is_saved_whole(train):
    told = Told()
    result = train(config(epochs=8), told)
    seen = len(train.manifest.select("train")) + len(train.manifest.select("val"))
    assert [stage for stage, _ in told.stages] == ["decode", "tune", "finish"]
    assert told.stages[0] == ("decode", seen)
    assert max(told.done[:seen]) == seen
    assert result.epochs == tuple(told.epochs)
    assert [point.epoch for point in result.epochs] == list(range(len(result.epochs)))
    assert result.epochs[0].val_loss == pytest.approx(np.log(3), abs=0.1)  # it begins undecided
    assert max(point.val_accuracy for point in result.epochs) > 0.9
    keys = {answer.sha256 for answers in told.panels for answer in answers}
    assert keys
    assert keys <= set(train.manifest.select("val").sha256)
    assert {answer.true for answer in told.panels[0]} == set(train.manifest.classes)
    assert result.classifier.spec.classes == ("blue", "green", "red")
    assert result.backbone.spec.network == TINY
    assert dict(result.chosen)["optimizer"] == "adam"
    assert result.images_per_second > 0

    # What was saved answers like what was trained, compiled and in torch, from the pictures' files.
    backbone = own_backbone(train.folder / "run" / "model")
    rows = train.manifest.select("test")
    spec = result.classifier.spec
    pictures = np.stack(list(load_inputs(rows.sha256, train.store.read, spec.preprocessing, ImportLimits())))
    compiled = result.classifier.logits(open_runtime(backbone, "cpu", "float32").features(pictures))
    assert (compiled.argmax(1) == rows.label_index).mean() > 0.9
    with torch.no_grad():
        logits = build_network(backbone, result.classifier)(normalise(pictures, spec.preprocessing))
    np.testing.assert_allclose(compiled, logits, atol=1e-2)


def test_colours_are_those_of_the_training_pictures_alone(train, tmp_path):
    result = train(config(epochs=1))
    rows = train.manifest.select("train")
    preprocessing = result.classifier.spec.preprocessing
    pixels = np.stack(list(load_inputs(rows.sha256, train.store.read, preprocessing, ImportLimits()))) / 255
    np.testing.assert_allclose(preprocessing.mean, pixels.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(preprocessing.std, pixels.std(axis=(0, 1, 2)), rtol=1e-6)
    assert preprocessing.input_size == preprocessing.resize_size == 16


def test_pictures_of_one_colour_have_a_deviation_to_divide_by():
    cache = PixelCache(
        np.full((2, 16, 16, 3), 51, np.uint8),
        np.full((2, 2), 16, np.uint32),
        0,
        untrained_preprocessing(),
        {"a": 0, "b": 1},
    )
    mean, std = colours_of(cache, np.array([0, 1]))
    assert mean == pytest.approx((0.2, 0.2, 0.2))
    assert min(std) == pytest.approx(1 / 255)


def untrained_preprocessing():
    from clf_core.config import Preprocessing

    return Preprocessing(input_size=16, resize_size=16, mean=(0.5,) * 3, std=(0.5,) * 3)


def test_bars_are_of_the_colour_that_is_nothing_to_the_network(train, monkeypatch):
    built = []
    build = PixelCache.build.__func__
    monkeypatch.setattr(
        PixelCache, "build", classmethod(lambda cls, *a, **k: built.append(build(cls, *a, **k)) or built[-1])
    )
    told = Told()
    result = train(config(epochs=1, fit="pad"), told)
    kept = result.classifier.spec.preprocessing
    assert kept.fit == "pad"
    assert [cache.preprocessing.fit for cache in built] == ["squeeze", "pad"]
    assert built[-1].preprocessing == kept
    decode = [done for done in told.done if done <= told.stages[0][1]]
    assert decode[: told.stages[0][1]] == sorted(decode[: told.stages[0][1]])


@pytest.mark.fault("D3")
def test_test_pictures_never_matter(train):
    before = train(config())
    kept = set(train.manifest.select("train").sha256) | set(train.manifest.select("val").sha256)
    for key in train.manifest.select("test").sha256:
        if key not in kept:
            damage_picture(train.store, key, b"not a picture any more")
    assert digest(train(config(), folder="again")) == digest(before)


def test_the_seed_decides_all(train):
    first = train(config(epochs=1, augment="light"))
    assert digest(train(config(epochs=1, augment="light"), folder="again")) == digest(first)
    assert digest(train(config(epochs=1, augment="light", seed=1), folder="other")) != digest(first)


def test_paused_and_gone_on_with_it_is_the_run_that_was_never_paused(train):
    network = TINY.model_copy(update={"layers": (Convolution(filters=4), BatchNorm(), GlobalPooling())})
    whole = train(config(network=network, augment="light"), folder="whole")
    told = Told("pause", after=7)
    with pytest.raises(PausedError):
        train(config(network=network, augment="light"), told)
    resumed = train(config(network=network, augment="light"), checkpoints=told.checkpoints)
    assert digest(resumed) == digest(whole)


def test_cancelling_is_heard_while_pictures_are_decoded(train):
    class Cancelled(SilentCallbacks):
        def check_cancelled(self):
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        train(config(), Cancelled())
    assert not (train.folder / "run" / "model").exists()


def test_without_validation_pictures_it_trains_all_the_same(imported, tmp_path):
    manifest, store = imported({"red": 1, "blue": 1})  # too few to keep any aside
    assert not len(manifest.select("val"))
    result = train_scratch(
        manifest, Resources(store.read, "cpu", tmp_path / "s", tmp_path / "m"), config(epochs=2), SilentCallbacks()
    )
    assert result.selection == "none"
    assert all(point.val_loss is None for point in result.epochs)


def test_what_cannot_be_learned_is_refused_before_anything_is_decoded(imported, tmp_path):
    manifest, store = imported({"red": 10})
    told = Told()
    resources = Resources(store.read, "cpu", tmp_path / "s", tmp_path / "m")
    with pytest.raises(DatasetError):
        train_scratch(manifest, resources, config(), told)
    manifest, store = imported(COUNTS, seed=1)
    resources = Resources(store.read, "cpu", tmp_path / "s", tmp_path / "m")
    with pytest.raises(ConfigError, match="cannot be built"):
        train_scratch(manifest, resources, config(network=NetworkConfig(layers=(Convolution(),))), told)
    assert told.stages == []


def test_untrained_networks_leave_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again = (untrained(TINY, 3, seed=5).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_networks_have_a_name():
    assert network_name(NetworkConfig()) == "small CNN (textbook)"
    assert network_name(TINY) == "small CNN (5 layers)"


def test_the_defaults_are_settings_that_exist():
    assert train_config({"preset": "scratch", **TEXTBOOK}).network == NetworkConfig()
