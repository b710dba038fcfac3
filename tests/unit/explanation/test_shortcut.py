"""A thing in the middle of a background, and models that read the one or the other."""

import numpy as np
import pytest

from clf_core.evaluation.shortcut import judge
from clf_core.explanation.regions import centre_region
from clf_core.explanation.shortcut import EXAMPLES, example, look, telling
from clf_core.results.shortcut import VIEWS

SIDE, CLASSES = 48, ("one", "two", "three")
CENTRE = centre_region(SIDE)
TRUTH = np.repeat(np.arange(3), 20)


def picture_of(label: int, background: int, seed: int) -> np.ndarray:
    """Stripes of a direction as the thing, in the middle; the background is bright in one colour channel."""
    noise = np.random.default_rng(seed).integers(0, 30, (SIDE, SIDE, 3))
    noise[..., background] += 120
    rows, columns = np.indices((SIDE, SIDE))
    stripes = ((rows, columns, rows + columns)[label] // 3 % 2) * 200
    middle = np.s_[14:34, 14:34]
    noise[middle] = stripes[middle][..., None]
    return noise.astype(np.uint8)


def by_background(pictures):
    """Names the brightest colour channel of the outermost pixels."""
    for picture in pictures:
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).mean(axis=0)
        yield softmax(edge / 20)


def by_thing(pictures):
    """Names the direction of the stripes in the middle: along which the picture hardly changes."""
    for picture in pictures:
        middle = picture[16:32, 16:32].mean(axis=2)
        steps = [middle[:, 3:] - middle[:, :-3], middle[3:] - middle[:-3], middle[3:, :-3] - middle[:-3, 3:]]
        changes = np.array([np.abs(step).mean() for step in steps])
        yield softmax(-changes / 10) if changes.max() > 20 else np.array([0.4, 0.3, 0.3], dtype=np.float32)


def softmax(scores) -> np.ndarray:
    odds = np.exp(scores - np.max(scores))
    return (odds / odds.sum()).astype(np.float32)


def heat_within(picture, target):
    return CENTRE.astype(np.float32)


def heat_outside(picture, target):
    return (~CENTRE).astype(np.float32)


@pytest.fixture(scope="module")
def planted():
    return [picture_of(label, label, seed) for seed, label in enumerate(TRUTH.tolist())]


@pytest.fixture(scope="module")
def clean():
    return [picture_of(label, seed % 3, seed) for seed, label in enumerate(TRUTH.tolist())]


def judged(pictures, ask, heat):
    looked = look(pictures, ask, heat)
    return looked, judge(looked, TRUTH, np.arange(len(TRUTH)), CLASSES)


def test_a_model_that_reads_the_background_is_found_out(planted):
    _, report = judged(planted, by_background, heat_outside)
    assert report.verdict == "shortcut"
    assert report.view("whole").right == report.view("border").right == 60
    assert report.at_border == pytest.approx(1)


def test_a_model_that_reads_the_thing_is_not_accused_whatever_the_background(planted, clean):
    for pictures in (planted, clean):
        _, report = judged(pictures, by_thing, heat_within)
        assert report.verdict == "none"
        assert report.view("whole").right == report.view("centre").right == 60
        assert report.view("border").accuracy == pytest.approx(1 / 3, abs=0.1)


def test_without_heatmaps_only_the_middle_and_the_border_are_compared(planted):
    looked, report = judged(planted, by_background, None)
    assert {score.view for score in report.views} == {"whole", "centre", "border", "blurred"}
    assert report.verdict == "partly"
    assert "no heatmaps" in " ".join(report.sentences)
    assert np.isnan(looked.at_border).all()


def test_a_picture_with_an_empty_heatmap_is_asked_about_less(planted):
    looked = look(planted[:5], by_thing, lambda picture, target: np.zeros((SIDE, SIDE), dtype=np.float32))
    for view in ("evidence", "rest"):
        assert not looked.seen(view).any()
    assert looked.seen("border").all()


def test_progress_is_told_and_may_stop_it(planted):
    told = []
    look(planted, by_thing, None, told.append)
    assert told[-1] == 60
    assert told == sorted(told)

    class StopError(Exception):
        pass

    def stop(done):
        raise StopError

    with pytest.raises(StopError):
        look(planted, by_thing, None, stop)


def test_nothing_to_look_at():
    looked = look([], by_thing, None)
    assert looked.said.shape == (0, len(VIEWS))
    report = judge(looked, TRUTH[:0], TRUTH[:0], CLASSES)
    assert report.verdict == "unknown"
    assert telling(looked, TRUTH[:0], report) == []


def test_examples_show_the_finding_and_take_turns_between_the_classes(planted, clean):
    looked, report = judged(planted, by_background, heat_outside)
    rows = telling(looked, TRUTH, report)
    assert len(rows) == EXAMPLES
    assert sorted(TRUTH[rows].tolist()) == [0, 0, 1, 1, 2, 2]
    shown = example(planted[rows[0]], "a" * 64, CLASSES[TRUTH[rows[0]]], CLASSES, by_background, heat_outside)
    assert shown.said["border"] == shown.said["whole"] == shown.true
    assert shown.pictures["border"].shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(shown.pictures["whole"], planted[rows[0]])

    looked, report = judged(clean, by_thing, heat_within)
    for row in telling(looked, TRUTH, report):
        assert looked.said[row, VIEWS.index("whole")] == TRUTH[row] != looked.said[row, VIEWS.index("border")]
