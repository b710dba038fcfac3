"""The weights that come with the installation: every tensor in its place, and the right answers."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.loading import input_from_bytes
from clf_core.errors import StorageError, WeightsUnavailableError
from clf_core.models import bundled_weights
from clf_core.models.classifier import starter_classifier
from clf_core.models.runtime import open_runtime


def test_every_tensor_is_used_once_and_fits():
    import timm

    expected = {
        name: tuple(value.shape) for name, value in timm.create_model(bundled_weights.NAMES[0]).state_dict().items()
    }
    assert {name: tuple(value.shape) for name, value in bundled_weights.load().items()} == expected


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("_conv_stem.weight", "conv_stem.weight"),
        ("_blocks.0._bn1.bias", "blocks.0.0.bn1.bias"),
        ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
        ("_blocks.3._bn0.weight", "blocks.2.0.bn1.weight"),
        ("_blocks.15._project_conv.weight", "blocks.6.0.conv_pwl.weight"),
        ("_fc.bias", "classifier.bias"),
    ],
)
def test_names(theirs, ours):
    assert bundled_weights.timm_name(theirs) == ours


@pytest.mark.parametrize("name", ["_blocks.16._bn0.weight", "_blocks.0._expand_conv.weight", "other.weight"])
def test_foreign_names_are_refused(name):
    with pytest.raises(KeyError):
        bundled_weights.timm_name(name)


@pytest.mark.parametrize(("file", "word"), [("china.jpg", "palace"), ("flower.jpg", "daisy")])
def test_content(lite0, file, word):
    from sklearn.datasets import load_sample_image

    data = io.BytesIO()
    Image.fromarray(load_sample_image(file)).save(data, "PNG")
    picture = input_from_bytes(data.getvalue(), lite0.spec.preprocessing, ImportLimits())
    for precision in ("auto", "float32"):
        features = open_runtime(lite0, "cpu", precision).features(picture[None])
        classifier = starter_classifier(lite0)
        best = np.argsort(-classifier.probabilities(features)[0])[:5]
        assert word in [classifier.spec.classes[index] for index in best]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(bundled_weights, "_MODULE", "no_such_package_here")
    with pytest.raises(WeightsUnavailableError, match="not installed"):
        bundled_weights.load()


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    damaged = tmp_path / "weights.pth"
    damaged.write_bytes(bundled_weights.find().read_bytes()[:-1])
    monkeypatch.setattr(bundled_weights, "find", lambda: damaged)
    with pytest.raises(StorageError, match="checksum"):
        bundled_weights.load()
