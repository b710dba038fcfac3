"""Full fine-tuning on timm's smallest networks: it learns, is watched, and goes on as if it had never ended."""

import hashlib

import numpy as np
import pytest
import torch

from clf_core.config import ImportLimits, Preprocessing, TrainConfig
from clf_core.data.loading import load_inputs
from clf_core.errors import CancelledError, PausedError
from clf_core.models.backbone import file_sha256
from clf_core.models.backbone_files import Origin, write_backbone
from clf_core.models.classifier import load_classifier
from clf_core.models.pooled import PooledNetwork
from clf_core.models.pretrained import without_head
from clf_core.models.runtime import open_runtime
from clf_core.models.trained import own_backbone
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.full import prepare_full, train_full
from clf_core.training.layer_groups import layer_groups
from clf_core.training.result import Resources
from tests.stored_pictures import damage_picture

COUNTS = {"red": 18, "blue": 18, "green": 18}
FAST = {"preset": "full", "epochs": 2, "batch_size": 8, "precision": "float32"}


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other cost more than such small networks take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def beginnings(tmp_path_factory):
    """Networks of timm that nobody trained, by name, as a workspace keeps them."""
    made = {}

    def make(name):
        if name not in made:
            torch.manual_seed(0)
            prepared = Preprocessing(input_size=32, resize_size=36, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
            folder = tmp_path_factory.mktemp("backbone")
            backbone = write_backbone(folder, without_head(name, input_size=32), Origin(name, prepared, "none", "test"))
            made[name] = (backbone, open_runtime(backbone, "cpu"))
        return made[name]

    return make


@pytest.fixture
def resources(tmp_path, beginnings):
    def make(store, name="test_efficientnet", checkpoints=(), run="run"):
        backbone, runtime = beginnings(name)
        scratch = tmp_path / run / "scratch"
        return Resources(
            store.read, "cpu", scratch, tmp_path / run / "model", backbone, runtime, checkpoints=checkpoints
        )

    return make


class Listener(SilentCallbacks):
    def __init__(self, pause_at=0):
        self.stages, self.points, self.saved, self.panels, self.done = [], [], [], [], 0
        self.pause_at, self.told = pause_at, []

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.told.append((self.stages[-1][0], done))

    def step(self, done, point):
        self.done = done

    def epoch(self, point):
        self.points.append(point)

    def panel(self, answers):
        self.panels.append(answers)

    def save(self, checkpoint):
        self.saved.insert(0, checkpoint)

    def wish(self):
        return "pause" if self.pause_at and self.done == self.pause_at else ""


def digest(result):
    head = hashlib.sha256(result.classifier.weight.tobytes() + result.classifier.bias.tobytes()).hexdigest()
    return head, file_sha256(result.backbone.weights)


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet"])
def test_it_learns_and_what_is_saved_says_the_same(imported, resources, name):
    manifest, store = imported(COUNTS)
    config = TrainConfig(**FAST, learning_rate=2e-3, augment="standard")
    given, listener = resources(store, name), Listener()
    result = train_full(manifest, given, config, listener)
    train, val = manifest.select("train"), manifest.select("val")
    pictures, batches = len(train) + len(val), -(-len(train) // 8)
    assert [stage for stage, _ in listener.stages] == ["decode", "head", "tune", "finish"]
    assert dict(listener.stages)["decode"] == pictures
    assert dict(listener.stages)["head"] == pictures + 8
    assert dict(listener.stages)["tune"] == 2 * batches
    assert ("decode", pictures) in listener.told
    assert ("head", pictures + 8) in listener.told
    assert [point.epoch for point in result.epochs] == [0, 1, 2]
    assert result.images_per_second > 0
    assert result.selection in ("both", "cross-validation", "validation")
    assert len(listener.panels[0]) == 8
    assert {answer.sha256 for answer in listener.panels[0]} <= set(val.sha256)

    backbone, classifier = own_backbone(given.model_folder), load_classifier(given.model_folder)
    best = min(result.epochs, key=lambda point: point.val_loss)
    runtime = open_runtime(backbone, "cpu", "float32")
    inputs = np.stack(list(load_inputs(val.sha256, store.read, classifier.spec.preprocessing, ImportLimits())))
    probabilities = classifier.probabilities(runtime.features(inputs))
    loss = -np.log(probabilities[np.arange(len(val)), val.label_index]).mean()
    assert loss == pytest.approx(best.val_loss, abs=1e-3)
    assert (probabilities.argmax(1) == val.label_index).mean() == pytest.approx(best.val_accuracy)
    assert best.val_accuracy > 0.8


def test_everything_learns_and_earlier_layers_less(imported, resources, beginnings):
    manifest, store = imported(COUNTS)
    ready = prepare_full(manifest, resources(store), TrainConfig(**FAST, layer_decay=0.5), SilentCallbacks())
    held = [parameter for group in ready.task.groups for parameter in group.parameters]
    assert {id(parameter) for parameter in held} == {id(parameter) for parameter in ready.network.parameters()}
    assert len(held) == len({id(parameter) for parameter in held})
    scales = [group.scale for group in ready.task.groups]
    assert scales == [0.5 ** (len(scales) - 1 - place) for place in range(len(scales))]
    first = next(iter(ready.network.body.parameters()))
    assert any(first is parameter for parameter in ready.task.groups[0].parameters)
    assert ready.network.body.conv_stem.weight.is_contiguous(memory_format=torch.channels_last)


def test_it_begins_from_the_fitted_head(imported, resources):
    """Epoch 0 is the linear probe, which is far from chance."""
    manifest, store = imported(COUNTS)
    listener = Listener()
    train_full(manifest, resources(store), TrainConfig(**FAST), listener)
    assert listener.points[0].val_accuracy > 0.8


@pytest.mark.parametrize("pause_at", [2, 5])
def test_a_paused_run_ends_like_one_that_never_was(imported, resources, pause_at):
    manifest, store = imported(COUNTS)
    config = TrainConfig(**FAST, augment="strong", average_weights=True, mixup=0.2, label_smoothing=0.1)
    whole = train_full(manifest, resources(store), config, SilentCallbacks())
    listener = Listener(pause_at)
    with pytest.raises(PausedError):
        train_full(manifest, resources(store, run="paused"), config, listener)
    given = resources(store, run="paused", checkpoints=listener.saved)
    assert digest(train_full(manifest, given, config, SilentCallbacks())) == digest(whole)


def test_what_was_found_holds_when_it_goes_on(imported, resources, monkeypatch):
    """The memory that is free may be another the second time: the batch size is not."""
    manifest, store = imported(COUNTS)
    config, listener = TrainConfig(preset="full", epochs=2, precision="float32"), Listener(pause_at=3)
    with pytest.raises(PausedError):
        train_full(manifest, resources(store), config, listener)
    monkeypatch.setattr("clf_core.training.full_plan.fitting_batch_size", lambda *_: 1)
    result = train_full(manifest, resources(store, checkpoints=listener.saved), config, SilentCallbacks())
    assert dict(result.chosen)["batch_size"] == 4
    assert [point.epoch for point in result.epochs] == [0, 1, 2]


@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit"])
def test_another_input_size_is_trained_and_kept(imported, resources, beginnings, name):
    manifest, store = imported({"red": 10, "blue": 10})
    config = TrainConfig(**(FAST | {"epochs": 1}), input_size=64)
    result = train_full(manifest, resources(store, name), config, SilentCallbacks())
    assert result.classifier.spec.preprocessing.input_size == 64
    assert result.classifier.spec.preprocessing.resize_size == 72
    runtime = open_runtime(result.backbone, "cpu")
    assert runtime.features(np.zeros((1, 64, 64, 3), dtype=np.uint8)).shape == (1, result.backbone.spec.feature_dim)


@pytest.mark.fault("D3")
def test_test_pictures_never_matter(imported, resources):
    manifest, store = imported(COUNTS)
    before = train_full(manifest, resources(store), TrainConfig(**FAST), SilentCallbacks())
    kept = set(manifest.select("train").sha256) | set(manifest.select("val").sha256)
    for key in set(manifest.select("test").sha256) - kept:
        damage_picture(store, key, b"not a picture any more")
    after = train_full(manifest, resources(store, run="again"), TrainConfig(**FAST), SilentCallbacks())
    assert digest(after) == digest(before)


@pytest.mark.parametrize("checks", [5, 60])
def test_it_stops_when_asked(imported, resources, checks):
    manifest, store = imported(COUNTS)

    class Callbacks(SilentCallbacks):
        left = checks

        def check_cancelled(self):
            self.left -= 1
            if self.left < 0:
                raise CancelledError("enough")

    given = resources(store)
    with pytest.raises(CancelledError):
        train_full(manifest, given, TrainConfig(**FAST), Callbacks())
    assert not given.model_folder.exists()


def test_a_network_that_timm_did_not_build_is_one_layer():
    body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    groups = layer_groups(PooledNetwork(body, torch.nn.Linear(4, 2)), 0.75)
    assert [(group.name, group.scale, len(group.parameters)) for group in groups] == [
        ("layer 1", 0.75, 2),
        ("last layer", 1.0, 2),
    ]
