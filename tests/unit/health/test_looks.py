import numpy as np
import pytest

from clf_core.health.dimensions import check_dimensions
from clf_core.health.looks import check_looks

_NORMAL = {"brightness": 120.0, "contrast": 55.0, "sharpness": 0.6}


def _with(survey, count: int, bad: int, usual: dict[str, float] | None = None, **faults: float):
    """``count`` pictures of which the first ``bad`` have the faults; the others vary a little around the usual."""
    random, numbers = np.random.default_rng(1), {}
    for name, value in (_NORMAL | (usual or {})).items():
        numbers[name] = np.minimum(value * random.lognormal(0, 0.1, count), 255)
    for name, value in faults.items():
        numbers[name][:bad] = value
    colours = np.full((count, 12, 12, 2), 128, dtype=np.uint8)
    return survey("ab" * (count // 2), colours=colours, **numbers)


@pytest.mark.parametrize(
    ("kind", "faults"),
    [
        ("dark", {"brightness": 9.0, "contrast": 12.0}),
        ("dark", {"brightness": 40.0}),  # not black, but far darker than the others
        ("bright", {"brightness": 250.0, "contrast": 9.0}),
        ("blurred", {"sharpness": 0.002}),
        ("blurred", {"sharpness": 0.015}),
        ("blank", {"contrast": 0.5, "sharpness": 0.0}),
        ("dark", {"contrast": 0.5, "brightness": 2.0}),  # and not blank as well
    ],
)
def test_a_few_bad_pictures_are_found_and_no_others(survey, kinds, kind, faults):
    found = check_looks(_with(survey, 100, 4, **faults))
    assert kinds(found) == {kind: [100, 101, 102, 103]}
    assert found[0].finding.severity == "look"
    assert found[0].finding.fix
    assert found[0].finding.title.startswith("4 pictures are")


def test_usual_pictures_are_not_told(survey):
    assert check_looks(_with(survey, 100, 0)) == []
    assert check_dimensions(survey("ab" * 50)) == []


@pytest.mark.parametrize(
    "usual",
    [
        {"brightness": 35.0},  # taken at night
        {"brightness": 14.0, "contrast": 20.0},  # X-rays of small things
        {"brightness": 238.0, "contrast": 30.0},  # products on white paper
        {"sharpness": 0.012},  # enlarged from very few pixels
    ],
)
def test_a_dataset_that_is_like_that_is_not_marked(survey, usual):
    for one in check_looks(_with(survey, 100, 0, usual)):
        assert one.finding.severity == "note"
        assert not one.finding.fix
        assert "nature of this dataset" in one.finding.meaning


def test_a_thing_that_differs_in_colour_only_is_not_blank(survey):
    pictures = _with(survey, 40, 4, contrast=0.5)
    assert [one.finding.kind for one in check_looks(pictures)] == ["blank"]
    pictures.colours[:4, 3:8, 3:8, 0] = 200
    assert check_looks(pictures) == []


def test_pictures_that_were_not_measured_are_not_judged(survey):
    unknown = np.full(10, np.nan)
    pictures = survey("ab" * 5, brightness=unknown, contrast=unknown, sharpness=unknown)
    pictures.measured[:] = False
    empty = {"thumbs": np.zeros((0, 24, 24), np.uint8), "colours": np.zeros((0, 12, 12, 2), np.uint8)}
    assert check_looks(pictures.__class__(**{**pictures.__dict__, **empty})) == []


@pytest.mark.parametrize(
    ("kind", "width", "height"),
    [("tiny", 20, 20), ("tiny", 48, 50), ("odd-shape", 640, 100), ("odd-shape", 100, 1000)],
)
def test_tiny_and_long_pictures_are_found(survey, kinds, kind, width, height):
    sizes = {"width": [width] * 3 + [640] * 97, "height": [height] * 3 + [480] * 97}
    assert kinds(check_dimensions(survey("ab" * 50, **sizes))) == {kind: [100, 101, 102]}


@pytest.mark.parametrize(("width", "height"), [(32, 32), (28, 28), (64, 64), (2000, 300)])
def test_a_dataset_of_small_or_long_pictures_is_not_marked(survey, width, height):
    assert all(
        one.finding.severity == "note" for one in check_dimensions(survey("ab" * 50, width=width, height=height))
    )


def test_the_worst_come_first(survey):
    pictures = _with(survey, 100, 3, brightness=9.0)
    pictures.numbers["brightness"][:3] = [15, 3, 8]
    (dark,) = check_looks(pictures)
    assert dark.suspects.ids.tolist() == [101, 102, 100]
