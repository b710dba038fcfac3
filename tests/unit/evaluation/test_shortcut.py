import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from clf_core.evaluation.shortcut import Looked, balanced_accuracy, judge
from clf_core.results.shortcut import VIEWS

CLASSES = ("ant", "<b>bee</b>", "cat", "dog")


def looked_at(truth, *, at_border=0.2, chance=0.25, seed=0, **shares):
    """What a model says that is right in the given share of each class per view, and else guesses another class.

    A view that is not named is guessed at.
    """
    random, classes = np.random.default_rng(seed), int(truth.max()) + 1
    said = np.empty((len(truth), len(VIEWS)), dtype=np.int64)
    for column, view in enumerate(VIEWS):
        right = np.zeros(len(truth), dtype=np.bool_)
        for label in range(classes):
            mine = np.flatnonzero(truth == label)
            right[mine[: round(shares.get(view, chance) * len(mine))]] = True
        other = (truth + random.integers(1, classes, len(truth))) % classes
        said[:, column] = np.where(right, truth, other)
    share = np.full(len(truth), at_border)
    return Looked(said, np.full(said.shape, 0.9, dtype=np.float32), share, border_area=0.5)


def report_of(looked, truth, **more):
    return judge(looked, truth, more.pop("groups", np.arange(len(truth))), CLASSES, **more)


@pytest.fixture
def truth():
    return np.repeat(np.arange(4), 12)


def test_border_and_heatmap_agree_that_it_is_the_background(truth):
    report = report_of(looked_at(truth, whole=1, border=0.92, rest=0.92, blurred=0.92), truth)
    assert report.verdict == "shortcut"
    assert "with the middle of the pictures blurred away, 44 of 48 are still right" in report.headline
    assert "with whole pictures, 48 of 48" in report.headline
    told = " ".join(report.sentences)
    assert "With the place the heatmap marks blurred away, 44 of 48 are right. Guessing would be right in 25 %." in told
    assert "Even with all of the picture blurred, 44 of 48 are right" in told
    assert "many backgrounds" in told


def test_a_heatmap_at_the_border_speaks_against_it_as_well(truth):
    report = report_of(looked_at(truth, whole=1, border=0.92, rest=0.3, at_border=0.7), truth)
    assert report.verdict == "shortcut"
    assert "70 % of what the heatmaps mark lies at the border, which is 50 % of the picture." in report.sentences


def test_a_thing_that_reaches_into_the_border_is_no_shortcut_yet(truth):
    report = report_of(looked_at(truth, whole=1, centre=1, evidence=1, border=0.92, rest=0.3), truth)
    assert report.verdict == "partly"
    assert report.headline.startswith("What surrounds the thing may be enough")


def test_doing_without_the_place_it_marks_is_told(truth):
    report = report_of(looked_at(truth, whole=1, border=0.3, rest=0.92), truth)
    assert report.verdict == "partly"
    assert "with the place it marks blurred away, 44 of 48 are still right" in report.headline
    assert report.sentences[0].startswith("With the middle blurred away, 16 of 48 are right.")


def test_a_clean_model_is_not_accused(truth):
    report = report_of(looked_at(truth, whole=0.95, centre=0.9, evidence=0.9, border=0.5, rest=0.4), truth)
    assert report.verdict == "none"
    assert report.headline.startswith("No sign that it answers by the background")
    assert not any("backgrounds" in told for told in report.sentences)


def test_calling_everything_the_most_frequent_class_keeps_nothing():
    truth = np.repeat([0, 1], [90, 10])
    looked = looked_at(truth, whole=1, centre=1, evidence=1)
    for view in ("border", "rest", "blurred"):
        looked.said[:, VIEWS.index(view)] = 0  # right in 90 of 100
    report = report_of(looked, truth)
    assert report.verdict == "none"
    assert report.view("border").right == 90
    assert report.view("border").kept == pytest.approx(0)
    assert not any(row.background for row in report.classes)


