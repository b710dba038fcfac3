import numpy as np
import pytest

from clf_core.evaluation.conformal import least_probability, set_sizes, sets


def drawn(random: np.random.Generator, count: int, classes: int = 5):
    """Pictures of a classifier that is often wrong and says so badly: probabilities are much too sure."""
    true = random.integers(0, classes, count)
    logits = random.normal(0, 1, (count, classes)) + 1.5 * np.eye(classes)[true]
    odds = np.exp(4 * logits)
    return true, odds / odds.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_sets_hold_the_right_class_as_often_as_promised(level):
    random, held, total = np.random.default_rng(7), 0, 0
    for _ in range(300):
        least = least_probability(*drawn(random, 59), level)
        true, probabilities = drawn(random, 100)
        held += set_sizes(true, sets(probabilities, least)).held
        total += 100
    # Over validation sets drawn anew the promise holds, and is exceeded by 1 / (N + 1) at most.
    assert level - 0.01 <= held / total <= level + 1 / 60 + 0.01


def test_the_limit_is_a_probability_of_a_true_class():
    true = np.zeros(9, dtype=np.int64)
    own = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3, 0.2])
    probabilities = np.stack([own, 1 - own], axis=1)
    assert least_probability(true, probabilities, 0.9) == 0.2  # (9 + 1) * 0.9 is the 9th
    assert least_probability(true, probabilities, 0.8) == 0.3
    assert least_probability(true, probabilities, 0.95) == 0.0  # nine pictures cannot promise that
    assert least_probability(true[:0], probabilities[:0], 0.5) == 0.0


def test_sizes_are_counted():
    chosen = sets(np.array([[0.8, 0.2, 0.0], [0.4, 0.4, 0.2], [0.34, 0.33, 0.33]]), 0.35)
    sizes = set_sizes(np.array([0, 2, 0]), chosen)
    assert (sizes.total, sizes.held, sizes.single, sizes.empty) == (3, 1, 1, 1)
    assert sizes.mean_size == pytest.approx(1.0)


def test_what_cannot_be_is_refused():
    true, probabilities = drawn(np.random.default_rng(0), 5)
    with pytest.raises(ValueError, match="level"):
        least_probability(true, probabilities, 1.0)
    with pytest.raises(ValueError, match="one row"):
        least_probability(true[:2], probabilities, 0.9)
    with pytest.raises(ValueError, match="no picture"):
        set_sizes(true[:0], probabilities[:0] > 0)
