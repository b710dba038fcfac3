"""The coach: what it says of courses one knows, and that it never contradicts itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.results import EpochPoint
from clf_core.training.coach import coach


def point(epoch, train=None, val=None, train_accuracy=None, val_accuracy=None):
    return EpochPoint(
        epoch=epoch,
        train_loss=train,
        train_accuracy=train_accuracy,
        val_loss=val,
        val_accuracy=val_accuracy,
        learning_rate=1e-3,
        seconds=1,
        images_per_second=10,
    )


def course(train, val=None, accuracy=0.8, start=None, train_accuracy=None):
    """Epochs from 1 with these losses; ``start`` is the validation loss before."""
    val = val or [None] * len(train)
    points = [
        point(k + 1, t, v, train_accuracy or accuracy, None if v is None else accuracy)
        for k, (t, v) in enumerate(zip(train, val, strict=True))
    ]
    return [point(0, None, start, None, accuracy), *points] if start else points


MAIN = {
    "jumps": "jumps up and down",
    "memorises": "starts to memorise",
    "worse": "it gets worse",
    "guesses": "hardly better than guessing",
    "level": "has levelled off",
    "learning": "still learning",
    "unsteady": "a little up and down",
}

COURSES = [
    ("learning", course([1.0, 0.8, 0.6], [1.0, 0.9, 0.8])),
    ("learning", course([1.0], [0.9], start=1.1)),
    ("memorises", course([1.0, 0.7, 0.5, 0.3, 0.2], [0.9, 0.6, 0.7, 0.8, 0.9])),
    ("worse", course([1.0, 0.7, 0.7, 0.71, 0.72], [0.9, 0.6, 0.7, 0.8, 0.9])),
    ("level", course([1.0, 0.5, 0.4, 0.4, 0.4, 0.4], [0.9, 0.50, 0.50, 0.499, 0.51, 0.50])),
    ("level", course([1.0, 0.9, 0.8, 0.7], [0.9, 0.85, 0.86, 0.84], start=0.5)),
    ("guesses", course([1.1, 1.1, 1.1], [1.1, 1.1, 1.1], accuracy=0.34)),
    ("jumps", course([1.0, 0.5, 2.0], [1.0, 0.6, 1.5])),
    ("jumps", course([1.0, 0.5, 2.0, 0.4, 1.9, 0.5], [1.0, 0.6, 1.5, 0.6, 1.4, 0.5])),
    ("unsteady", course([1.0, 0.8, 0.7], [0.9, 0.6, 0.62])),
    ("learning", course([1.0, 0.8, 0.7])),
]


@pytest.mark.parametrize(("kind", "points"), COURSES, ids=[f"{k}{i}" for i, (k, _) in enumerate(COURSES)])
def test_courses_one_knows(kind, points):
    said = coach(points, 3)
    assert MAIN[kind] in said[0]
    assert sum(words in " ".join(said) for words in MAIN.values()) == 1


def test_the_number_of_epochs_is_said():
    said = coach(course([1.0, 0.7, 0.5, 0.3, 0.2, 0.1], [0.9, 0.6, 0.7, 0.8, 0.9, 1.0]), 3)
    assert said[0] == "Validation loss has risen for 4 epochs: it starts to memorise the training pictures."
    assert said[1] == "Epoch 2 was the best so far; its weights are kept."


def test_a_wide_gap_is_said():
    points = [point(k, 0.1 / k, 0.9 - 0.1 * k, 0.99, 0.7) for k in (1, 2, 3)]
    said = coach(points, 3)
    assert "99 % of the training pictures but for 70 % of the validation" in said[-1]
    assert "would help" not in " ".join(coach(course([1.0, 0.8], [1.0, 0.8]), 3))


@pytest.mark.parametrize(("patience", "words"), [(3, "1 more epoch brings"), (4, "2 more epochs bring"), (9, "")])
def test_the_end_is_announced(patience, words):
    said = " ".join(coach(course([1.0, 0.5, 0.5, 0.5], [1.0, 0.5, 0.6, 0.55]), 3, patience))
    assert (words in said) if words else "stops by itself" not in said


def test_nothing_better_than_the_start_is_said():
    said = coach(course([1.0, 0.9, 0.8], [0.7, 0.65, 0.6], start=0.5), 3)
    assert "not become better than what it began with" in said[1]


def test_without_validation_it_says_what_it_cannot_know():
    said = coach(course([1.0, 0.8, 0.7, 0.6]), 3)
    assert "nobody can tell" in said[-1]
    assert "alidation loss" not in " ".join(said)


def test_before_the_first_epoch():
    assert coach([], 3) == ()
    assert coach([point(0)], 3) == ()
    assert coach([point(0, None, 0.5, None, 0.93)], 3) == (
        "Before the first epoch it is right for 93 % of the validation pictures.",
    )


def test_repeated_and_unordered_epochs_count_as_told_last():
    points = course([1.0, 0.7, 0.5, 0.3, 0.2], [0.9, 0.6, 0.7, 0.8, 0.9])
    again = [point(4, 9.0, 9.0, 0.1, 0.1), *reversed(points), points[3]]
    assert coach(again, 3) == coach(points, 3)


LOSS = st.one_of(st.none(), st.floats(0, 20), st.sampled_from([math.nan, math.inf]))
SHARE = st.one_of(st.none(), st.floats(0, 1))
POINTS = st.lists(st.builds(point, st.integers(0, 12), LOSS, LOSS, SHARE, SHARE), max_size=14)


@given(POINTS, st.integers(0, 1000), st.one_of(st.none(), st.integers(1, 20)))
def test_it_never_fails_and_never_contradicts_itself(points, classes, patience):
    said = coach(points, classes, patience)
    everything = " ".join(said)
    assert len(said) <= 5
    assert len(set(said)) == len(said)
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in said)
    assert not {"nan", "inf"} & set(everything.lower().split())
    assert sum(words in everything for words in MAIN.values()) <= 1
    if MAIN["learning"] in everything:
        assert "stops by itself" not in everything
        assert "was the best so far; its weights" not in everything
        assert "not become better" not in everything
    if "nobody can tell" in everything:
        assert "validation pictures:" not in everything
        assert "memorise the training" not in everything


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=10, unique=True))
def test_falling_losses_are_always_progress(losses):
    falling = sorted((round(loss, 2) + k * 0.2 for k, loss in enumerate(sorted(losses))), reverse=True)
    assert MAIN["learning"] in coach(course(falling, falling), 3)[0]
