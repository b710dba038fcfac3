"""Which pictures a gallery of heatmaps draws, and how small."""

import io

import numpy as np
from PIL import Image

from clf_core.explanation import gallery
from clf_core.explanation.gallery import Case, chosen, heat_tile, per_class, picture_tile
from clf_core.explanation.overlay import colourise


def test_mistakes_come_first_and_the_surest_of_them():
    cases = [Case("a", "ant", "bee", 0.6), Case("b", "ant", "ant", 0.9), Case("c", "bee", "ant", 0.95)]
    assert [case.sha256 for case in chosen(cases, ["ant", "bee"])] == ["c", "a", "b"]


def test_of_each_class_as_many_are_drawn_from_the_surest_to_the_least_sure():
    cases = [Case(f"{number:03}", name, name, number / 200) for name in ("ant", "bee") for number in range(100)]
    cases = [Case(f"{case.true}{case.sha256}", case.true, case.said, case.probability) for case in cases]
    drawn = chosen(cases, ["bee", "ant"])
    number = per_class(2)
    assert [case.true for case in drawn] == ["bee"] * number + ["ant"] * number
    sure = [case.probability for case in drawn[:number]]
    assert sure == sorted(sure, reverse=True)
    assert (sure[0], sure[-1]) == (99 / 200, 0)


def test_many_mistakes_are_capped_and_a_picture_that_comes_twice_is_drawn_once(monkeypatch):
    monkeypatch.setattr(gallery, "MOST_MISTAKES", 3)
    cases = [Case(f"{number}", "ant", "bee", number / 10) for number in range(6)]
    twice = [Case("5", "ant", "ant", 0.1), *cases]
    assert [case.sha256 for case in chosen(twice, ["ant", "bee"])] == ["4", "3", "2", "5"]


def test_the_more_classes_the_fewer_of_each():
    assert [per_class(number) for number in (0, 2, 50, 100, 1000)] == [12, 12, 12, 6, 2]


def test_pictures_and_heatmaps_are_small_and_keep_their_colours():
    pixels = np.full((224, 224, 3), (200, 40, 90), dtype=np.uint8)
    drawn = Image.open(io.BytesIO(picture_tile(pixels)))
    assert drawn.format == "WEBP"
    assert drawn.size == (gallery.TILE, gallery.TILE)
    np.testing.assert_allclose(np.asarray(drawn)[90, 90], (200, 40, 90), atol=8)
    heat = np.zeros((100, 100), dtype=np.float32)
    heat[:, 50:] = 1
    drawn = np.asarray(Image.open(io.BytesIO(heat_tile(heat))))
    assert drawn.shape == (100, 100, 3)  # never enlarged
    for column, value in ((10, 0.0), (90, 1.0)):
        np.testing.assert_allclose(drawn[50, column], colourise(np.array(value, dtype=np.float32)), atol=14)
