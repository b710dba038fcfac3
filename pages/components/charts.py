"""Charts and tables for analysis. Live ones are in ``training``, curves in ``curve_charts``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from clf_core.results.figures import ClassFigures, Ratio
from pages.components.escaping import plain, plotly_text
from pages.components.palette import categorical, muted
from pages.components.words import interval

_ROW_PIXELS = 34
MOST_ROWS = 30
"""Drawn of many; more is a wall of lines, and the table below holds all."""


class Dot(NamedTuple):
    """A share with its interval: 0..1 each."""

    name: str
    value: float
    low: float
    high: float


def dot_chart(dots: Sequence[Dot], title: str) -> dict[str, Any]:
    """Return a Plotly figure: each share as a dot with its interval, the smallest on top; of many, the smallest.

    Args:
        dots: names are shown as they are.
        title: of the axis of shares.
    """
    shown = sorted(dots, key=lambda dot: -dot.value)[-MOST_ROWS:]
    colour = categorical()[0]
    places = list(range(len(shown)))  # two names may read alike once they are shortened
    names = [plotly_text(dot.name) for dot in shown]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [dot.value for dot in shown],
                "y": places,
                "text": names,
                "marker": {"size": 12, "color": colour},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [max(0.0, dot.high - dot.value) for dot in shown],
                    "arrayminus": [max(0.0, dot.value - dot.low) for dot in shown],
                    "thickness": 3,
                    "width": 0,
                    "color": colour,
                },
                "customdata": [interval(dot.low, dot.high) for dot in shown],
                "hovertemplate": "%{text}: %{x:.1%}, expect %{customdata}<extra></extra>",
            }
        ],
        "layout": {
            "height": 90 + _ROW_PIXELS * len(shown),
            "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
            "xaxis": {"range": [0, 1.02], "tickformat": ".0%", "title": {"text": title}, "gridcolor": muted()},
            "yaxis": {
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
                "tickvals": places,
                "ticktext": names,
                "range": [-0.7, len(shown) - 0.3],
            },
            "showlegend": False,
        },
    }


def class_dots(classes: Sequence[ClassFigures], which: str) -> list[Dot]:
    """Return one class's 'recall', 'precision' or 'f1' after the other, those that are known with their interval."""
    found = []
    for one in classes:
        ratio: Ratio = getattr(one, which)
        if ratio.value is not None:
            low, high = (ratio.value if end is None else end for end in (ratio.low, ratio.high))
            found.append(Dot(one.name, ratio.value, low, high))
    return found


def class_rows(classes: Sequence[ClassFigures]) -> list[dict[str, str | int | float | None]]:
    """Return one row per class; shares in percent, so that a table can sort them."""
    return [
        {
            "Class": plain(one.name),
            "Test pictures": one.support,
            "Recall": _percent(one.recall),
            "Recall, range": _range(one.recall),
            "Precision": _percent(one.precision),
            "Precision, range": _range(one.precision),
            "F1": _percent(one.f1),
            "F1, range": _range(one.f1),
        }
        for one in classes
    ]


def _percent(ratio: Ratio) -> float | None:
    return None if ratio.value is None else ratio.value * 100


def _range(ratio: Ratio) -> str:
    return "" if ratio.low is None or ratio.high is None else interval(ratio.low, ratio.high)
