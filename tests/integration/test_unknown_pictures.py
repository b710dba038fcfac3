"""Digits shown to a classifier of shapes, and the reverse: refused, while what it knows is still answered.

Small parts of the built-in samples and the real network; what is set up sees no foreign picture.
"""

import numpy as np
import pytest

from clf_core.config import ImportLimits, TrainConfig
from clf_core.data.loading import input_from_bytes
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.doubt import rule_of
from clf_core.evaluation.temperature import fit_temperature
from clf_core.evaluation.unknown import References, alarm_report
from clf_core.importing.samples import sample_source
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.classifier import Classifier, ClassifierSpec
from clf_core.models.runtime import open_runtime
from clf_core.prediction.judging import Judge
from clf_core.results.doubt import DoubtSettings
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.head import Examples, fit_head

PICTURES = {"digits": slice(0, 400, 2), "shapes": slice(0, None, 2)}
"""Half of the digits 0 to 3, and half of the shapes."""

SPLITS = ("train", "train", "train", "val", "test")


@pytest.fixture(scope="module")
def seen(prepared_backbones):
    """The network's description, and for each sample the features [N, D] and the classes [N] of its pictures."""
    runtime = open_runtime(BackboneStore(prepared_backbones).ensure("tf_efficientnet_lite0"), "cpu")
    made = {}
    for key, wanted in PICTURES.items():
        files = list(sample_source(key).files())[wanted]
        names = [file.name.partition("/")[0] for file in files]
        pictures = (input_from_bytes(file.read(), runtime.spec.preprocessing, ImportLimits()) for file in files)
        made[key] = np.stack(list(runtime.stream(pictures))), np.unique(names, return_inverse=True)[1].astype(np.int64)
    return runtime.spec, made


@pytest.mark.parametrize(("known", "foreign"), [("shapes", "digits"), ("digits", "shapes")])
def test_nine_in_ten_foreign_pictures_are_refused_and_nine_in_ten_known_ones_answered(seen, known, foreign):
    spec, samples = seen
    features, labels = samples[known]
    part = np.resize(np.array(SPLITS), len(labels))
    train, val, test = (
        Examples(features[part == split], labels[part == split], [str(row) for row in np.flatnonzero(part == split)])
        for split in ("train", "val", "test")
    )
    classes = tuple(map(str, np.unique(labels)))
    fitted = fit_head(train, val, len(classes), TrainConfig(refit=False, strengths=(0.1, 1.0)), SilentCallbacks())
    described = ClassifierSpec(
        backbone=spec.name,
        weights_sha256=spec.weights_sha256,
        feature_dim=spec.feature_dim,
        preprocessing=spec.preprocessing,
        classes=classes,
    )
    plain = Classifier(described, fitted.weight, fitted.bias)
    keys = tuple(val.groups)
    answers = Answers(classes, keys, keys, np.arange(len(val)), val.labels, plain.logits(val.features))
    temperature = fit_temperature(answers)
    references = References.of(train.features)
    alarms = alarm_report(references, references.distances(val.features), references.distances(test.features))
    judge = Judge(rule_of(answers, temperature, DoubtSettings()), references, alarms.distance or np.inf)

    def answered(rows: np.ndarray) -> float:
        judged = judge.judge(rows, plain.calibrated(temperature).probabilities(rows))
        return float(np.mean([judgement.verdict == "answer" for judgement in judged]))

    assert answered(test.features) >= 0.9
    assert answered(samples[foreign][0]) <= 0.1
    assert alarms.test_low <= alarms.promised
