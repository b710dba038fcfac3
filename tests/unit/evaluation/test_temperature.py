import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from clf_core.evaluation.answers import Answers
from clf_core.evaluation.temperature import FEWEST, best_inverse, fit_temperature
from clf_core.metrics.calibration import ece, nll


def answers(logits: np.ndarray, true_index: np.ndarray) -> Answers:
    count, classes = logits.shape
    names = tuple(map(str, range(count)))
    return Answers(
        tuple(map(str, range(classes))), names, names, np.arange(count), true_index, logits.astype(np.float32)
    )


def drawn(count: int, temperature: float, classes: int = 4, seed: int = 0) -> Answers:
    """Pictures whose classes are drawn by the probabilities of logits, which are then made ``temperature`` as large."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, classes))
    chances = np.exp(log_softmax(logits, axis=1)).cumsum(axis=1)
    true_index = (random.random((count, 1)) > chances).sum(axis=1).clip(max=classes - 1)
    return answers(logits * temperature, true_index)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_it_finds_how_much_too_sure_the_network_is(temperature):
    assert fit_temperature(drawn(20_000, temperature)) == pytest.approx(temperature, rel=0.05)


def _loss(inverse: float, logits: np.ndarray, true_index: np.ndarray) -> float:
    """Platt's targets, written out."""
    count, classes = logits.shape
    sure = (count + 1) / (count + 2)
    targets = np.full((count, classes), (1 - sure) / (classes - 1))
    targets[np.arange(count), true_index] = sure
    return float(-(targets * log_softmax(inverse * logits.astype(np.float64), axis=1)).sum(axis=1).mean())


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(2, 6), st.floats(0.2, 8), st.integers(0, 1000))
def test_no_other_temperature_has_less_loss(count, classes, size, seed):
    random = np.random.default_rng(seed)
    logits = random.normal(0, size, (count, classes)).astype(np.float32)
    true_index = np.where(random.random(count) < 0.7, logits.argmax(axis=1), random.integers(0, classes, count))
    found = best_inverse(logits, true_index)
    other = minimize_scalar(lambda log: _loss(np.exp(log), logits, true_index), bounds=(-6.9, 6.9), method="bounded")
    assert _loss(found, logits, true_index) <= other.fun + 1e-9


def test_many_classes_are_worked_on_in_parts(monkeypatch):
    given_answers = drawn(500, 2.0)
    whole = fit_temperature(given_answers)
    monkeypatch.setattr("clf_core.evaluation.temperature._CHUNK_ELEMENTS", 64)
    assert fit_temperature(given_answers) == pytest.approx(whole, rel=1e-6)


def test_few_pictures_change_nothing():
    assert fit_temperature(drawn(FEWEST - 1, 3.0)) == 1.0
    assert fit_temperature(None) == 1.0
    assert fit_temperature(drawn(FEWEST, 3.0)) != 1.0


def test_pictures_all_answered_right_do_not_make_it_certain():
    count = 50
    sure = answers(np.tile([[6.0, 0.0, 0.0]], (count, 1)), np.zeros(count, dtype=np.int64))
    assert sure.probabilities(fit_temperature(sure))[0, 0] == pytest.approx((count + 1) / (count + 2), abs=1e-6)


def test_logits_of_no_use_end_at_the_bounds():
    wrong = answers(np.tile([[9.0, 0.0]], (30, 1)), np.ones(30, dtype=np.int64))
    assert fit_temperature(wrong) == pytest.approx(1000)
    nothing = answers(np.zeros((30, 2)), np.ones(30, dtype=np.int64))
    assert np.allclose(nothing.probabilities(fit_temperature(nothing)), 0.5)


def test_pictures_it_was_not_fitted_on_become_believable():
    val, test = drawn(2000, 3.0), drawn(2000, 3.0, seed=1)
    fitted = fit_temperature(val)
    before, after = test.probabilities(), test.probabilities(fitted)
    assert nll(test.true_index, after) < nll(test.true_index, before) - 0.2
    assert ece(test.true_index, after) < 0.05 < ece(test.true_index, before)
