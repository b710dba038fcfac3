import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from clf_core.evaluation.shortcut import Looked, balanced_accuracy, judge, level
from clf_core.results.shortcut import VIEWS

CLASSES = ("ant", "<b>bee</b>", "cat", "dog")


def looked_at(truth, *, at_border=0.2, chance=0.25, seed=0, missing=(), **shares):
    """What a model says that is right in the given share of each class per view, and else names another class in turn.

    A view that is not named is guessed at.
    """
    classes = int(truth.max()) + 1
    table = np.full((len(truth), len(VIEWS), classes), np.log(0.01), dtype=np.float32)
    for column, view in enumerate(VIEWS):
        for label in range(classes):
            mine = np.flatnonzero(truth == label)
            right = round(shares.get(view, chance) * len(mine))
            others = [other for other in range(classes) if other != label]
            said = [label] * right + [others[n % len(others)] for n in range(len(mine) - right)]
            table[mine, column, said] = np.log(0.97)
        if view in missing:
            table[:, column] = np.nan
    return Looked(table, np.full(len(truth), at_border), border_area=0.5)


def name_only(looked, view, said):
    """Let the model name these classes in one view."""
    looked.log_probabilities[:, VIEWS.index(view)] = np.log(0.01)
    looked.log_probabilities[np.arange(len(said)), VIEWS.index(view), said] = np.log(0.97)


def report_of(looked, truth, **more):
    return judge(looked, truth, more.pop("groups", np.arange(len(truth))), CLASSES, **more)


@pytest.fixture
def truth():
    return np.repeat(np.arange(4), 12)


def test_the_background_alone_keeps_most_of_the_accuracy(truth):
    report = report_of(looked_at(truth, whole=1, border=1, rest=1, background=0.92), truth)
    assert report.verdict == "shortcut"
    assert report.headline == (
        "The background alone keeps most of the accuracy: by that it tells 44 of 48 right, of whole pictures it tells "
        "48 of 48"
    )
    told = " ".join(report.sentences)
    assert "guessing would be right in 25 %" in told
    assert "on many backgrounds" in told
    assert "lies at the border" not in told


def test_a_heatmap_at_the_border_is_told(truth):
    report = report_of(looked_at(truth, whole=1, background=0.92, at_border=0.7), truth)
    assert "70 % of what the heatmaps mark lies at the border, which is 50 % of the picture." in report.sentences


def test_a_thing_that_reaches_into_the_border_or_beyond_the_heatmap_is_no_shortcut(truth):
    looked = looked_at(truth, whole=1, centre=1, evidence=1, border=0.92, rest=0.92, background=0.4)
    report = report_of(looked, truth)
    assert report.verdict == "none"
    assert "by that alone it tells 20 of 48 right" in report.headline
    assert not any("backgrounds" in told for told in report.sentences)


def test_a_background_that_helps_is_told_without_an_alarm(truth):
    report = report_of(looked_at(truth, whole=1, background=0.6), truth)
    assert report.verdict == "partly"
    assert report.headline.startswith("The background tells it something: by that alone it tells 28 of 48 right")


@pytest.mark.parametrize(("border", "verdict"), [(0.92, "partly"), (0.7, "none")])
def test_without_heatmaps_there_are_only_signs(truth, border, verdict):
    report = report_of(looked_at(truth, whole=1, border=border, missing=("evidence", "rest", "background")), truth)
    assert report.verdict == verdict
    assert {score.view for score in report.views} == {"whole", "centre", "border"}
    assert report.sentences[0].startswith("There are no heatmaps")


def test_what_it_says_of_all_pictures_alike_is_levelled(truth):
    looked = looked_at(truth, whole=1, background=1)
    place = VIEWS.index("background")
    looked.log_probabilities[:, place] *= 0.1  # hardly sure of anything
    looked.log_probabilities[:, place, 2] += 5.0  # and now it says 'cat' whatever it sees
    assert (looked.log_probabilities[:, place].argmax(axis=1) == 2).all()
    told = level(looked, truth)
    assert told.right("background", truth).all()
    assert report_of(looked, truth).verdict == "shortcut"


def test_of_whole_pictures_its_answers_are_left_as_they_are(truth):
    looked = looked_at(truth, whole=1)
    looked.log_probabilities[:, VIEWS.index("whole"), 0] += 3.0
    expected = looked.log_probabilities[:, VIEWS.index("whole")].argmax(axis=1)
    np.testing.assert_array_equal(level(looked, truth).said[:, VIEWS.index("whole")], expected)


def test_calling_everything_the_most_frequent_class_keeps_nothing():
    truth = np.repeat([0, 1], [90, 30])
    looked = looked_at(truth, whole=1, centre=1, evidence=1)
    name_only(looked, "background", np.zeros(120, dtype=np.int64))  # right in 90 of 120
    report = report_of(looked, truth)
    assert report.verdict == "none"
    assert report.view("background").kept == pytest.approx(0)
    assert not any(row.background for row in report.classes)


def test_one_class_told_by_its_background_is_named():
    truth = np.repeat(np.arange(4), 25)
    looked = looked_at(truth, whole=1, centre=1, evidence=1)
    name_only(looked, "background", np.where(truth == 1, 1, np.array([2, 0, 3, 0])[truth]))
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
    looked = looked_at(truth, whole=whole, background=whole)
    report = report_of(looked, truth, groups=np.arange(len(truth)) % groups)
    assert report.verdict == "unknown"
    assert words in report.sentences[0]


def test_one_class_alone_says_nothing():
    truth = np.zeros(40, dtype=np.int64)
    looked = Looked(np.zeros((40, len(VIEWS), 1), dtype=np.float32), np.zeros(40), 0.5)
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
    if len(set(truth.tolist())) > 1 and set(said.tolist()) <= set(truth.tolist()):
        assert accuracy == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-9)
    assert 0 <= low <= accuracy <= high <= 1


@pytest.mark.parametrize(
    ("chances", "each"), [((0.95, 0.8, 0.6, 0.4), 15), ((0.5, 0.5), 10), ((0.25,) * 4, 10), ((0.95, 0.9), 20)]
)
def test_its_interval_covers_the_truth_at_least_as_often_as_it_says(chances, each):
    random, truth, hits = np.random.default_rng(0), np.repeat(np.arange(len(chances)), each), 0
    groups, chances = np.arange(len(truth)), np.array(chances)
    for _ in range(1000):
        _, low, high = balanced_accuracy(random.random(len(truth)) < chances[truth], truth, groups)
        hits += low <= chances.mean() <= high
    assert hits >= 930


@settings(max_examples=50)
@given(st.data())
def test_whatever_a_model_says_there_is_a_report(data):
    count = data.draw(st.integers(0, 40))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    truth = random.integers(0, 4, count)
    table = np.log(random.dirichlet(np.full(4, 0.2), (count, len(VIEWS))) + 1e-30).astype(np.float32)
    table[random.random(table.shape[:2]) < 0.3] = np.nan
    name_only(looked := Looked(table, np.where(random.random(count) < 0.5, np.nan, 0.5), 0.5), "whole", truth)
    report = judge(looked, truth, random.integers(0, count + 1, count), CLASSES)
    assert report.headline
    assert report.sentences
    assert all(0 <= score.low <= score.accuracy <= score.high <= 1 for score in report.views)
