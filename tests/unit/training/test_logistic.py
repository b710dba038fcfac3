"""The solver against scikit-learn's, its rotation, and its folding."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.errors import CancelledError
from clf_core.training.logistic import Basis, Layer, Score, fit, score


def data(count: int, dim: int, classes: int, seed: int = 0):
    """Overlapping classes with features of very different sizes."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = random.normal(size=(classes, dim))
    features = (centres[labels] + 2 * random.normal(size=(count, dim))) * random.uniform(0.01, 10, dim) + 3
    return features.astype(np.float32), labels.astype(np.int64)


def nothing() -> None:
    """No one asked to stop."""


@pytest.mark.parametrize(("count", "dim"), [(200, 12), (60, 150)], ids=["more rows", "more features"])
@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_equals_scikit_learn(count, dim, strength):
    from sklearn.linear_model import LogisticRegression

    features, labels = data(count, dim, 3)
    basis = Basis.of(features)
    rows = basis.rotate(features)
    layer = fit(rows, labels, basis.curvature, strength, Layer.zero(3, rows.shape[1]), nothing, tolerance=1e-6)
    weight, bias = basis.unfold(layer)

    scaled = (features - basis.mean) / basis.scale
    peer = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(scaled, labels)
    ours = features.astype(np.float64) @ weight.T.astype(np.float64) + bias
    np.testing.assert_allclose(
        ours - ours.mean(axis=1, keepdims=True), peer.decision_function(scaled), rtol=2e-3, atol=2e-3
    )


def test_rotation_keeps_distances_and_first_keeps_the_largest():
    features, _ = data(50, 80, 2)
    basis = Basis.of(features)
    rows = basis.rotate(features)
    scaled = (features - basis.mean) / basis.scale
    np.testing.assert_allclose(rows @ rows.T, scaled @ scaled.T, atol=1e-6)
    assert not basis.complete
    assert (np.diff(basis.curvature) <= 1e-12).all()
    np.testing.assert_allclose(basis.first(5).rotate(features), rows[:, :5])
    assert Basis.of(data(200, 10, 2)[0]).complete


def test_features_that_never_change_do_no_harm():
    features, labels = data(40, 6, 2)
    features[:, 2] = 7.0
    basis = Basis.of(features)
    rows = basis.rotate(features)
    weight, bias = basis.unfold(fit(rows, labels, basis.curvature, 1.0, Layer.zero(2, rows.shape[1]), nothing))
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()
    same = Basis.of(np.ones((4, 3), dtype=np.float32))
    assert np.isfinite(same.rotate(np.ones((2, 3), dtype=np.float32))).all()


def test_a_weak_fit_does_not_stop_where_the_one_before_ended():
    """Separable classes: every tenfold strength must lower the training loss further."""
    features, labels = data(40, 100, 2)
    basis = Basis.of(features)
    rows = basis.rotate(features)
    layer, losses = Layer.zero(2, rows.shape[1]), []
    for strength in (0.1, 1.0, 10.0, 100.0):
        layer = fit(rows, labels, basis.curvature, strength, layer, nothing, tolerance=1e-3)
        losses.append(score(rows, labels, layer).mean_loss)
    assert all(later < 0.7 * earlier for earlier, later in pairwise(losses))


def test_stopping_from_inside():
    features, labels = data(60, 20, 3)
    basis = Basis.of(features)
    rows = basis.rotate(features)
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 5:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        fit(rows, labels, basis.curvature, 1.0, Layer.zero(3, rows.shape[1]), check)
    assert len(calls) == 5


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.lists(st.floats(-50, 50), min_size=3, max_size=3)), min_size=1, max_size=30
    )
)
def test_score_equals_scikit_learn(pictures):
    from sklearn.metrics import log_loss

    labels = np.array([label for label, _ in pictures])
    rows = np.array([values for _, values in pictures])
    result = score(rows, labels, Layer(np.eye(3), np.zeros(3)))
    odds = np.exp(rows - rows.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    losses = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-300))
    assert result.mean_loss == pytest.approx(losses.mean(), abs=1e-6)
    if losses.max() < 30:  # scikit-learn clips what is less likely
        assert result.mean_loss == pytest.approx(log_loss(labels, probabilities, labels=[0, 1, 2]), abs=1e-6)
    assert result.accuracy == pytest.approx((rows.argmax(axis=1) == labels).mean())
    assert result.standard_error == pytest.approx(losses.std() / np.sqrt(len(losses)), abs=1e-5)


def test_scores_add_up():
    features, labels = data(30, 4, 2)
    layer = Layer(np.ones((2, 4)) * [[1], [-1]], np.zeros(2))
    whole = score(features, labels, layer)
    parts = score(features[:10], labels[:10], layer) + score(features[10:], labels[10:], layer)
    assert parts.mean_loss == pytest.approx(whole.mean_loss)
    assert (parts.correct, parts.count) == (whole.correct, whole.count)
    assert Score().mean_loss == 0.0
