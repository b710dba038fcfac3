"""The weights that come with the installation: every tensor in its place, and the right answers."""

import dataclasses
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

LITE0 = bundled_weights.BUNDLES[0]


@pytest.mark.parametrize("bundle", bundled_weights.BUNDLES, ids=lambda bundle: bundle.name)
def test_every_tensor_is_used_once_and_fits(bundle):
    """The optional ones are installed for the tests (requirements-dev.txt)."""
    import timm

    expected = {name: tuple(value.shape) for name, value in timm.create_model(bundle.name).state_dict().items()}
    assert {name: tuple(value.shape) for name, value in bundled_weights.load(bundle).items()} == expected


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
    assert bundled_weights.timm_name(theirs, LITE0.blocks) == ours


@pytest.mark.parametrize("name", ["_blocks.16._bn0.weight", "_blocks.0._expand_conv.weight", "other.weight"])
def test_foreign_names_are_refused(name):
    with pytest.raises(KeyError):
        bundled_weights.timm_name(name, LITE0.blocks)


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


@pytest.mark.parametrize(
    ("bundle", "file", "word"),
    [(bundle, "china.jpg", "palace") for bundle in bundled_weights.BUNDLES[1:]]
    + [(bundled_weights.BUNDLES[1], "flower.jpg", "daisy")],
)
def test_the_optional_ones_know_what_they_see(bundle, file, word):
    """On the torch network itself, among 1,000 classes."""
    import torch
    from sklearn.datasets import load_sample_image

    from clf_core.models import pretrained
    from clf_core.models.network import normalise

    published = pretrained.load(bundle.name, lambda text: None, ())
    assert bundle.package in published.source
    data = io.BytesIO()
    Image.fromarray(load_sample_image(file)).save(data, "PNG")
    picture = input_from_bytes(data.getvalue(), published.preprocessing, ImportLimits())
    with torch.inference_mode():
        logits = published.model(normalise(picture[None], published.preprocessing))[0]
    assert word in [published.class_names[index] for index in logits.argsort(descending=True)[:5]]


@pytest.mark.parametrize("bundle", bundled_weights.BUNDLES, ids=lambda bundle: bundle.name)
def test_a_missing_package_is_named(bundle):
    elsewhere = dataclasses.replace(bundle, package="no-such-package-here")
    assert elsewhere.find() is None
    with pytest.raises(WeightsUnavailableError, match="no-such-package-here is not installed"):
        bundled_weights.load(elsewhere)


def test_both_names_lead_to_the_package():
    assert bundled_weights.bundle_of("tf_efficientnet_lite2.in1k") is bundled_weights.BUNDLES[2]
    assert bundled_weights.bundle_of("tf_efficientnet_lite3") is None
    assert bundled_weights.installed()[0] == bundled_weights.ALWAYS_HERE


def test_a_changed_file_is_refused(tmp_path):
    package = tmp_path / "models" / LITE0.file
    package.parent.mkdir()
    package.write_bytes(LITE0.find().read_bytes()[:-1])

    class Damaged(bundled_weights.Bundle):
        def find(self):
            return package

    with pytest.raises(StorageError, match="checksum"):
        bundled_weights.load(Damaged(**vars(LITE0)))
