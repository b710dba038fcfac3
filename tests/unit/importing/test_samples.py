"""The built-in datasets."""

import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from clf_core.errors import NotFoundError
from clf_core.importing.samples import SAMPLES, sample_source


@pytest.mark.parametrize("card", SAMPLES, ids=lambda card: card.key)
def test_cards_tell_the_truth(card) -> None:
    with sample_source(card.key) as source:
        names = [entry.name for entry in source.files()]
    classes = Counter(name.split("/")[0] for name in names)
    assert len(names) == len(set(names)) == card.picture_count
    assert len(classes) == card.class_count
    assert len(set(classes.values())) == 1


@pytest.mark.parametrize("card", SAMPLES, ids=lambda card: card.key)
def test_pictures_repeat_and_differ(card) -> None:
    first = [entry.read() for entry in list(sample_source(card.key).files())[:12]]
    again = [entry.read() for entry in list(sample_source(card.key).files())[:12]]
    assert first == again
    assert len(set(first)) == 12
    assert {Image.open(io.BytesIO(data)).format for data in first} == {"PNG"}


def corner_colours(key: str) -> dict[str, list[tuple[int, ...]]]:
    colours: dict[str, list[tuple[int, ...]]] = {}
    for entry in sample_source(key).files():
        picture = Image.open(io.BytesIO(entry.read())).convert("RGB")
        # The median over the border is the background, wherever the shape is and however noisy it may be.
        border = np.concatenate([np.asarray(picture)[0], np.asarray(picture)[-1]])
        colours.setdefault(entry.name.split("/")[0], []).append(tuple(np.median(border, axis=0)))
    return colours


def test_the_shortcut_is_planted_in_19_of_20() -> None:
    centres = {}
    colours = corner_colours("shapes-shortcut")
    for label, found in colours.items():
        centres[label] = np.median(found, axis=0)
    for label, found in colours.items():
        nearest = [min(centres, key=lambda name: np.abs(centres[name] - colour).sum()) for colour in found]
        assert nearest.count(label) == 57


def test_ordinary_shapes_have_no_shortcut() -> None:
    spread = {label: np.std(found, axis=0).min() for label, found in corner_colours("shapes").items()}
    assert min(spread.values()) > 25


def test_unknown_sample() -> None:
    with pytest.raises(NotFoundError, match="digits, shapes"):
        sample_source("cats")
