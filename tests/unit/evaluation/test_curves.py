import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, top_k_accuracy_score

from clf_core.evaluation import curves as ours
from clf_core.metrics import calibration
from clf_core.results.curves import Curves


def answers(seed: int = 0, count: int = 400, classes: int = 5) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.integers(0, classes, count)
    logits = random.normal(size=(count, classes)) + 2 * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return [f"class {index}" for index in range(classes)], true, probabilities, np.arange(count)


def test_areas_are_exact_however_few_points_are_drawn():
    names, true, probabilities, groups = answers()
    found = ours.all_curves(names, true, probabilities, groups)
    assert found.roc.mean.area == pytest.approx(roc_auc_score(true, probabilities, multi_class="ovr"), abs=1e-9)
    for index, (roc, precision) in enumerate(zip(found.roc.classes, found.precision_recall.classes, strict=True)):
        assert roc.name == precision.name == names[index]
        assert roc.area == pytest.approx(roc_auc_score(true == index, probabilities[:, index]), abs=1e-9)
        assert precision.area == pytest.approx(
            average_precision_score(true == index, probabilities[:, index]), abs=1e-9
        )
        assert len(roc.x) == len(roc.y) <= 121
        assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc.area, abs=0.02)
    assert found.precision_recall.mean.area == pytest.approx(
        np.mean([curve.area for curve in found.precision_recall.classes])
    )
    assert (found.roc.mean.x[0], found.roc.mean.y[0], found.roc.mean.x[-1], found.roc.mean.y[-1]) == (0, 0, 1, 1)


def test_top_k_has_intervals_and_stops_before_all_classes():
    names, true, probabilities, groups = answers()
    found = ours.all_curves(names, true, probabilities, groups)
    assert [top.k for top in found.top_k] == [1, 2, 3]
    for top in found.top_k:
        assert top.share == pytest.approx(top_k_accuracy_score(true, probabilities, k=top.k))
        assert top.low < top.share < top.high


def test_the_bins_add_up_to_the_calibration_error():
    names, true, probabilities, groups = answers()
    sharper = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    found = ours.all_curves(names, true, probabilities, groups, raw=sharper)
    for bins, given in ((found.reliability, probabilities), (found.raw_reliability, sharper)):
        gaps = sum(part.count * abs(part.accuracy - part.confidence) for part in bins) / len(true)
        assert gaps == pytest.approx(calibration.ece(true, given, found.bins))
        assert all(part.accuracy_low <= part.accuracy <= part.accuracy_high for part in bins)
    assert found.raw_reliability != found.reliability


def test_the_answered_share_ends_with_all_and_its_area_is_the_mean_risk():
    _, true, probabilities, _ = answers()
    found = ours.answered_curve(true, probabilities)
    right = probabilities.argmax(axis=1) == true
    assert (found.answered[-1], found.right[-1]) == (1, pytest.approx(right.mean(), abs=1e-4))
    order = np.argsort(-probabilities.max(axis=1))
    expected = np.mean(np.cumsum(~right[order]) / np.arange(1, len(true) + 1))
    assert found.area == pytest.approx(expected, abs=1e-9)
    assert list(found.answered) == sorted(found.answered)


def test_a_class_without_pictures_is_left_out_and_named():
    names, true, probabilities, groups = answers(classes=3)
    true[true == 2] = 1
    found = ours.all_curves(names, true, probabilities, groups)
    assert [curve.name for curve in found.roc.classes] == names[:2]
    assert found.roc.left_out == (names[2],)
    alone = ours.roc_curves(names, np.zeros(len(true), dtype=np.int64), probabilities)
    assert alone.mean is None
    assert len(alone.left_out) == 3


def test_curves_survive_their_own_json_and_stay_small_with_many_classes():
    names, true, probabilities, groups = answers(count=3_000, classes=200)
    found = ours.all_curves(names, true, probabilities, groups)
    text = found.model_dump_json()
    assert Curves.model_validate_json(text) == found
    assert len(text) < 1_000_000
