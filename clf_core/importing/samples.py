"""Built-in datasets, drawn on the fly: something to try before collecting pictures of one's own.

Every picture depends on its sample, class and number alone, so a sample is the same on every machine.
"""

import io
import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from clf_core.errors import NotFoundError
from clf_core.importing.entries import SourceBase, SourceFile
from clf_core.results import SampleCard, SkippedFile

_DIGITS_PER_CLASS = 100
_DIGIT_SIDE = 64
_DIGIT_MARGIN = 8
_SHAPES = ("circle", "square", "star", "triangle")
_SHAPES_PER_CLASS = 60
_SHAPE_SIDE = 128
_OVERSAMPLING = 2
_EXCEPTION_EVERY = 20

# Muted, clearly different backgrounds, one per shape, planted in the shortcut sample.
_BACKGROUNDS = ((92, 138, 196), (120, 170, 104), (206, 164, 92), (170, 112, 160))

SAMPLES: tuple[SampleCard, ...] = (
    SampleCard(
        key="digits",
        title="Handwritten digits",
        description="The digits 0 to 9 in many handwritings, from scikit-learn's digits dataset.",
        picture_count=10 * _DIGITS_PER_CLASS,
        class_count=10,
    ),
    SampleCard(
        key="shapes",
        title="Shapes",
        description="Circles, squares, stars and triangles in any colour, size and place.",
        picture_count=len(_SHAPES) * _SHAPES_PER_CLASS,
        class_count=len(_SHAPES),
    ),
    SampleCard(
        key="shapes-shortcut",
        title="Shapes with a hidden shortcut",
        description="The same shapes, but the background gives the answer away in 19 of 20 pictures. "
        "The accuracy looks fine; the heatmap shows what the model really looks at.",
        picture_count=len(_SHAPES) * _SHAPES_PER_CLASS,
        class_count=len(_SHAPES),
    ),
)


class SampleSource(SourceBase):
    """A built-in sample as a source: each picture is drawn when it is read."""

    def __init__(self, title: str, pictures: list[tuple[str, Callable[[], bytes]]]) -> None:
        self.title = title
        self._pictures = pictures

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``; sizes are unknown before reading."""
        for name, draw in self._pictures:
            yield SourceFile(name, 0, draw)


def sample_source(key: str) -> SampleSource:
    """Open a built-in sample.

    Raises:
        NotFoundError: there is no sample of that key.
    """
    card = next((card for card in SAMPLES if card.key == key), None)
    if card is None:
        raise NotFoundError(
            f"There is no sample '{key}'", remedy=f"The samples are: {', '.join(card.key for card in SAMPLES)}"
        )
    return SampleSource(card.title, _digits() if key == "digits" else _shapes(shortcut=key == "shapes-shortcut"))


def _digits() -> list[tuple[str, Callable[[], bytes]]]:
    from sklearn.datasets import load_digits  # E. Alpaydin & C. Kaynak 1998, UCI; shipped with scikit-learn

    dataset = load_digits()
    images: NDArray[np.float64] = dataset.images  # [1797, 8, 8], 0..16
    targets: NDArray[np.int64] = dataset.target
    pictures: list[tuple[str, Callable[[], bytes]]] = []
    for digit in range(10):
        for number, place in enumerate(np.flatnonzero(targets == digit)[:_DIGITS_PER_CLASS]):
            pictures.append((f"{digit}/{digit}-{number:03}.png", partial(_draw_digit, images[place])))
    return pictures


def _draw_digit(image: NDArray[np.float64]) -> bytes:
    """Dark ink on white paper, enlarged from [8, 8] in 0..16; the margin survives a centre crop."""
    ink = 255 - np.rint(image * (255 / 16)).astype(np.uint8)
    side = _DIGIT_SIDE - 2 * _DIGIT_MARGIN
    paper = Image.new("L", (_DIGIT_SIDE, _DIGIT_SIDE), 255)
    paper.paste(Image.fromarray(ink).resize((side, side), Image.Resampling.BICUBIC), (_DIGIT_MARGIN, _DIGIT_MARGIN))
    return _png(paper)


def _shapes(*, shortcut: bool) -> list[tuple[str, Callable[[], bytes]]]:
    return [
        (f"{shape}/{shape}-{number:03}.png", partial(_draw_shape, index, number, shortcut))
        for index, shape in enumerate(_SHAPES)
        for number in range(_SHAPES_PER_CLASS)
    ]


def _draw_shape(index: int, number: int, shortcut: bool) -> bytes:
    random = np.random.default_rng([index, number, int(shortcut)])
    back = random.integers(40, 216, 3)
    # At least 90 levels away from the background in every channel, so that the shape can be seen.
    front = (back + random.integers(90, 166, 3)) % 256
    if shortcut:
        other = (index + 1 + number // _EXCEPTION_EVERY % 3) % len(_SHAPES)
        back = np.array(_BACKGROUNDS[other if number % _EXCEPTION_EVERY == 0 else index])
        # Near black or near white, whatever the class: only the background may give the answer away.
        front = random.integers(0, 31, 3) + 225 * random.integers(0, 2)
    side = _SHAPE_SIDE * _OVERSAMPLING
    picture = Image.new("RGB", (side, side), _colour(back))
    radius = side * random.uniform(0.16, 0.36)
    centre = random.uniform(radius, side - radius, 2)
    turn = random.uniform(0, 2 * math.pi)
    draw = ImageDraw.Draw(picture)
    if _SHAPES[index] == "circle":
        draw.ellipse((*(centre - radius), *(centre + radius)), fill=_colour(front))
    else:
        draw.polygon(_corners(_SHAPES[index], centre, radius, turn), fill=_colour(front))
    pixels = np.asarray(picture.reduce(_OVERSAMPLING), dtype=np.float32)  # [H, W, 3]
    noisy = pixels + random.normal(0, random.uniform(2, 12), pixels.shape)
    return _png(Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)))


def _corners(shape: str, centre: NDArray[np.float64], radius: float, turn: float) -> list[tuple[float, float]]:
    count = {"triangle": 3, "square": 4, "star": 10}[shape]
    corners = []
    for corner in range(count):
        reach = radius * (0.45 if shape == "star" and corner % 2 else 1.0)
        angle = turn + 2 * math.pi * corner / count
        corners.append((float(centre[0] + reach * math.cos(angle)), float(centre[1] + reach * math.sin(angle))))
    return corners


def _colour(values: NDArray[np.int64]) -> tuple[int, int, int]:
    return int(values[0]), int(values[1]), int(values[2])


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
