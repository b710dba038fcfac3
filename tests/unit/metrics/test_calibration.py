import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from torchmetrics.functional.classification import multiclass_calibration_error

from clf_core.metrics import calibration as ours

ALL = [ours.nll, ours.brier, ours.ece]


def some_answers(seed: int, count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    logits = 4 * random.normal(size=(count, classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return random.integers(0, classes, count), probabilities


def ece_by_definition(true, probabilities, bins):
    """Guo et al. 2017, written out: each bin is ((m-1)/M, m/M]."""
    total = 0.0
    for number in range(1, bins + 1):
        members = [
            (max(row), int(np.argmax(row) == label))
            for row, label in zip(probabilities, true, strict=True)
            if (number - 1) / bins < max(row) <= number / bins
        ]
        if members:
            confidence, right = np.mean(members, axis=0)
            total += len(members) / len(true) * abs(right - confidence)
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 7))
def test_proper_scores_agree_with_scikit_learn(seed, count, classes):
    true, probabilities = some_answers(seed, count, classes)
    labels = np.arange(classes)
    assert ours.nll(true, probabilities) == pytest.approx(
        reference.log_loss(true, probabilities, labels=labels), abs=1e-9
    )
    assert ours.brier(true, probabilities) == pytest.approx(
        reference.brier_score_loss(true, probabilities, labels=labels, scale_by_half=False), abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 7), st.integers(1, 20))
def test_ece_agrees_with_its_definition(seed, count, classes, bins):
    true, probabilities = some_answers(seed, count, classes)
    assert ours.ece(true, probabilities, bins) == pytest.approx(ece_by_definition(true, probabilities, bins), abs=1e-9)


def test_a_bin_holds_its_upper_edge_and_not_its_lower():
    # 0.5 belongs to (0, 0.5], so with two bins the wrong 0.5 and the right 0.9 do not meet and cancel.
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9]])
    assert ours.ece(np.array([1, 1]), probabilities, bins=2) == pytest.approx((0.5 + 0.1) / 2)


def test_known_values():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    right, wrong = np.array([0, 1]), np.array([1, 0])
    assert [measure(right, certain) for measure in ALL] == pytest.approx([0, 0, 0], abs=1e-15)
    assert ours.brier(wrong, certain) == 2
    assert ours.ece(wrong, certain) == 1
    undecided = np.full((3, 4), 0.25)
    assert ours.nll(np.array([0, 1, 2]), undecided) == pytest.approx(np.log(4))


def test_one_certain_mistake_in_single_precision_stays_finite():
    probabilities = np.array([[1.0, 0.0]], dtype=np.float32)
    assert ours.nll(np.array([1]), probabilities) == pytest.approx(-np.log(np.finfo(np.float32).eps))


@pytest.mark.parametrize("measure", ALL)
def test_without_pictures_there_is_no_score(measure):
    assert np.isnan(measure(np.empty(0, dtype=np.int64), np.empty((0, 3))))


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("row", [[1.2, -0.2], [np.nan, 0.5], [7.0, 3.0]])
def test_logits_and_nan_are_not_taken_for_probabilities(measure, row):
    with pytest.raises(ValueError, match="must"):
        measure(np.array([0]), np.array([row]))


def test_ece_needs_a_bin():
    with pytest.raises(ValueError, match="bins"):
        ours.ece(np.array([0]), np.array([[0.5, 0.5]]), bins=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 7), st.integers(1, 20))
def test_ece_agrees_with_torchmetrics(seed, count, classes, bins):
    true, probabilities = some_answers(seed, count, classes)
    # Both divide 0..1 alike, but for the edges. torchmetrics counts in single precision, which rounds an answer next to
    # 1 onto that edge.
    assume(probabilities.max() < 1 - 1e-6)
    expected = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(true), num_classes=classes, n_bins=bins
    )
    assert ours.ece(true, probabilities, bins) == pytest.approx(float(expected), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 7), st.integers(1, 20))
def test_the_reliability_diagram_agrees_with_scikit_learn(seed, count, classes, bins):
    true, probabilities = some_answers(seed, count, classes)
    right = probabilities.argmax(axis=1) == true
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=bins)
    found = ours.reliability(true, probabilities, bins)
    full = found.counts > 0
    np.testing.assert_allclose(found.accuracy[full], accuracy, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.confidence[full], confidence, rtol=0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(2, 7), st.integers(1, 20))
def test_the_reliability_diagram_holds_every_answer_once(seed, count, classes, bins):
    true, probabilities = some_answers(seed, count, classes)
    found = ours.reliability(true, probabilities, bins)
    assert found.counts.sum() == count
    assert found.right.sum() == (probabilities.argmax(axis=1) == true).sum()
    full = found.counts > 0
    assert (found.edges[:-1][full] < found.confidence[full]).all()
    assert (found.confidence[full] <= found.edges[1:][full] + 1e-12).all()
    np.testing.assert_allclose(found.accuracy[full], found.right[full] / found.counts[full])
    assert np.isnan([found.accuracy[~full], found.confidence[~full]]).all()
