"""A few pictures side by side with their titles and legends: picture and heatmap, or the evidence for two classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pages.components.escaping import plain
from pages.components.pixels import data_uri
from pages.components.web_part import web_part

_panes = web_part("panes", '<div class="part panes" role="group"></div>')


@dataclass(frozen=True)
class Legend:
    """A strip of colours and what its ends mean.

    Attributes:
        strip: [h, w, 3] uint8.
        low, high: words for its left and its right end.
    """

    strip: NDArray[np.uint8]
    low: str
    high: str


@dataclass(frozen=True)
class Pane:
    """One picture.

    Attributes:
        picture: [H, W, 3] uint8.
        alt: the picture in words.
        title, note: lines under it; names in them as they are.
        legend: what its colours mean, if it has a legend of its own.
        tone: marks the answer as right or wrong, with a sign as well as a colour.
    """

    picture: NDArray[np.uint8]
    alt: str
    title: str = ""
    note: str = ""
    legend: Legend | None = None
    tone: str = ""


def panes(shown: Sequence[Pane], *, key: str, label: str, least: int = 220) -> None:
    """Draw pictures in a row, one below the other where there is no room.

    Args:
        shown: the pictures.
        key: unique on the page.
        label: name of the group for screen readers.
        least: least width of a picture in pixels.
    """
    items = [
        {
            "src": data_uri(pane.picture),
            "ratio": pane.picture.shape[1] / pane.picture.shape[0],
            "alt": plain(pane.alt),
            "title": plain(pane.title),
            "note": plain(pane.note, 300),
            "tone": pane.tone,
            "legend": _legend(pane.legend),
        }
        for pane in shown
    ]
    _panes(data={"items": items, "label": plain(label), "least": least}, key=key)


def _legend(legend: Legend | None) -> dict[str, str] | None:
    if legend is None:
        return None
    return {"src": data_uri(legend.strip), "low": plain(legend.low, 40), "high": plain(legend.high, 40)}
