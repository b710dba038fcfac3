"""The whole of quick training: it learns, it never looks at test pictures, it stops when asked."""

import hashlib

import numpy as np
import pytest

from clf_core.config import ImportLimits, TrainConfig
from clf_core.errors import CancelledError, DatasetError, PictureError, StateError
from clf_core.models.backbone import Backbone
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.features import extract_features
from clf_core.training.head import Examples, fit_head
from clf_core.training.quick import check_classes, train_quick
from tests.stored_pictures import damage_picture

COUNTS = {"red": 20, "blue": 20, "green": 20}


def digest(classifier) -> str:
    return hashlib.sha256(classifier.weight.tobytes() + classifier.bias.tobytes()).hexdigest()


def test_it_learns_and_reports(imported, colours):
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    told = []

    class Callbacks(SilentCallbacks):
        def stage(self, stage, total):
            told.append((stage, total))

        def progress(self, done):
            told.append(done)

    result = train_quick(manifest, store.read, backbone, runtime, TrainConfig(), Callbacks())
    train_and_val = len(manifest.select("train")) + len(manifest.select("val"))
    assert told[0] == ("features", train_and_val)
    assert told[train_and_val + 1] == ("head", 8)
    assert told[1 : train_and_val + 1] == list(range(1, train_and_val + 1))
    assert told[-1] == 8
    assert runtime.seen == train_and_val
    assert result.classifier.spec.classes == ("blue", "green", "red")
    assert result.classifier.spec.weights_sha256 == backbone.spec.weights_sha256
    assert result.images_per_second > 0
    colour = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    for row, channel in enumerate((2, 1, 0)):
        colour[row] = np.random.default_rng(0).integers(20, 60, (16, 16, 3))
        colour[row, :, :, channel] = 200
    assert result.classifier.logits(runtime.features(colour)).argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.fault("D3")
def test_test_pictures_never_matter(imported, colours):
    """Scramble every test picture's file: the weights stay the same to the last bit."""
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    before = train_quick(manifest, store.read, backbone, runtime, TrainConfig(), SilentCallbacks())
    kept = set(manifest.select("train").sha256) | set(manifest.select("val").sha256)
    scrambled = [key for key in manifest.select("test").sha256 if key not in kept]
    assert len(scrambled) >= 9
    for key in scrambled:
        damage_picture(store, key, b"not a picture any more")
    after = train_quick(manifest, store.read, backbone, runtime, TrainConfig(), SilentCallbacks())
    assert digest(after.classifier) == digest(before.classifier)


def test_a_stored_picture_that_is_gone_is_named(imported, colours):
    manifest, store = imported(COUNTS)
    key = manifest.select("train").sha256[3]
    damage_picture(store, key, b"gone")
    with pytest.raises(PictureError, match=key):
        train_quick(manifest, store.read, *colours, TrainConfig(), SilentCallbacks())


@pytest.mark.parametrize("checks", [1, 30, 200])
def test_it_stops_when_asked(imported, colours, checks):
    manifest, store = imported(COUNTS)

    class Callbacks(SilentCallbacks):
        left = checks

        def check_cancelled(self):
            self.left -= 1
            if self.left == 0:
                raise CancelledError("Stopped")

    with pytest.raises(CancelledError):
        train_quick(manifest, store.read, *colours, TrainConfig(), Callbacks())


def test_another_network_than_the_one_loaded_is_refused(imported, colours, tmp_path):
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    other = Backbone(backbone.spec.model_copy(update={"weights_sha256": "d" * 64}), tmp_path)
    with pytest.raises(StateError, match="not the one"):
        train_quick(manifest, store.read, other, runtime, TrainConfig(), SilentCallbacks())


def test_classes_that_cannot_be_learned():
    with pytest.raises(DatasetError, match="only one class \\('cat'\\)"):
        check_classes(("cat",), np.zeros(5, dtype=np.int64))
    with pytest.raises(DatasetError, match="No training picture for 'owl'"):
        check_classes(("cat", "dog", "owl"), np.array([0, 1]))
    check_classes(("cat", "dog"), np.array([0, 1]))


def test_the_real_network_learns_colours(imported, prepared_backbones):
    from clf_core.data.loading import load_inputs
    from clf_core.models.backbone_store import BackboneStore
    from clf_core.models.runtime import open_runtime

    manifest, store = imported(COUNTS)
    backbone = BackboneStore(prepared_backbones).ensure("tf_efficientnet_lite0")
    runtime = open_runtime(backbone, "cpu")
    first, second = (
        train_quick(manifest, store.read, backbone, runtime, TrainConfig(), SilentCallbacks()) for _ in range(2)
    )
    assert digest(first.classifier) == digest(second.classifier)
    test = manifest.select("test")
    inputs = np.stack(list(load_inputs(test.sha256, store.read, backbone.spec.preprocessing, ImportLimits())))
    answers = first.classifier.logits(runtime.features(inputs)).argmax(axis=1)
    assert (answers == test.label_index).mean() > 0.9


