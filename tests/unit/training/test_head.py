"""Choosing the strength: on what, by which rule, and with which folds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import TrainConfig
from clf_core.errors import ConfigError
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.head import IMMATERIAL_LOSS, Examples, fit_head, make_folds, steps
from clf_core.training.logistic import score


def examples(count: int, classes: int = 3, seed: int = 0, dim: int = 20, noise: float = 2.0) -> Examples:
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    labels = np.arange(count, dtype=np.int64) % classes
    features = (centres[labels] + noise * random.normal(size=(count, dim))).astype(np.float32)
    return Examples(features, labels, [f"{seed}-{index}" for index in range(count)])


NONE = examples(0)


class Recorder(SilentCallbacks):
    def __init__(self):
        self.points, self.done, self.messages, self.checks = [], [], [], 0

    def curve(self, point):
        self.points.append(point)

    def progress(self, done):
        self.done.append(done)

    def message(self, text):
        self.messages.append(text)

    def check_cancelled(self):
        self.checks += 1


def test_a_few_validation_pictures_are_judged_beside_cross_validation():
    recorder, config = Recorder(), TrainConfig()
    fitted = fit_head(examples(120), examples(15, seed=1), 3, config, recorder)
    assert fitted.selection == "both"
    assert tuple(recorder.points) == fitted.curve
    assert [point.strength for point in fitted.curve] == sorted(config.strengths)
    assert recorder.done == list(range(1, steps(config)))
    assert recorder.checks > 100
    losses = [point.train_loss for point in fitted.curve]
    assert losses == sorted(losses, reverse=True)


def test_the_simplest_strength_within_one_standard_error_is_chosen():
    fitted = fit_head(examples(150, noise=3.0), NONE, 3, TrainConfig(), SilentCallbacks())
    best = min(fitted.curve, key=lambda point: point.val_loss)
    chosen = next(point for point in fitted.curve if point.strength == fitted.strength)
    assert chosen.strength <= best.strength
    assert chosen.val_loss < best.val_loss + 0.3
    assert best.strength < max(TrainConfig().strengths)  # noise: trusting the pictures most is not best


def test_no_stronger_fit_is_tried_once_the_loss_is_immaterial():
    recorder, config = Recorder(), TrainConfig()
    fitted = fit_head(examples(120, noise=0.1), NONE, 3, config, recorder)
    assert fitted.curve[-1].val_loss <= IMMATERIAL_LOSS
    assert all(point.val_loss > IMMATERIAL_LOSS for point in fitted.curve[:-1])
    assert len(fitted.curve) < len(config.strengths)
    assert fitted.strength <= fitted.curve[-1].strength


def test_auto_uses_ample_validation_pictures():
    fitted = fit_head(examples(60), examples(501, seed=1), 3, TrainConfig(), SilentCallbacks())
    assert fitted.selection == "validation"
    few_of_one = examples(501, seed=1)
    few_of_one.labels[few_of_one.labels == 2] = 1
    assert fit_head(examples(60), few_of_one, 3, TrainConfig(), SilentCallbacks()).selection == "both"
    alone = fit_head(examples(60), NONE, 3, TrainConfig(), SilentCallbacks())
    assert alone.selection == "cross-validation"


def test_the_validation_pictures_take_part_in_the_choice():
    few, wrong = examples(15, seed=1), examples(15, seed=1)
    wrong.labels[:] = (wrong.labels + 1) % 3
    fitted = fit_head(examples(60), few, 3, TrainConfig(refit=False), SilentCallbacks())
    misled = fit_head(examples(60), wrong, 3, TrainConfig(refit=False), SilentCallbacks())
    assert misled.curve[-1].val_accuracy < fitted.curve[-1].val_accuracy
    assert misled.strength < fitted.strength  # confident mistakes ask for a simpler model


def test_selection_can_be_asked_for():
    config = TrainConfig(selection="validation", refit=False)
    assert fit_head(examples(60), examples(9, seed=1), 3, config, SilentCallbacks()).selection == "validation"
    with pytest.raises(ConfigError) as caught:
        fit_head(examples(60), NONE, 3, config, SilentCallbacks())
    assert caught.value.field == "selection"


def test_one_picture_per_class_still_trains():
    recorder = Recorder()
    fitted = fit_head(examples(3), NONE, 3, TrainConfig(), recorder)
    assert fitted.selection == "none"
    assert fitted.curve == ()
    assert fitted.strength == 1.0
    assert len(recorder.messages) == 1
    logits = examples(3).features @ fitted.weight.T + fitted.bias
    assert logits.argmax(axis=1).tolist() == [0, 1, 2]


def test_refitting_learns_from_validation_pictures_too():
    train, val = examples(60), examples(30, seed=1)
    refit = TrainConfig(selection="cross-validation", refit=True)
    plain = fit_head(train, val, 3, refit.model_copy(update={"refit": False}), SilentCallbacks())
    again = fit_head(train, val, 3, refit, SilentCallbacks())
    assert plain.strength == again.strength
    assert not np.allclose(plain.weight, again.weight)
    only_train = fit_head(train, NONE, 3, refit, SilentCallbacks())
    np.testing.assert_array_equal(only_train.weight, plain.weight)


@pytest.mark.parametrize("count", [60, 15])  # more pictures than features, and fewer
def test_what_is_said_of_held_out_pictures_is_said_before_they_are_learned_from(count):
    train, val = examples(count), examples(30, seed=1)
    refit = TrainConfig(strengths=(1.0,))
    again = fit_head(train, val, 3, refit, SilentCallbacks())
    plain = fit_head(train, val, 3, refit.model_copy(update={"refit": False}), SilentCallbacks())
    np.testing.assert_array_equal(again.held_out, val.features @ plain.weight.T + plain.bias)
    np.testing.assert_array_equal(again.held_out, plain.held_out)
    other = Examples(val.features, (val.labels + 1) % 3, val.groups)
    misled = fit_head(train, other, 3, refit, SilentCallbacks())
    assert not np.allclose(misled.weight, again.weight)
    np.testing.assert_array_equal(misled.held_out, again.held_out)
    assert fit_head(train, NONE, 3, refit, SilentCallbacks()).held_out.shape == (0, 3)


def test_same_seed_same_head():
    first, second = (fit_head(examples(90), NONE, 3, TrainConfig(), SilentCallbacks()) for _ in range(2))
    np.testing.assert_array_equal(first.weight, second.weight)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=60),
    st.integers(2, 7),
    st.integers(0, 5),
)
def test_folds_keep_groups_together_and_classes_learnable(pictures, count, seed):
    labels = np.array([label for label, _ in pictures], dtype=np.int64)
    groups = [f"{label}-{group}" for label, group in pictures]
    folds = make_folds(labels, groups, count, seed)
    for group in set(groups):
        assert len({int(fold) for fold, name in zip(folds, groups, strict=True) if name == group}) == 1
    held_out = sorted(set(folds.tolist()) - {-1})
    assert held_out == list(range(len(held_out)))
    assert len(held_out) <= count
    for fold in held_out:
        assert set(labels[folds == fold].tolist()) <= set(labels[folds != fold].tolist())
    for label in set(labels.tolist()):
        mine = {name for name, own in zip(groups, labels, strict=True) if own == label}
        assert (len(mine) == 1) == bool((folds[labels == label] == -1).all())


def test_a_group_across_two_classes_stays_together():
    folds = make_folds(np.array([0, 1, 0, 1, 0, 1]), ["same", "same", "b", "c", "d", "e"], 2, 0)
    assert folds[0] == folds[1]


def test_variants_are_learned_from_and_never_judged(monkeypatch):
    """Each variant is a copy of its picture, and the classes are noise. Were a variant of a picture that is judged
    among those learned from, or judged itself, the noise would be known by heart."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    plain = Examples(random.normal(size=(60, 200)).astype(np.float32), labels, [str(row) for row in range(60)])
    train = plain.with_variants(np.repeat(plain.features[:, None], 3, axis=1))
    assert len(train) == 240
    assert train.as_they_are.sum() == 60
    np.testing.assert_array_equal(train.labels[60:], np.repeat(labels, 3))
    counts = []
    monkeypatch.setattr(
        "clf_core.training.head.score", lambda rows, *rest: counts.append(len(rows)) or score(rows, *rest)
    )
    fitted = fit_head(train, NONE, 3, TrainConfig(strengths=(1.0,)), SilentCallbacks())
    assert fitted.curve[0].train_accuracy == 1
    assert fitted.curve[0].val_accuracy < 0.6
    assert sum(counts[1::2]) == 60  # judged; in between the four fifths that were learned from, with their variants
    assert sum(counts[0::2]) == 4 * 240


def test_no_variants_change_nothing():
    plain = examples(30)
    assert plain.with_variants(np.zeros((30, 0, 20), dtype=np.float32)) is plain
    assert plain.with_variants(np.zeros((0, 3, 20), dtype=np.float32)) is plain
