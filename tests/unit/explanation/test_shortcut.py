"""A thing in the middle of a background, and models that read the one or the other."""

import numpy as np
import pytest

from clf_core.evaluation.shortcut import judge, level
from clf_core.explanation.regions import centre_region
from clf_core.explanation.shortcut import EXAMPLES, example, look, telling
from clf_core.results.shortcut import VIEWS

SIDE, CLASSES = 48, ("one", "two", "three")
CENTRE = centre_region(SIDE)
TRUTH = np.repeat(np.arange(3), 12)


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


def heat_in_a_corner(picture, target):
    heatmap = np.zeros((SIDE, SIDE), dtype=np.float32)
    heatmap[:6, :6] = 1
    return heatmap


@pytest.fixture(scope="module")
def planted():
    return [picture_of(label, label, seed) for seed, label in enumerate(TRUTH.tolist())]


@pytest.fixture(scope="module")
def clean():
    return [picture_of(label, seed % 3, seed) for seed, label in enumerate(TRUTH.tolist())]


def judged(pictures, ask, heat):
    looked = look(pictures, ask, heat)
    return looked, judge(looked, TRUTH, np.arange(len(TRUTH)), CLASSES)


def test_a_model_that_reads_the_background_is_found_out_wherever_its_heatmap_lies(planted):
    for heat, share in ((heat_in_a_corner, 1), (heat_within, 0)):
        _, report = judged(planted, by_background, heat)
        assert report.verdict == "shortcut"
        assert report.view("whole").right == report.view("border").right == report.view("background").right == 36
        assert report.at_border == pytest.approx(share)


def test_a_model_that_reads_the_thing_is_not_accused_whatever_the_background(planted, clean):
    for pictures in (planted, clean):
        _, report = judged(pictures, by_thing, heat_within)
        assert report.verdict == "none"
        assert report.view("whole").right == report.view("centre").right == 36
        assert report.view("background").kept < 0.25


def test_without_heatmaps_only_the_middle_and_the_border_are_compared(planted):
    looked, report = judged(planted, by_background, None)
    assert {score.view for score in report.views} == {"whole", "centre", "border"}
    assert report.verdict == "partly"
    assert "no heatmaps" in " ".join(report.sentences)
    assert np.isnan(looked.at_border).all()


def test_a_picture_with_an_empty_heatmap_is_asked_about_less(planted):
    looked = look(planted[:5], by_thing, lambda picture, target: np.zeros((SIDE, SIDE), dtype=np.float32))
    told = level(looked, TRUTH[:5])
    for view in ("evidence", "rest", "background"):
        assert not told.seen(view).any()
        assert np.isnan(told.sure[:, VIEWS.index(view)]).all()
    assert told.seen("border").all()


def test_progress_is_told_and_may_stop_it(planted):
    told = []
    look(planted, by_thing, None, told.append)
    assert told[-1] == 36
    assert told == sorted(told)

    class StopError(Exception):
        pass

    def stop(done):
        raise StopError

    with pytest.raises(StopError):
        look(planted, by_thing, None, stop)


def test_nothing_to_look_at():
    looked = look([], by_thing, None)
    assert looked.log_probabilities.shape[:2] == (0, len(VIEWS))
    report = judge(looked, TRUTH[:0], TRUTH[:0], CLASSES)
    assert report.verdict == "unknown"
    assert telling(level(looked, TRUTH[:0]), TRUTH[:0], report) == []


def test_examples_show_the_finding_and_take_turns_between_the_classes(planted, clean):
    looked, report = judged(planted, by_background, heat_in_a_corner)
    told = level(looked, TRUTH)
    rows = telling(told, TRUTH, report)
    assert len(rows) == EXAMPLES
    assert sorted(TRUTH[rows].tolist()) == [0, 0, 1, 1, 2, 2]
    row = rows[0]
    shown = example(planted[row], "a" * 64, int(TRUTH[row]), CLASSES, told, row, heat_in_a_corner)
    assert shown.said == {"whole": shown.true, "background": shown.true}
    assert shown.pictures["background"].shape == (SIDE, SIDE, 3)
    np.testing.assert_array_equal(shown.pictures["whole"], planted[row])

    looked, report = judged(clean, by_thing, heat_within)
    told = level(looked, TRUTH)
    rows = telling(told, TRUTH, report)
    assert rows
    for row in rows:
        assert told.said[row, VIEWS.index("whole")] == TRUTH[row] != told.said[row, VIEWS.index("background")]


def test_without_heatmaps_the_border_stands_for_the_background(planted):
    looked, report = judged(planted, by_background, None)
    told = level(looked, TRUTH)
    row = telling(told, TRUTH, report)[0]
    assert set(example(planted[row], "a" * 64, int(TRUTH[row]), CLASSES, told, row, None).pictures) == {
        "whole",
        "border",
    }
