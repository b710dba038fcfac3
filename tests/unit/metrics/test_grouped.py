import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from clf_core.metrics import classification, grouped
from clf_core.metrics.bootstrap import bootstrap
from clf_core.metrics.intervals import wilson_interval


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.integers(2, 5))
def test_single_pictures_give_wilsons_intervals(seed, count, classes):
    random = np.random.default_rng(seed)
    true, predicted = random.integers(0, classes, (2, count))
    groups = random.permutation(count)
    right = true == predicted
    assert grouped.accuracy_interval(right, groups) == pytest.approx(wilson_interval(int(right.sum()), count), abs=1e-9)
    found = grouped.class_intervals(true, predicted, groups, classes)
    matrix = classification.confusion_matrix(true, predicted, classes)
    hits, of_class, as_class = np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    for ends, totals in ((found.recall, of_class), (found.precision, as_class)):
        for index in range(classes):
            if totals[index]:
                expected = proportion_confint(hits[index], totals[index], method="wilson")
                assert ends[index] == pytest.approx(expected, abs=1e-9)
            else:
                assert np.isnan(ends[index]).all()
    scores = classification.f1(matrix)
    defined = ~np.isnan(scores)
    assert (found.f1[defined, 0] <= scores[defined] + 1e-12).all()
    assert (scores[defined] <= found.f1[defined, 1] + 1e-12).all()


def test_copies_of_one_picture_count_once():
    random = np.random.default_rng(0)
    true, predicted = random.integers(0, 3, (2, 90))
    true[:60] = predicted[:60]
    once = grouped.class_intervals(true, predicted, np.arange(90), 3)
    copied = grouped.class_intervals(*(np.repeat(part, 5) for part in (true, predicted, np.arange(90))), 3)
    for name in ("precision", "recall", "f1"):
        # A little wider, as how alike they are was not known but estimated.
        narrow, wide = getattr(once, name), getattr(copied, name)
        np.testing.assert_allclose(wide, narrow, atol=0.015)
        assert (wide[:, 0] <= narrow[:, 0]).all()
        assert (wide[:, 1] >= narrow[:, 1]).all()
    everything = np.ones(90, dtype=bool)
    assert grouped.accuracy_interval(np.repeat(everything, 5), np.repeat(np.arange(90), 5)) == pytest.approx(
        wilson_interval(90, 90)
    )


def test_the_worked_out_variance_is_that_of_the_bootstrap():
    random = np.random.default_rng(5)
    groups = np.repeat(np.arange(150), random.integers(1, 7, 150))
    right = (random.random(150) < 0.7)[groups] ^ (random.random(len(groups)) < 0.1)
    effect = grouped.design_effect(right.astype(float), np.ones(len(right)), groups)
    drawn = bootstrap(lambda weights: float((weights * right).sum() / weights.sum()), groups, 3_000)
    share = right.mean()
    assert drawn.std() == pytest.approx(np.sqrt(effect * share * (1 - share) / len(right)), rel=0.08)
    assert effect > 2


def test_a_variance_of_few_groups_widens_as_students_t():
    assert grouped.widening(4) == pytest.approx(2.776445 / 1.959964, abs=1e-6)
    assert grouped.widening(10**7) == pytest.approx(1, abs=1e-6)
    values, alone = np.array([1.0, 0, 1, 0, 1, 1]), np.arange(6)
    assert grouped.independent_count(values, alone) == 6
    assert grouped.independent_count(values, np.zeros(6, dtype=np.int64)) < 1


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="group"):
        grouped.accuracy_interval(np.array([True]), np.array([0, 1]))
    with pytest.raises(ValueError, match="group"):
        grouped.class_intervals(np.array([0]), np.array([0]), np.array([0, 1]), 2)


@pytest.mark.parametrize(("copies", "loyal"), [(1, 1.0), (4, 0.9)])
def test_simulated_coverage(copies, loyal):
    """Of 800 repeated test sets about 95 % of the intervals of a class hold the truth, with near copies too.

    ``loyal``: how often a copy is answered like the first picture of its group.
    """
    random = np.random.default_rng(7)
    chances = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.1, 0.1, 0.8]])
    joint = chances / 3
    hits = np.diagonal(joint)
    truth = {
        "recall": hits * 3,
        "precision": hits / joint.sum(axis=0),
        "f1": 2 * hits / (joint.sum(axis=0) + joint.sum(axis=1)),
    }
    held = dict.fromkeys(truth, 0)
    repeats, count = 800, 180
    cumulative = np.cumsum(chances, axis=1)
    for _ in range(repeats):
        true = random.integers(0, 3, count)
        predicted = (random.random(count)[:, None] > cumulative[true]).sum(axis=1)
        groups = np.repeat(np.arange(count), copies)
        own = (random.random(count * copies)[:, None] > cumulative[true[groups]]).sum(axis=1)
        said = np.where(random.random(count * copies) < loyal, predicted[groups], own)
        found = grouped.class_intervals(true[groups], said, groups, 3)
        for name, values in truth.items():
            ends = getattr(found, name)
            held[name] += int(((ends[:, 0] <= values) & (values <= ends[:, 1])).sum())
    for name, number in held.items():
        assert 0.93 <= number / (3 * repeats) <= 0.97, name
