"""Charts of two runs side by side, in Plotly: the differences with their intervals, and the training curves."""

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import CurvePoint, EpochPoint, RunSummary
from clf_core.results.comparison import PairedFigures
from clf_core.results.curves import Curves
from pages.components.escaping import md, plotly_text
from pages.components.heading import quiet
from pages.components.palette import categorical, muted
from pages.components.search_charts import plot_config

_ROW_PIXELS = 34
_MOST_ROWS = 40
_HEIGHT = 320
_EVERYTHING = "<b>All test pictures</b>"

Kind = Literal["accuracy", "loss"]


def difference_chart(figures: PairedFigures, first: str, second: str) -> dict[str, Any]:
    """Return a figure: the second run minus the first, in points, over all pictures and for each class.

    The classes that differ most are shown; each is a dot with its 95 % interval beside a line at no difference.
    """
    classes = [score for score in figures.classes if score.support][:_MOST_ROWS]
    rows = [(figures.difference, figures.low, figures.high), *((s.difference, s.low, s.high) for s in classes)]
    names = [_EVERYTHING, *(plotly_text(score.name) for score in classes)]
    blue, orange = categorical()[0], categorical()[1]
    reach = max(1.0, *(105 * max(abs(low), abs(high)) for _, low, high in rows))
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [100 * middle for middle, _, _ in rows],
                # Positions and not names, as two long names may be cut alike.
                "y": list(range(len(rows))),
                "text": names,
                "marker": {"size": 12, "color": [blue if middle >= 0 else orange for middle, _, _ in rows]},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [100 * (high - middle) for middle, _, high in rows],
                    "arrayminus": [100 * (middle - low) for middle, low, _ in rows],
                    "thickness": 3,
                    "width": 0,
                    "color": muted(),
                },
                "hovertemplate": "%{text}: %{x:+.1f} of 100<extra></extra>",
            }
        ],
        "layout": {
            "height": 110 + _ROW_PIXELS * len(rows),
            "margin": {"l": 10, "r": 20, "t": 10, "b": 60},
            "xaxis": {
                "range": [-reach, reach],
                "title": {"text": f"Left: {plotly_text(first, 30)} is better. Right: {plotly_text(second, 30)}."},
                "gridcolor": muted(),
                "griddash": "dot",
                "zeroline": True,
                "zerolinewidth": 2,
                "zerolinecolor": muted(),
                "tickformat": "d",
            },
            "yaxis": {
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
                "tickvals": list(range(len(rows))),
                "ticktext": names,
                "range": [len(rows) - 0.5, -0.5],
            },
            "showlegend": False,
            "uirevision": "compare",
        },
    }


def draw_test_curves(bench: Workbench, first: RunSummary, second: RunSummary) -> None:
    """The curves of both on their test pictures: classes told apart, and how sure answers compare with right ones."""
    ours, theirs = bench.figures.of(first.id).curves, bench.figures.of(second.id).curves
    left, right = st.columns(2, gap="large")
    for place, kind, (words, chart) in zip(
        (left, right, left),
        ("roc", "precision_recall", "answered"),
        _test_charts(ours, theirs, first, second),
        strict=True,
    ):
        with place:
            st.markdown(f"**{words}**")
            st.plotly_chart(chart, config=plot_config(), key=f"both_{kind}", alt=f"{words}, of both runs")


def _test_charts(
    ours: Curves, theirs: Curves, first: RunSummary, second: RunSummary
) -> list[tuple[str, dict[str, Any]]]:
    """Each chart with its heading."""
    names = [f"{number}: {plotly_text(run.name, 30)}" for number, run in enumerate((first, second), 1)]
    roc, precision = [], []
    for number, curves in enumerate((ours, theirs)):
        for mean, drawn in ((curves.roc.mean, roc), (curves.precision_recall.mean, precision)):
            if mean is not None:
                points = list(zip(mean.x, mean.y, strict=True))
                drawn.append(
                    _line(f"{names[number]} ({mean.area:.3f})", points, categorical()[number], "solid", "lines")
                )
    answered = [
        _line(
            names[number],
            list(zip(curves.answered.answered, curves.answered.right, strict=True)),
            categorical()[number],
            "solid",
            "lines",
        )
        for number, curves in enumerate((ours, theirs))
    ]
    charts = (
        ("ROC, mean of all classes (area)", roc, "Others taken for it", "Found"),
        ("Precision and recall, mean of all classes (area)", precision, "Found (recall)", "Right (precision)"),
        ("Right among the answers it is surest of", answered, "Share answered", "Right among those"),
    )
    made = []
    for words, lines, across, up in charts:
        layout = _layout(across, up, percent=True)
        layout["xaxis"].update(tickformat=".0%", range=[-0.01, 1.02])
        made.append((words, {"data": lines, "layout": layout}))
    return made