def test_one_class_told_by_its_background_is_named(truth):
    truth = np.repeat(np.arange(4), 25)
    looked = looked_at(truth, whole=1, centre=1, evidence=1)
    for view in ("border", "rest"):
        column = VIEWS.index(view)
        looked.said[:, column] = np.where(truth == 1, 1, (truth + 2) % 4)
        looked.said[truth == 3, column] = 0
    report = report_of(looked, truth)
    assert [row.name for row in report.classes if row.background] == [CLASSES[1]]
    assert report.verdict == "partly"
    assert report.headline == f"The background alone may be enough for '{CLASSES[1]}'"
    assert f"above all of '{CLASSES[1]}'" in " ".join(report.sentences)


@pytest.mark.parametrize(
    ("each", "groups", "whole", "words"),
    [
        (4, 16, 1, "There are 16 validation pictures; 20 are needed"),
        (12, 8, 1, "48 validation pictures, near copies counted once 8; 20 are needed"),
        (12, 48, 0.4, "hardly more than by guessing"),
    ],
)
def test_nothing_is_said_of_few_pictures_or_of_a_guesser(each, groups, whole, words):
    truth = np.repeat(np.arange(4), each)
    looked = looked_at(truth, whole=whole, border=whole, rest=whole)
    report = report_of(looked, truth, groups=np.arange(len(truth)) % groups)
    assert report.verdict == "unknown"
    assert words in report.sentences[0]


def test_one_class_alone_says_nothing():
    truth = np.zeros(40, dtype=np.int64)
    looked = Looked(np.zeros((40, len(VIEWS)), np.int64), np.ones((40, len(VIEWS)), np.float32), np.zeros(40), 0.5)
    report = judge(looked, truth, np.arange(40), CLASSES[:1])
    assert report.verdict == "unknown"
    assert "two classes" in report.sentences[0]


def test_it_is_told_what_it_learned_from_and_how_many_were_left_out(truth):
    report = report_of(looked_at(truth, whole=1), truth, total=4800, learned=True)
    told = " ".join(report.sentences)
    assert "may have learned from these pictures as well" in told
    assert "48 of 4,800 validation pictures" in told


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60),
    st.lists(st.integers(0, 9), min_size=60, max_size=60),
)
def test_balanced_accuracy_is_that_of_scikit_learn_within_its_interval(pairs, groups):
    truth, said = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    accuracy, low, high = balanced_accuracy(said == truth, truth, np.array(groups[: len(truth)]))
    expected = np.mean([(said[truth == label] == label).mean() for label in np.unique(truth)])
    assert accuracy == pytest.approx(expected, abs=1e-12)
    if set(said.tolist()) <= set(truth.tolist()):
        assert accuracy == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-9)
    assert 0 <= low <= accuracy <= high <= 1


def test_its_interval_covers_the_truth_about_as_often_as_it_says():
    random, truth, hits = np.random.default_rng(0), np.repeat(np.arange(4), 15), 0
    chances = np.array([0.95, 0.8, 0.6, 0.4])
    for _ in range(2000):
        right = random.random(60) < chances[truth]
        _, low, high = balanced_accuracy(right, truth, np.arange(60))
        hits += low <= chances.mean() <= high
    assert 0.93 <= hits / 2000 <= 0.98


@given(st.data())
def test_whatever_a_model_says_there_is_a_report(data):
    count = data.draw(st.integers(0, 40))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    truth = random.integers(0, 4, count)
    said = random.integers(-1, 4, (count, len(VIEWS)))
    said[:, VIEWS.index("whole")] = np.where(random.random(count) < 0.9, truth, 0)
    share = np.where(random.random(count) < 0.5, np.nan, random.random(count))
    looked = Looked(said, random.random(said.shape).astype(np.float32), share, 0.5)
    report = judge(looked, truth, random.integers(0, count + 1, count), CLASSES)
    assert report.headline
    assert report.sentences
    assert all(0 <= score.low <= score.accuracy <= score.high <= 1 for score in report.views)
