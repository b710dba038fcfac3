"""The tail of a network: it learns, chooses by pictures held out, goes on exactly, never sees test pictures."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing, TrainConfig
from clf_core.data.loading import load_inputs
from clf_core.errors import CancelledError, DatasetError, PausedError, StateError
from clf_core.models import backbone_files
from clf_core.models.backbone import file_sha256
from clf_core.models.backbone_files import Origin, write_backbone
from clf_core.models.network import load_body
from clf_core.models.pretrained import without_head
from clf_core.models.runtime import open_runtime
from clf_core.models.trained import own_backbone
from clf_core.training import course, tails
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.division import divide
from clf_core.training.partial import prepare_partial, train_partial
from clf_core.training.recipes import AUGMENT, ENOUGH_TO_JUDGE, RECIPES, variants_of
from clf_core.training.result import Resources
from tests.stored_pictures import damage_picture

COUNTS = {"red": 18, "blue": 18, "green": 18}
FAST = {"epochs": 2, "batch_size": 8, "precision": "float32", "learning_rate": 1e-3, "views": 1}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def beginnings(tmp_path_factory):
    """``beginnings(name)``: a network of timm that nobody trained, as a workspace keeps it."""
    made = {}

    def make(name):
        if name not in made:
            torch.manual_seed(0)
            prepared = Preprocessing(input_size=32, resize_size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
            folder = tmp_path_factory.mktemp("backbone")
            origin = Origin(name, prepared, "none", "test")
            made[name] = write_backbone(folder, without_head(name, input_size=32), origin)
        return made[name]

    return make


@pytest.fixture
def train(imported, beginnings, tmp_path):
    """``train(told, checkpoints, run=..., name=..., **settings)`` trains on small pictures of three colours."""
    manifest, store = imported(COUNTS)

    def start(told=None, checkpoints=(), run="run", name="test_efficientnet", **settings):
        place = tmp_path / run
        place.mkdir(exist_ok=True)
        resources = Resources(
            store.read, "cpu", place / "scratch", place / "model", beginnings(name), checkpoints=checkpoints
        )
        config = TrainConfig(**{"preset": "balanced", **FAST, **settings})
        return train_partial(manifest, resources, config, told or SilentCallbacks())

    start.manifest, start.store, start.folder = manifest, store, tmp_path
    return start


@pytest.fixture
def unconverted(monkeypatch):
    """What is trained is not converted for OpenVINO, which takes longer than training it."""
    monkeypatch.setattr(backbone_files, "write_compiled", lambda *_: False)


class Told(SilentCallbacks):
    """Notes what it is told; wishes for a pause or crashes at the ``at``-th batch over all stages."""

    def __init__(self, at=0, wants=""):
        self.stages, self.points, self.saved, self.messages, self.panels = [], [], [], [], []
        self.at, self.wants, self.steps = at, wants, 0
        self.counted = {}

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.counted[self.stages[-1][0]] = done

    def epoch(self, point):
        self.points.append(point)

    def panel(self, answers):
        self.panels.append(answers)

    def message(self, text):
        self.messages.append(text)

    def save(self, checkpoint):
        self.saved.insert(0, checkpoint)

    def step(self, done, point):
        self.steps += 1
        if self.wants == "cancel" and self.steps == self.at:
            raise CancelledError("Stopped")

    def wish(self):
        return "pause" if self.wants == "pause" and self.steps == self.at else ""


def digest(result):
    head = hashlib.sha256(result.classifier.weight.tobytes() + result.classifier.bias.tobytes()).hexdigest()
    return head, file_sha256(result.backbone.weights)


def test_it_learns_and_what_is_saved_says_the_same(train):
    told = Told()
    result = train(told, epochs=4)
    names = [stage for stage, _ in told.stages]
    assert [name for place, name in enumerate(names) if name not in names[:place]] == [
        "features",
        "head",
        "tune",
        "finish",
    ]
    pictures = len(train.manifest.select("train")) + len(train.manifest.select("val"))
    assert dict(told.stages)["features"] == 2 * pictures
    assert [point.epoch for point in result.epochs] == [0, 1, 2, 3, 4]
    assert told.points == list(result.epochs)
    assert min(point.val_loss for point in result.epochs[1:]) < result.epochs[0].val_loss
    assert told.panels
    assert result.strength in TrainConfig().strengths
    assert result.images_per_second > 0
    backbone = own_backbone(train.folder / "run" / "model")
    assert backbone.spec.weights_sha256 == result.classifier.spec.weights_sha256
    test = train.manifest.select("test")
    inputs = list(load_inputs(test.sha256, train.store.read, backbone.spec.preprocessing, ImportLimits()))
    answers = result.classifier.logits(open_runtime(backbone, "cpu").features(np.stack(inputs))).argmax(axis=1)
    assert (answers == test.label_index).mean() > 0.9


def test_only_the_tail_changes(train, unconverted, beginnings):
    result = train(refit=False)
    before, after = (
        load_body(backbone).state_dict() for backbone in (beginnings("test_efficientnet"), result.backbone)
    )
    changed = {name.rpartition(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("blocks.4") for name in changed)
    assert not any(name.startswith(("conv_stem", "bn1", "blocks.0", "blocks.1")) for name in changed)
    assert not any("running" in name for name in before if not torch.equal(before[name], after[name]))


def test_thorough_goes_deeper(train, unconverted, beginnings):
    shallow, deep = train(refit=False, run="a"), train(refit=False, preset="thorough", run="b")
    before = load_body(beginnings("test_efficientnet")).state_dict()
    changed = [
        {
            name
            for name, value in load_body(result.backbone).state_dict().items()
            if not torch.equal(value, before[name])
        }
        for result in (shallow, deep)
    ]
    assert changed[0] < changed[1]


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_other_families_learn(train, name):
    result = train(name=name, refit=False)
    assert len(result.epochs) == 3
    assert result.backbone.compiled is not None


def test_the_same_seed_gives_the_same_network(train, unconverted):
    assert digest(train(run="a")) == digest(train(run="b"))
    assert digest(train(run="c", seed=1)) != digest(train(run="a"))


@pytest.mark.fault("D3")
@pytest.mark.parametrize("preset", ["balanced", "thorough"])
def test_test_pictures_never_matter(train, unconverted, preset):
    """Scramble every test picture's file: the weights stay the same to the last bit."""
    before = digest(train(run="before", preset=preset))
    kept = {*train.manifest.select("train").sha256, *train.manifest.select("val").sha256}
    scrambled = [key for key in train.manifest.select("test").sha256 if key not in kept]
    assert len(scrambled) >= 9
    for key in scrambled:
        damage_picture(train.store, key, b"not a picture any more")
    assert digest(train(run="after", preset=preset)) == before


