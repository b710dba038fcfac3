import warnings

import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_auroc, multiclass_average_precision

from clf_core.metrics import curves as ours


@st.composite
def ranked(draw):
    """Flags of both kinds, and scores with many ties."""
    flags = draw(st.lists(st.booleans(), min_size=2, max_size=60).filter(lambda given: any(given) and not all(given)))
    steps = draw(st.lists(st.integers(0, draw(st.integers(0, 20))), min_size=len(flags), max_size=len(flags)))
    return np.array(flags), np.array(steps) / 20


@pytest.fixture
def double_precision():
    """torchmetrics divides counts in torch's default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@settings(max_examples=50, deadline=None)
@given(ranked())
def test_points_and_areas_agree_with_scikit_learn(case):
    positive, scores = case
    x, y, thresholds = reference.roc_curve(positive, scores, drop_intermediate=False)
    found = ours.roc(positive, scores)
    np.testing.assert_allclose([found.x, found.y], [x, y], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.thresholds, thresholds)
    assert ours.roc_area(positive, scores) == pytest.approx(reference.roc_auc_score(positive, scores), abs=1e-9)

    precision, recall, thresholds = reference.precision_recall_curve(positive, scores)
    found = ours.precision_recall(positive, scores)
    # scikit-learn lists rising thresholds, and a last point (0, 1) of its own.
    np.testing.assert_allclose(found.x[1:], recall[:-1][::-1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.y[1:], precision[:-1][::-1], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.thresholds[1:], thresholds[::-1])
    assert ours.average_precision(positive, scores) == pytest.approx(
        reference.average_precision_score(positive, scores), abs=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 80), st.integers(2, 5))
@pytest.mark.usefixtures("double_precision")
def test_areas_of_every_class_agree_with_torchmetrics(seed, count, classes):
    random = np.random.default_rng(seed)
    true = np.concatenate([np.arange(classes), random.integers(0, classes, count)])
    scores = np.round(random.dirichlet(np.ones(classes), len(true)), 2)
    given_scores, given_true = torch.from_numpy(scores), torch.from_numpy(true)
    pairs = [
        (ours.roc_area, multiclass_auroc),
        (ours.average_precision, multiclass_average_precision),
    ]
    for own, theirs in pairs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theirs(given_scores, given_true, num_classes=classes, average=None).numpy()
        areas = [own(true == index, scores[:, index]) for index in range(classes)]
        np.testing.assert_allclose(areas, expected, rtol=0, atol=1e-9)


def test_without_both_kinds_there_is_no_roc_curve():
    scores = np.array([0.1, 0.2])
    assert np.isnan(ours.roc_area(np.array([True, True]), scores))
    assert np.isnan(ours.average_precision(np.array([False, False]), scores))
    assert ours.average_precision(np.array([True, True]), scores) == 1
    with pytest.raises(ValueError, match="needs pictures"):
        ours.roc(np.array([False, False]), scores)
    with pytest.raises(ValueError, match="needs pictures"):
        ours.precision_recall(np.array([False, False]), scores)


@pytest.mark.parametrize(
    ("positive", "scores"),
    [
        (np.array([True, False]), np.array([0.1])),
        (np.array([1, 0]), np.array([0.1, 0.2])),
        (np.array([True, False]), np.array([0.1, np.nan])),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(positive, scores):
    with pytest.raises(ValueError, match=r"need|must"):
        ours.roc_area(positive, scores)


@settings(max_examples=40, deadline=None)
@given(ranked(), ranked())
def test_the_area_of_the_mean_curve_is_the_mean_of_the_areas(one, other):
    grid = np.linspace(0, 1, 2001)
    found = [ours.roc(*case) for case in (one, other)]
    mean = ours.mean_curve([ours.roc_at(curve, grid) for curve in found])
    assert np.trapezoid(mean, grid) == pytest.approx(np.mean([ours.area(curve) for curve in found]), abs=2e-3)
    steps = [ours.precision_recall(*case) for case in (one, other)]
    mean = ours.mean_curve([ours.precision_at(curve, grid) for curve in steps])
    assert mean[1:].mean() == pytest.approx(np.mean([ours.step_area(curve) for curve in steps]), abs=4e-2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(30, 400))
def test_a_thinned_curve_looks_the_same(seed, count):
    random = np.random.default_rng(seed)
    positive = random.random(count) < 0.5
    positive[:2] = [True, False]
    curve = ours.roc(positive, random.normal(size=count) + positive)
    drawn = ours.thinned(curve, 60)
    assert len(drawn.x) <= 61
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert ours.area(drawn) == pytest.approx(ours.area(curve), abs=0.02)
    exact = ours.thinned(curve, 10_000)
    assert ours.area(exact) == pytest.approx(ours.area(curve), abs=1e-12)
    assert len(exact.x) <= len(curve.x)
