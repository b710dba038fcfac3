"""Classifiers as data: arithmetic, saving, and files that are not what they should be."""

import json

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import softmax

from clf_core.config import Preprocessing
from clf_core.errors import NotFoundError, StateError, StorageError
from clf_core.models.classifier import (
    Classifier,
    ClassifierSpec,
    load_classifier,
    save_classifier,
    starter_classifier,
)

SPEC = ClassifierSpec(
    backbone="some_model",
    weights_sha256="a" * 64,
    feature_dim=4,
    preprocessing=Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    classes=("cat", "../dog", "<b>"),
    created=12.5,
)


@pytest.fixture
def classifier():
    random = np.random.default_rng(0)
    return Classifier(SPEC, random.normal(size=(3, 4)).astype(np.float32), random.normal(size=3).astype(np.float32))


def test_saved_and_loaded_is_the_same(tmp_path, classifier):
    save_classifier(tmp_path, classifier)
    loaded = load_classifier(tmp_path)
    assert loaded.spec == SPEC
    np.testing.assert_array_equal(loaded.weight, classifier.weight)
    np.testing.assert_array_equal(loaded.bias, classifier.bias)


def test_probabilities_are_a_softmax_even_of_huge_logits(classifier):
    features = np.array([[1, 2, 3, 4], [1e4, -1e4, 1e4, 1e4]], dtype=np.float32)
    probabilities = classifier.probabilities(features)
    logits = features.astype(np.float64) @ classifier.weight.T.astype(np.float64) + classifier.bias
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(probabilities[0], expected, rtol=1e-4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert probabilities.dtype == np.float32
    assert np.isfinite(probabilities).all()


def test_a_temperature_divides_the_logits_and_is_stored(tmp_path, classifier):
    features = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    plain, calm = classifier.probabilities(features), classifier.calibrated(2.5)
    np.testing.assert_allclose(calm.probabilities(features), softmax(calm.logits(features) / 2.5, axis=1), atol=1e-6)
    np.testing.assert_array_equal(calm.probabilities(features).argmax(axis=1), plain.argmax(axis=1))
    np.testing.assert_array_equal(calm.logits(features), classifier.logits(features))
    save_classifier(tmp_path, calm)
    assert load_classifier(tmp_path).spec.temperature == 2.5
    assert ClassifierSpec.model_validate(SPEC.model_dump(exclude={"temperature"})).temperature == 1.0
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValidationError):
            ClassifierSpec.model_validate({**SPEC.model_dump(), "temperature": temperature})


def test_shapes_types_and_values_are_checked(classifier):
    with pytest.raises(ValueError, match="does not fit"):
        Classifier(SPEC, classifier.weight[:2], classifier.bias)
    with pytest.raises(ValueError, match="float32"):
        Classifier(SPEC, classifier.weight.astype(np.float64), classifier.bias)
    with pytest.raises(ValueError, match="finite"):
        Classifier(SPEC, classifier.weight * np.float32("nan"), classifier.bias)
    with pytest.raises(ValidationError, match="differ"):
        ClassifierSpec.model_validate({**SPEC.model_dump(), "classes": ("a", "a")})


def test_no_model_there(tmp_path):
    with pytest.raises(NotFoundError, match="no trained model"):
        load_classifier(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "not json", "newer version", "wrong shape", "other tensors"])
def test_damaged_files(tmp_path, classifier, damage):
    from safetensors.numpy import save_file

    save_classifier(tmp_path, classifier)
    model, head = tmp_path / "model.json", tmp_path / "head.safetensors"
    if damage == "truncated":
        head.write_bytes(head.read_bytes()[:40])
    elif damage == "not json":
        model.write_text("{")
    elif damage == "newer version":
        model.write_text(json.dumps({**json.loads(model.read_text()), "format_version": 2}))
    elif damage == "wrong shape":
        save_file({"weight": classifier.weight[:, :2], "bias": classifier.bias}, head)
    else:
        save_file({"w": classifier.weight}, head)
    with pytest.raises(StorageError, match="cannot be read"):
        load_classifier(tmp_path)


def test_a_classifier_belongs_to_its_weights(lite0, classifier):
    with pytest.raises(StateError, match="other weights"):
        classifier.require(lite0.spec)
    starter_classifier(lite0).require(lite0.spec)


def test_backbones_without_classes_have_no_starter(lite0, tmp_path):
    from clf_core.models.backbone import Backbone

    spec = lite0.spec.model_copy(update={"files": {"weights.safetensors": "0" * 64}})
    with pytest.raises(NotFoundError, match="without classes"):
        starter_classifier(Backbone(spec, tmp_path))


def test_a_model_stored_before_there_were_fits_cuts_to_the_centre(tmp_path, classifier):
    save_classifier(tmp_path, classifier)
    stored = json.loads((tmp_path / "model.json").read_text())
    assert stored["preprocessing"].pop("fit") == "crop"
    (tmp_path / "model.json").write_text(json.dumps(stored))
    assert load_classifier(tmp_path).spec == SPEC