@pytest.mark.parametrize("at", [3, 11])
def test_pausing_and_going_on_gives_what_no_pause_would_have(train, unconverted, at):
    """Pauses in the first course (8 batches) and in the second."""
    uninterrupted = Told()
    whole = train(uninterrupted, run="whole")
    told = Told(at, "pause")
    with pytest.raises(PausedError):
        train(told, run="parts")
    again = Told()
    parts = train(again, told.saved, run="parts")
    assert digest(parts) == digest(whole)
    np.testing.assert_array_equal(parts.held_out, whole.held_out)
    assert not any("not used" in text for text in again.messages)
    assert again.steps == uninterrupted.steps - at


def test_going_on_without_the_maps_gives_the_same(train, unconverted):
    whole = digest(train(run="whole", refit=False))
    told = Told(5, "pause")
    with pytest.raises(PausedError):
        train(told, run="parts", refit=False)
    for path in (train.folder / "parts" / "scratch" / "activations").iterdir():
        path.unlink()
    assert digest(train(checkpoints=told.saved, run="parts", refit=False)) == whole


def test_a_finished_run_is_extended(train, unconverted):
    told = Told()
    train(told, refit=False)
    longer = Told()
    result = train(longer, told.saved, run="longer", refit=False, epochs=4)
    assert [point.epoch for point in longer.points] == [3, 4]
    assert len(result.epochs) == 5


def test_it_stops_when_asked(train, unconverted):
    with pytest.raises(CancelledError):
        train(Told(3, "cancel"))


def test_learning_rates_are_tried_on_pictures_held_out(train, unconverted, monkeypatch):
    """The one that learns nothing and the one that forgets everything lose."""
    recipe = replace(RECIPES["balanced"], rates=(1e-9, 2e-3, 3.0))
    monkeypatch.setitem(course.RECIPES, "balanced", recipe)
    told = Told()
    result = train(told, learning_rate=None, epochs=3)
    assert dict(result.chosen)["learning_rate"] == 2e-3
    assert [point.epoch for point in told.points] == [0, 1, 2, 3]  # what is only tried is not told, but how far it is
    tried = next(total for stage, total in told.stages if stage == "rates")
    assert tried == 3 * next(total for stage, total in told.stages if stage == "tune")
    assert told.counted["rates"] == tried
    assert [text for text in told.messages if text.startswith("Trying")] == [
        f"Trying the learning rate {rate}, {number} of 3." for number, rate in enumerate(("1e-09", "0.002", "3"), 1)
    ]
    monkeypatch.setitem(course.RECIPES, "balanced", replace(recipe, tries=10))
    assert dict(train(run="large", learning_rate=None).chosen)["learning_rate"] == 1e-3


def test_a_tried_rate_is_kept_when_a_run_goes_on(train, unconverted, monkeypatch):
    monkeypatch.setitem(course.RECIPES, "balanced", replace(RECIPES["balanced"], rates=(5e-4, 2e-3)))
    whole = train(run="whole", learning_rate=None)
    told = Told(5, "pause")
    with pytest.raises(PausedError):
        train(told, run="parts", learning_rate=None)
    monkeypatch.setattr(course.Course, "_best_rate", None)
    assert digest(train(checkpoints=told.saved, run="parts", learning_rate=None)) == digest(whole)


