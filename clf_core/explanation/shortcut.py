"""Asking a model about pictures seen in part: what the shortcut check rests on (``evaluation.shortcut`` judges it)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.shortcut import Looked, Told
from clf_core.explanation.regions import border_area, share_at_border, views
from clf_core.results.shortcut import VIEWS, ShortcutExample, ShortcutReport, View

MOST_PICTURES = 400
"""Looked at, at most: the figures are then some five points wide, and two cores take half a minute."""

EXAMPLES = 6
_EXAMPLE_SIDE = 160
_BLOCK = 16
_SMALLEST = np.float32(1e-30)
"""Probabilities below are as good as none; their logarithms must stay numbers."""

Ask = Callable[[Iterable[NDArray[np.uint8]]], Iterator[NDArray[np.float32]]]
"""Pictures [S, S, 3] uint8 -> probabilities [K] of each, such as ``Predictor.stream``."""

Heat = Callable[[NDArray[np.uint8], int], NDArray[np.float32]]
"""A picture and a class -> heatmap [S, S] in 0..1, all zero where nothing speaks for the class."""


def look(
    pictures: Iterable[NDArray[np.uint8]], ask: Ask, heat: Heat | None, tell: Callable[[int], None] | None = None
) -> Looked:
    """Ask a model about each picture, whole and in part.

    The heatmap is that of the model's own answer, since the question is where it looked for that.

    Args:
        pictures: N inputs of the model, [S, S, 3] uint8 each.
        ask: the model.
        heat: its heatmaps; None where it has none.
        tell: told how many pictures are done; may raise to stop.
    """
    tables: list[NDArray[np.float32]] = []
    at_border: list[float] = []
    border, inputs = 0.0, iter(pictures)
    while block := list(islice(inputs, _BLOCK)):
        border = border_area(len(block[0]))
        for probabilities, share in _look_at(block, ask, heat):
            tables.append(np.log(np.maximum(probabilities, _SMALLEST)))
            at_border.append(share)
        if tell:
            tell(len(tables))
    empty = np.zeros((0, len(VIEWS), 1), dtype=np.float32)
    return Looked(np.stack(tables) if tables else empty, np.array(at_border, dtype=np.float64), border)


def _look_at(
    block: Sequence[NDArray[np.uint8]], ask: Ask, heat: Heat | None
) -> Iterator[tuple[NDArray[np.float32], float]]:
    """For each picture of a block: probabilities [V, K], NaN for a missing view, and the heatmap's share at the border.

    The views of a picture are made while the network works on those of the picture before.
    """
    whole = np.stack(list(ask(block)))  # [B, K]
    heatmaps = [
        None if heat is None else heat(*pair) for pair in zip(block, whole.argmax(axis=1).tolist(), strict=True)
    ]
    made: list[tuple[int, View]] = []

    def parts() -> Iterator[NDArray[np.uint8]]:
        for place, (picture, heatmap) in enumerate(zip(block, heatmaps, strict=True)):
            for view, part in views(picture, heatmap).items():
                made.append((place, view))
                yield part

    table = np.full((len(block), len(VIEWS), whole.shape[1]), np.nan, dtype=np.float32)
    table[:, VIEWS.index("whole")] = whole
    for number, probabilities in enumerate(ask(parts())):
        place, view = made[number]
        table[place, VIEWS.index(view)] = probabilities
    for rows, heatmap in zip(table, heatmaps, strict=True):
        yield rows, float("nan") if heatmap is None else share_at_border(heatmap)


def telling(told: Told, truth: NDArray[np.int64], report: ShortcutReport, count: int = EXAMPLES) -> list[int]:
    """Rows of pictures that show the finding, the plainest first, the classes taking turns.

    Where there are signs of a shortcut: pictures that are told by the background alone. Else: pictures that are told
    whole and are not told by the background.
    """
    view = _background(told)
    whole, alone = told.right("whole", truth), told.right(view, truth)
    accused = report.verdict in ("shortcut", "partly")
    fitting = np.flatnonzero(whole & (alone if accused else ~alone) & told.seen(view))
    order = fitting[np.argsort(-told.sure[fitting, VIEWS.index(view)], kind="stable")]
    turns: dict[int, int] = {}
    ranked = []
    for row in order.tolist():
        turn = turns[int(truth[row])] = turns.get(int(truth[row]), -1) + 1
        ranked.append((turn, row))
    return [row for _, row in sorted(ranked, key=lambda pair: pair[0])[:count]]


def example(
    picture: NDArray[np.uint8], sha256: str, truth: int, classes: Sequence[str], told: Told, row: int, heat: Heat | None
) -> ShortcutExample:
    """One picture as the check saw it.

    Args:
        picture: [S, S, 3] uint8, an input of the model.
        sha256, truth: which it is, and the index of its class.
        classes: K names in the order of the model's answers.
        told, row: what was said of it.
        heat: as in ``look``.
    """
    whole = VIEWS.index("whole")
    heatmap = None if heat is None else heat(picture, int(told.said[row, whole]))
    seen: dict[View, NDArray[np.uint8]] = {"whole": picture, **views(picture, heatmap)}
    shown: tuple[View, ...] = ("whole", _background(told))
    return ShortcutExample(
        sha256=sha256,
        true=classes[truth],
        said={view: classes[int(told.said[row, VIEWS.index(view)])] for view in shown},
        probability={view: float(told.sure[row, VIEWS.index(view)]) for view in shown},
        pictures={view: _small(seen[view]) for view in shown},
    )


def _background(told: Told) -> View:
    """What stands for the background: the border where there is no heatmap at all."""
    return "background" if told.seen("background").any() else "border"


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    if len(picture) <= _EXAMPLE_SIDE:
        return picture
    return np.asarray(Image.fromarray(picture).resize((_EXAMPLE_SIDE, _EXAMPLE_SIDE), Image.Resampling.BOX))