def test_without_variants_the_result_is_that_of_the_plain_pictures(imported, colours):
    """The way it was before there were variants, written out: equal to the last bit."""
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    train, val = manifest.select("train"), manifest.select("val")
    features = [
        extract_features(rows.sha256, store.read, runtime, SilentCallbacks(), ImportLimits()) for rows in (train, val)
    ]
    fitted = fit_head(
        *(Examples(f, rows.label_index, rows.group) for f, rows in zip(features, (train, val), strict=True)),
        3,
        TrainConfig(),
        SilentCallbacks(),
    )
    seen = runtime.seen
    for config in (TrainConfig(), TrainConfig(views=9), TrainConfig(augment={"preset": "custom"})):
        runtime.seen = 0
        result = train_quick(manifest, store.read, backbone, runtime, config, SilentCallbacks())
        np.testing.assert_array_equal(result.classifier.weight, fitted.weight)
        np.testing.assert_array_equal(result.classifier.bias, fitted.bias)
        assert runtime.seen == seen


def test_what_it_says_of_validation_pictures_is_said_before_it_learns_from_them(imported, colours):
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    again, once = (
        train_quick(
            manifest, store.read, backbone, runtime, TrainConfig(strengths=(1.0,), refit=refit), SilentCallbacks()
        )
        for refit in (True, False)
    )
    assert digest(again.classifier) != digest(once.classifier)
    keys = manifest.select("val").sha256
    features = extract_features(keys, store.read, runtime, SilentCallbacks(), ImportLimits())
    np.testing.assert_allclose(again.held_out, once.classifier.logits(features), rtol=1e-5, atol=1e-6)


def test_variants_of_training_pictures_are_learned_from_and_counted(imported, colours):
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    told = []

    class Callbacks(SilentCallbacks):
        def stage(self, stage, total):
            told.append((stage, total))

        def progress(self, done):
            told.append(done)

    config = TrainConfig(augment="standard", views=2)
    first = train_quick(manifest, store.read, backbone, runtime, config, Callbacks())
    inputs = 3 * len(manifest.select("train")) + len(manifest.select("val"))
    assert told[0] == ("features", inputs)
    assert told[1 : inputs + 1] == list(range(1, inputs + 1))
    assert runtime.seen == inputs
    again = train_quick(manifest, store.read, backbone, runtime, config, SilentCallbacks())
    assert digest(again.classifier) == digest(first.classifier)
    plain = train_quick(manifest, store.read, backbone, runtime, TrainConfig(), SilentCallbacks())
    assert digest(plain.classifier) != digest(first.classifier)


@pytest.mark.fault("D3")
def test_test_pictures_never_matter_with_variants_either(imported, colours):
    manifest, store = imported(COUNTS)
    config = TrainConfig(augment="strong", views=1, fit="squeeze")
    before = train_quick(manifest, store.read, *colours, config, SilentCallbacks())
    kept = set(manifest.select("train").sha256) | set(manifest.select("val").sha256)
    for key in set(manifest.select("test").sha256) - kept:
        damage_picture(store, key, b"not a picture any more")
    after = train_quick(manifest, store.read, *colours, config, SilentCallbacks())
    assert digest(after.classifier) == digest(before.classifier)


@pytest.mark.parametrize("checks", [1, 60, 150])
def test_it_stops_among_the_variants(imported, colours, checks):
    manifest, store = imported(COUNTS)

    class Callbacks(SilentCallbacks):
        left = checks

        def check_cancelled(self):
            self.left -= 1
            if self.left == 0:
                raise CancelledError("Stopped")

    with pytest.raises(CancelledError):
        train_quick(manifest, store.read, *colours, TrainConfig(augment="light", views=4), Callbacks())


@pytest.mark.parametrize("fit", ["crop", "squeeze", "pad"])
def test_the_fit_is_stored_with_the_model(imported, colours, fit):
    manifest, store = imported(COUNTS)
    backbone, runtime = colours
    result = train_quick(manifest, store.read, backbone, runtime, TrainConfig(fit=fit), SilentCallbacks())
    expected = backbone.spec.preprocessing.model_copy(update={"fit": fit})
    assert result.classifier.spec.preprocessing == expected