def test_it_learns_once_more_from_all_pictures_where_that_is_asked_for(train, unconverted):
    told, without = Told(), Told()
    again, once = train(told, run="a"), train(without, run="b", refit=False)
    assert digest(again) != digest(once)
    assert once.held_out is None  # it can be asked itself
    val = train.manifest.select("val")
    inputs = list(load_inputs(val.sha256, train.store.read, once.backbone.spec.preprocessing, ImportLimits()))
    before, after = (
        result.classifier.logits(open_runtime(result.backbone, "cpu").features(np.stack(inputs)))
        for result in (once, again)
    )
    # What the frozen blocks make of a picture is kept in half precision while it learns.
    assert np.abs(again.held_out - before).max() < 0.1 < np.abs(after - before).max()
    assert any("once more" in text for text in told.messages)
    assert not any("once more" in text for text in without.messages)
    assert [point.epoch for point in told.points] == [point.epoch for point in without.points]


def test_a_network_that_cannot_be_cut_is_trained_whole(train, unconverted, monkeypatch, beginnings):
    monkeypatch.setattr(tails, "cuts", lambda *_: ())
    told = Told()
    result = train(told, refit=False, learning_rate=5e-3, epochs=3)
    assert any("cannot be cut" in text for text in told.messages)
    before, after = (
        load_body(backbone).state_dict() for backbone in (beginnings("test_efficientnet"), result.backbone)
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(name.startswith("blocks.4") for name in changed)
    assert not any(name.startswith(("conv_stem", "blocks.0.")) for name in changed)


def test_another_input_size(train, unconverted):
    result = train(refit=False, input_size=48)
    assert result.classifier.spec.preprocessing.input_size == 48


def test_what_a_run_begins_with_can_be_looked_at(train, beginnings):
    resources = Resources(
        train.store.read, "cpu", train.folder / "scratch", train.folder / "model", beginnings("test_efficientnet")
    )
    task, plan = prepare_partial(train.manifest, resources, TrainConfig(preset="balanced", **FAST), SilentCallbacks())
    assert plan.epochs == 2
    assert task.network(task.learn.learn(np.arange(3), 1)).shape == (3, 3)
    assert not (train.folder / "model").exists()


def test_what_it_cannot_do_without(train):
    resources = Resources(train.store.read, "cpu", train.folder, train.folder)
    with pytest.raises(StateError):
        train_partial(train.manifest, resources, TrainConfig(preset="balanced"), SilentCallbacks())


def test_one_class_is_not_enough(imported, beginnings, tmp_path):
    manifest, store = imported({"red": 9})
    resources = Resources(store.read, "cpu", tmp_path / "s", tmp_path / "m", beginnings("test_efficientnet"))
    with pytest.raises(DatasetError):
        train_partial(manifest, resources, TrainConfig(preset="balanced"), SilentCallbacks())


def test_few_validation_pictures_are_joined_by_training_pictures(train):
    rows, val = train.manifest.select("train"), train.manifest.select("val")
    assert len(val) < ENOUGH_TO_JUDGE
    found = divide(rows, val, TrainConfig())
    assert found.borrowed
    assert set(val.sha256) < set(found.judge.keys)
    assert set(found.learn.keys) | set(found.judge.keys) == {*rows.sha256, *val.sha256}
    assert not set(found.learn.groups) & set(found.judge.where(np.arange(len(found.judge)) < 3).groups)
    assert set(found.learn.labels.tolist()) == {0, 1, 2}
    many = divide(val, rows, TrainConfig())
    assert not many.borrowed
    assert many.judge.keys == tuple(rows.sha256)


def test_variants_left_open_are_as_many_as_are_cheap():
    config = TrainConfig(preset="balanced")
    recipe = RECIPES["balanced"]
    assert variants_of(config, 100) == (AUGMENT, recipe.views)
    assert variants_of(config, recipe.inputs) == (AUGMENT, 0)
    assert not AUGMENT.resolved().flip_horizontal
    own = TrainConfig(preset="balanced", augment="light", views=2)
    assert variants_of(own, 10_000) == (AugmentConfig(preset="light"), 2)
    for none in ({"preset": "custom"}, "none"):
        assert variants_of(TrainConfig(preset="balanced", augment=none), 100)[1] == 0
    assert variants_of(TrainConfig(preset="balanced", views=3), recipe.inputs) == (AUGMENT, 3)


def test_what_cannot_be_told_from_chance_is_not_kept(train, unconverted, beginnings, monkeypatch):
    """Better by luck on a handful of pictures: the fitted last layer stays, learned once more from all pictures."""
    told, network = Told(), beginnings("test_efficientnet")
    monkeypatch.setattr(course, "_losses", lambda logits, labels: np.resize([0.0, 1.0], len(labels)) + logits[0, 0])
    result = train(told, epochs=4)
    assert any("told from chance" in text for text in told.messages)
    assert not any("once more" in text for text in told.messages)
    before, after = load_body(network).state_dict(), load_body(result.backbone).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
