"""Charts of the curves behind an evaluation, in Plotly: ROC, precision-recall, reliability, answered share."""

from collections.abc import Sequence
from typing import Any

from clf_core.results.curves import AnsweredCurve, ClassCurve, CurveSet, ReliabilityBin
from pages.components.escaping import plotly_text
from pages.components.palette import categorical, muted

CONFIG = {"displayModeBar": False}
"""How these charts are shown."""

MOST_DRAWN = 6
"""Classes drawn beside the mean; more lines than colours cannot be told apart."""

_HEIGHT = 380
_LEGEND_ROW = 24
_DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot", "solid")


def roc_chart(curves: CurveSet, chosen: Sequence[str] = ()) -> dict[str, Any]:
    """Return a figure: the mean ROC curve, those of the chosen classes, and what guessing would give.

    Args:
        curves: of kind 'roc'.
        chosen: names of classes; those without a curve are passed over.
    """
    chance = _straight("Guessing", [0, 1], [0, 1])
    return _figure(
        [chance, *_lines(curves, chosen, "others taken for it %{x:.1%}, found %{y:.1%}")],
        "Pictures of other classes taken for it",
        "Pictures of the class found",
    )


def precision_recall_chart(curves: CurveSet, chosen: Sequence[str] = ()) -> dict[str, Any]:
    """Return a figure: the mean precision-recall curve and those of the chosen classes, as steps.

    Args:
        curves: of kind 'precision recall'.
        chosen: as in ``roc_chart``.
    """
    lines = _lines(curves, chosen, "found %{x:.1%}, right %{y:.1%}")
    for line in lines:
        line["line"]["shape"] = "vh"  # the precision of a recall is that of the next threshold
    return _figure(lines, "Pictures of the class found (recall)", "Right among those called it (precision)")


def reliability_chart(bins: Sequence[ReliabilityBin], raw: Sequence[ReliabilityBin] = ()) -> dict[str, Any]:
    """Return a figure: how often answers are right, over how sure they are, with intervals; ideally on the diagonal.

    Args:
        bins: with the probabilities as they are shown to people.
        raw: before temperature scaling; empty where there was none.
    """
    ideal = _straight("As sure as right", [0, 1], [0, 1])
    drawn = [ideal]
    if raw:
        drawn.append(_dots("Before calibration", raw, muted(), "circle-open"))
    drawn.append(_dots("After calibration" if raw else "This model", bins, categorical()[0], "circle"))
    return _figure(drawn, "How sure the answers are", "How often they are right")


def answered_chart(curve: AnsweredCurve, point: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return a figure: how often the surest answers are right, over the share that is answered.

    Args:
        curve: on the test pictures.
        point: (share answered, share right) of an operating point to mark, if any.
    """
    low = min(curve.right, default=0.0)
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "Right when it answers",
        "x": list(curve.answered),
        "y": list(curve.right),
        "line": {"width": 3, "color": categorical()[0]},
        "hovertemplate": "answers %{x:.0%}, right on %{y:.1%} of those<extra></extra>",
    }
    drawn: list[dict[str, Any]] = [line]
    if point is not None:
        drawn.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "In use",
                "x": [point[0]],
                "y": [point[1]],
                "marker": {"size": 14, "color": categorical()[1], "symbol": "diamond"},
                "hovertemplate": "in use: answers %{x:.0%}, right on %{y:.1%} of those<extra></extra>",
            }
        )
        low = min(low, point[1])
    figure = _figure(drawn, "Share of the pictures answered, the surest first", "Right among those")
    figure["layout"]["yaxis"]["range"] = [max(0.0, int(low * 10 - 0.5) / 10), 1.02]
    return figure


def _lines(curves: CurveSet, chosen: Sequence[str], hover: str) -> list[dict[str, Any]]:
    """The chosen classes, and the mean on top of them."""
    by_name = {curve.name: curve for curve in curves.classes}
    picked = [by_name[name] for name in dict.fromkeys(chosen) if name in by_name][:MOST_DRAWN]
    colours = categorical()
    drawn = [
        _line(curve, plotly_text(curve.name), colours[1 + place], _DASHES[place], hover)
        for place, curve in enumerate(picked)
    ]
    if curves.mean is not None:
        mean = "Mean of all classes" if len(curves.classes) > 1 else plotly_text(curves.classes[0].name)
        drawn.append(_line(curves.mean, mean, colours[0], "solid", hover, width=4))
    return drawn


def _line(curve: ClassCurve, name: str, colour: str, dash: str, hover: str, width: int = 2) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name} ({curve.area:.3f})",
        "x": list(curve.x),
        "y": list(curve.y),
        "line": {"width": width, "color": colour, "dash": dash},
        "hovertemplate": f"%{{fullData.name}}: {hover}<extra></extra>",  # a name in a template would be read as one
    }


def _dots(name: str, bins: Sequence[ReliabilityBin], colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [found.confidence for found in bins],
        "y": [found.accuracy for found in bins],
        "customdata": [found.count for found in bins],
        "marker": {"size": 11, "color": colour, "symbol": symbol, "line": {"width": 2, "color": colour}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [found.accuracy_high - found.accuracy for found in bins],
            "arrayminus": [found.accuracy - found.accuracy_low for found in bins],
            "color": colour,
            "thickness": 2,
            "width": 0,
        },
        "hovertemplate": f"{name}: %{{customdata}} answers, %{{x:.0%}} sure, %{{y:.0%}} right<extra></extra>",
    }


def _straight(name: str, x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x,
        "y": y,
        "line": {"width": 2, "color": muted(), "dash": "dot"},
        "hoverinfo": "skip",
    }


def _figure(data: list[dict[str, Any]], x_title: str, y_title: str) -> dict[str, Any]:
    axis = {"range": [-0.01, 1.02], "tickformat": ".0%", "gridcolor": muted(), "griddash": "dot", "zeroline": False}
    legend_height = _LEGEND_ROW * len(data)
    return {
        "data": data,
        "layout": {
            "height": _HEIGHT + legend_height,
            "margin": {"l": 10, "r": 10, "t": 10 + legend_height, "b": 50},
            "xaxis": {**axis, "title": {"text": x_title}},
            "yaxis": {**axis, "title": {"text": y_title}, "automargin": True},
            # Below each other: names of classes can be long.
            "legend": {"orientation": "v", "y": 1.02, "yanchor": "bottom", "x": 0},
            "uirevision": "curves",
        },
    }
