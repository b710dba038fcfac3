"""Charts of a search, in Plotly: how it went, which settings go together with which result, and what mattered."""

import math
from collections.abc import Sequence
from typing import Any

from clf_core.results import Trial
from pages.components.escaping import plotly_text
from pages.components.palette import categorical, muted
from pages.components.search_words import DRAWN, score_words, settings_words, value_words

_HEIGHT = 300
_MOST_TICKS = 12
_ROW_PIXELS = 34
_MOST_AXES = 7
_TICK_LETTERS = 16
_BEST = "#d55e00"  # stands out from grey on the light and on the dark background
_MISSING = "–"
_CONFIG = {"displayModeBar": False}
_SYMBOLS = {"done": "circle", "pruned": "x-thin", "cut": "line-ns"}


def plot_config() -> dict[str, Any]:
    """Return how Plotly charts are shown here."""
    return dict(_CONFIG)


def judged(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that have ended and were judged."""
    return [trial for trial in trials if trial.accuracy is not None and trial.state != "running"]


def history_chart(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return a figure: the accuracy of each trial, and the best so far as a line."""
    shown = judged(trials)
    best, bests = 0.0, []
    for trial in shown:
        if trial.state == "done":
            best = max(best, trial.accuracy or 0.0)
        bests.append(best or None)
    blue, orange = categorical()[0], categorical()[1]
    low = min((trial.accuracy or 0.0 for trial in shown), default=0.0)
    last = max((trial.number + 1 for trial in shown), default=1)
    whole = {"dtick": 1} if last <= _MOST_TICKS else {"tickformat": "d"}  # else a few trials get the same tick twice
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": "A trial",
                "x": [trial.number + 1 for trial in shown],
                "y": [trial.accuracy for trial in shown],
                "text": [f"{score_words(trial)}<br>{plotly_text(settings_words(trial), 160)}" for trial in shown],
                "hovertemplate": "Trial %{x}: %{text}<extra></extra>",
                "marker": {
                    "size": 10,
                    "color": blue,
                    "symbol": [_SYMBOLS.get(trial.state, "circle") for trial in shown],
                    "line": {"width": 2, "color": blue},
                },
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "Best so far",
                "x": [trial.number + 1 for trial in shown],
                "y": bests,
                "line": {"shape": "hv", "width": 3, "color": orange},
                "hoverinfo": "skip",
            },
        ],
        "layout": {
            "height": _HEIGHT,
            "margin": {"l": 10, "r": 10, "t": 40, "b": 50},
            "xaxis": {
                "title": {"text": "Trial"},
                "showgrid": False,
                "zeroline": False,
                "range": [0.5, last + 0.5],
                **whole,
            },
            "yaxis": {
                "title": {"text": "Right on validation pictures"},
                "tickformat": ".0%",
                "range": [max(0.0, low - 0.05), 1.02],
                "gridcolor": muted(),
                "griddash": "dot",
                "automargin": True,
            },
            "legend": {"orientation": "h", "y": 1.06, "yanchor": "bottom", "x": 0},
            "uirevision": "search",
        },
    }


def importance_chart(importances: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Return a figure: the share of each setting as a bar, the largest on top."""
    rows = [(DRAWN.get(name, name), share) for name, share in reversed(importances)]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [share for _, share in rows],
                "y": [plotly_text(name) for name, _ in rows],
                "text": [f"{share:.0%}" for _, share in rows],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": categorical()[0]},
                "hovertemplate": "%{y}: %{x:.0%}<extra></extra>",
            }
        ],
        "layout": {
            "height": 60 + _ROW_PIXELS * len(rows),
            "margin": {"l": 10, "r": 50, "t": 10, "b": 30},
            "xaxis": {"visible": False, "range": [0, max((share for _, share in rows), default=1.0) * 1.05]},
            "yaxis": {"automargin": True, "showgrid": False, "type": "category"},
            "showlegend": False,
            "uirevision": "search",
        },
    }


def parallel_chart(trials: Sequence[Trial], importances: Sequence[tuple[str, float]]) -> dict[str, Any] | None:
    """Return a figure: an axis for each setting and one for the accuracy, a line for each trial that ran to its end.

    The settings that mattered most are shown. None where there are too few trials, or no setting differs.
    """
    shown = [trial for trial in judged(trials) if trial.state == "done"]
    matters = [*(name for name, _ in importances), *DRAWN]
    differing = [name for name in dict.fromkeys(matters) if len({trial.drawn.get(name) for trial in shown}) > 1]
    chosen = set(differing[: _MOST_AXES - 1])
    names = [name for name in DRAWN if name in chosen]
    if len(shown) < 2 or not names:
        return None
    accuracies = [trial.accuracy or 0.0 for trial in shown]
    result = {"label": "Right", "values": accuracies, "tickformat": ".0%"}
    return {
        "data": [
            {
                "type": "parcoords",
                "line": {
                    "color": accuracies,
                    "colorscale": [[0, muted()], [1, _BEST]],
                    "showscale": False,
                },
                "dimensions": [*(_axis(name, shown) for name in names), result],
                "labelfont": {"size": 13},
                "labelangle": -20,
                "tickfont": {"size": 12},
                "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
            }
        ],
        "layout": {"height": 380, "margin": {"l": 90, "r": 50, "t": 80, "b": 20}, "uirevision": "search"},
    }


def _axis(name: str, trials: Sequence[Trial]) -> dict[str, Any]:
    values = [trial.drawn.get(name) for trial in trials]
    known = sorted({value for value in values if value is not None}, key=lambda value: (str(type(value)), value))
    label = plotly_text(DRAWN.get(name, name), 20)
    if name == "learning_rate":
        return _rate_axis(label, values)
    places = {value: place for place, value in enumerate(known, 1)}
    words = [_tick(value_words(name, value)) for value in known]
    ticks, texts = list(places.values()), words
    if None in values:
        ticks, texts = [0, *ticks], [_MISSING, *texts]
    return {
        "label": label,
        "values": [places.get(value, 0) if value is not None else 0 for value in values],
        "tickvals": ticks,
        "ticktext": texts,
        "range": [min(ticks), max(ticks)],
    }


def _rate_axis(label: str, values: Sequence[str | int | float | None]) -> dict[str, Any]:
    """Orders of magnitude; trials without a learning rate lie below the lowest."""
    logs = [math.log10(value) if isinstance(value, float) and value > 0 else None for value in values]
    known = [value for value in logs if value is not None]
    low, high = math.floor(min(known, default=-5)), math.ceil(max(known, default=-2))
    ticks, texts = list(range(low, high + 1)), [f"1e{power}" for power in range(low, high + 1)]
    if None in logs:
        ticks, texts = [low - 1, *ticks], [_MISSING, *texts]
    return {
        "label": label,
        "values": [low - 1 if value is None else value for value in logs],
        "tickvals": ticks,
        "ticktext": texts,
        "range": [min(ticks), max(ticks)],
    }


def _tick(words: str) -> str:
    return plotly_text(words, _TICK_LETTERS)