def draw_curves(bench: Workbench, first: RunSummary, second: RunSummary) -> None:
    """The two trainings laid over each other: epochs where there are any, strengths of the last layer where both have.

    A run of the preset quick has no epochs, and a run of 'full' or 'scratch' tries no strengths.
    """
    ours, theirs = bench.runs.progress(first.id), bench.runs.progress(second.id)
    drawn = False
    if ours.epochs or theirs.epochs:
        drawn = True
        quiet("Solid: on validation pictures. Dotted: on the pictures it learned from.")
        for run, progress in ((first, ours), (second, theirs)):
            if not progress.epochs:
                quiet(f"{md(run.name, 60)} was fitted in one go and has no epochs.")
        for kind, words in (("accuracy", "Accuracy on validation pictures"), ("loss", "Loss on validation pictures")):
            figure = epoch_chart((first.name, ours.epochs), (second.name, theirs.epochs), kind)
            st.plotly_chart(figure, config=plot_config(), key=f"both_{kind}", alt=f"{words} after each epoch, of both")
    if ours.curve and theirs.curve:
        drawn = True
        figure = strength_chart((first.name, ours.curve), (second.name, theirs.curve))
        st.plotly_chart(
            figure, config=plot_config(), key="both_strengths", alt="Accuracy on pictures kept aside, of both"
        )
    if not drawn:
        st.markdown("The two were trained in ways that leave no curve in common.")


def epoch_chart(
    first: tuple[str, Sequence[EpochPoint]], second: tuple[str, Sequence[EpochPoint]], kind: Kind
) -> dict[str, Any]:
    """Return a figure: a validation figure after each epoch, a solid line for each run, its training dashed."""
    lines = []
    for number, (name, epochs) in enumerate((first, second)):
        for side, dash in (("val", "solid"), ("train", "dot")):
            known = [(p.epoch, value) for p in epochs if (value := getattr(p, f"{side}_{kind}")) is not None]
            words = f"{number + 1}: {plotly_text(name, 30)}" + ("" if side == "val" else ", training")
            mode = "lines+markers" if side == "val" else "lines"
            lines.append(_line(words, known, categorical()[number], dash, mode))
    what = "Right" if kind == "accuracy" else "Loss (less is better)"
    return {"data": lines, "layout": _layout("Epoch", what, percent=kind == "accuracy")}


def strength_chart(first: tuple[str, Sequence[CurvePoint]], second: tuple[str, Sequence[CurvePoint]]) -> dict[str, Any]:
    """Return a figure: accuracy on pictures kept aside for each strength of the last layer that was tried."""
    lines = []
    for number, (name, points) in enumerate((first, second)):
        known = sorted((point.strength, point.val_accuracy) for point in points)
        lines.append(_line(f"{number + 1}: {plotly_text(name, 30)}", known, categorical()[number], "solid"))
    layout = _layout("Strength C of the last layer (further right: freer)", "Right, kept aside", percent=True)
    layout["xaxis"]["type"] = "log"
    return {"data": lines, "layout": layout}


def _line(
    name: str, points: Sequence[tuple[float, float]], colour: str, dash: str, mode: str = "lines+markers"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"width": 3 if dash == "solid" else 2, "color": colour, "dash": dash},
        "marker": {"size": 7, "color": colour},
    }


def _layout(across: str, up: str, *, percent: bool) -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "margin": {"l": 10, "r": 10, "t": 40, "b": 50},
        "xaxis": {"title": {"text": across}, "showgrid": False, "zeroline": False},
        "yaxis": {
            "title": {"text": up},
            "gridcolor": muted(),
            "griddash": "dot",
            "automargin": True,
            **({"tickformat": ".0%"} if percent else {"rangemode": "tozero"}),
        },
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": "compare",
    }
