"""Near duplicates: planted ones are found, similar pictures are left alone."""

import io
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

from clf_core.data.copies import Pair, components, find_copies
from clf_core.data.facts import Facts, measure
from clf_core.errors import CancelledError
from clf_core.importing.samples import sample_source

PLANTED = 200


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def scene(number: int, side: int = 160) -> Image.Image:
    """A made-up photograph: a soft background that all share, a subject of many parts, grain of a camera."""
    chance = np.random.default_rng(number)
    shared = np.random.default_rng(99).integers(60, 200, (4, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(shared).resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        left, top = chance.integers(0, side * 3 // 4, 2)
        wide, high = chance.integers(side // 16, side // 3, 2)
        colour = tuple(int(value) for value in chance.integers(0, 256, 3))
        kind = draw.ellipse if chance.integers(2) else draw.rectangle
        kind((int(left), int(top), int(left + wide), int(top + high)), fill=colour)
    grain = chance.normal(0, 5, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def altered(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A copy as it comes about: shrunken, recompressed, cropped, brightened, or several of these."""
    kinds = chance.sample(["resize", "compress", "crop", "brightness"], chance.randint(1, 4))
    if "crop" in kinds:
        left, right = (chance.uniform(0, 0.05) * picture.width for _ in range(2))
        top, bottom = (chance.uniform(0, 0.05) * picture.height for _ in range(2))
        picture = picture.crop((round(left), round(top), round(picture.width - right), round(picture.height - bottom)))
    if "resize" in kinds:
        scale = chance.uniform(0.4, 0.8)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    if "brightness" in kinds:
        strength = chance.choice([chance.uniform(0.75, 0.9), chance.uniform(1.1, 1.25)])
        picture = ImageEnhance.Brightness(picture).enhance(strength)
    if "compress" in kinds:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=chance.randint(30, 80))
        picture = opened(buffer.getvalue())
    return picture


def facts_of(pictures: list[Image.Image]) -> Facts:
    return Facts.of((f"{place:064x}", measure(picture)) for place, picture in enumerate(pictures))


def found(pictures: list[Image.Image], start: int = 0) -> set[tuple[int, int]]:
    facts = facts_of(pictures)
    pairs = find_copies(facts.thumbs(), facts.colours(), start=start)
    assert all(pair.first < pair.second and 0 < pair.similarity <= 1 for pair in pairs)
    return {(pair.first, pair.second) for pair in pairs}


def test_planted_copies_are_found_among_similar_pictures() -> None:
    """200 altered copies among 780 pictures that share a background, a shape or a handwriting."""
    drawn = [opened(file.read()) for key in ("shapes", "digits") for file in list(sample_source(key).files())[::4]]
    pictures = [scene(number) for number in range(470)] + drawn
    chance = random.Random(5)
    sources = [*chance.sample(range(470), 120), *chance.sample(range(470, len(pictures)), PLANTED - 120)]
    truth = {(source, len(pictures) + place) for place, source in enumerate(sources)}
    result = found([*pictures, *(altered(pictures[source], chance) for source in sources)])
    hits = len(result & truth)
    assert hits / len(truth) >= 0.95
    assert hits / len(result) >= 0.95


def test_different_handwritten_digits_are_not_copies() -> None:
    digits = [opened(file.read()) for file in sample_source("digits").files()]
    assert len(found(digits)) <= 5  # of half a million pairs, many of which differ by a few strokes' width


def test_the_same_shape_in_other_colours_is_no_copy() -> None:
    def drawn(front: str, back: str) -> Image.Image:
        picture = Image.new("RGB", (128, 128), back)
        ImageDraw.Draw(picture).ellipse((30, 40, 90, 100), fill=front)
        return picture

    red, green, blue = drawn("red", "white"), drawn("green", "white"), drawn("white", "blue")
    assert found([red, green, blue]) == set()
    assert found([red, green, blue, drawn("red", "white")]) == {(0, 3)}


def test_a_shape_without_contrast_in_grey_is_found_by_its_colours() -> None:
    picture = Image.new("RGB", (128, 128), (200, 60, 60))
    ImageDraw.Draw(picture).polygon([(20, 30), (110, 50), (60, 115)], fill=(60, 132, 60))
    assert np.asarray(picture.convert("L")).std() < 2
    small = picture.resize((70, 70)).crop((2, 2, 68, 69))
    assert found([picture, small, picture.rotate(180)]) == {(0, 1)}


def test_even_pictures_are_nobodys_copies() -> None:
    grain = [np.random.default_rng(number).integers(118, 123, (64, 64, 3), dtype=np.uint8) for number in range(6)]
    even = [Image.new("RGB", (64, 64), (value, value, value)) for value in (0, 0, 120, 255, 255)]
    assert found([*even, *map(Image.fromarray, grain)]) == set()


def test_equal_pictures_are_chained() -> None:
    assert found([scene(1), scene(2), scene(1), scene(1)]) == {(0, 2), (2, 3)}


def test_without_colours() -> None:
    facts = facts_of([scene(1), scene(2), scene(1).resize((100, 90))])
    assert [(pair.first, pair.second) for pair in find_copies(facts.thumbs())] == [(0, 2)]


def test_pairs_of_old_pictures_are_not_looked_for() -> None:
    pictures = [scene(1), scene(2), scene(1).resize((90, 90)), scene(2).resize((80, 90)), scene(1).resize((120, 110))]
    assert found(pictures, start=3) >= {(1, 3)}
    assert all(second >= 3 for _, second in found(pictures, start=3))
    assert (0, 2) in found(pictures)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures(count: int) -> None:
    assert found([scene(number) for number in range(count)]) == set()


def test_cancelling() -> None:
    facts = facts_of([scene(number) for number in range(4)])
    with pytest.raises(CancelledError):
        find_copies(facts.thumbs(), facts.colours(), cancelled=lambda: True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_any_thumbs_are_compared(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    thumbs: NDArray[np.uint8] = chance.integers(0, 256, (count, 24, 24), dtype=np.uint8)
    thumbs[chance.integers(count)] = 0
    colours = chance.integers(0, 256, (count, 12, 12, 2), dtype=np.uint8)
    pairs = find_copies(np.concatenate([thumbs, thumbs]), np.concatenate([colours, colours]))
    even = (thumbs == 0).all(axis=(1, 2))
    expected = {(place, place + count) for place in np.flatnonzero(~even).tolist()}
    assert expected <= {(pair.first, pair.second) for pair in pairs}


class TestComponents:
    def test_are_numbered_by_their_first_member(self) -> None:
        assert components(6, [(4, 1), (1, 5), (2, 3)]).tolist() == [0, 1, 2, 2, 1, 1]
        assert components(3, [Pair(0, 2, 0.99)]).tolist() == [0, 1, 0]
        assert components(3, []).tolist() == [0, 1, 2]
        assert components(0, []).tolist() == []

    @given(st.integers(1, 30), st.data())
    def test_join_exactly_what_is_connected(self, count: int, data: st.DataObject) -> None:
        ends = st.integers(0, count - 1)
        pairs = data.draw(st.lists(st.tuples(ends, ends), max_size=30))
        expected = list(range(count))
        for one, other in pairs:
            low, high = sorted((expected[one], expected[other]))
            expected = [low if number == high else number for number in expected]
        numbers = components(count, pairs).tolist()
        assert len(set(zip(numbers, expected, strict=True))) == len(set(numbers)) == len(set(expected))
