"""Charts of a training that are updated in place while it runs (ECharts): accuracy per strength, and epochs."""

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from clf_core.results import CurvePoint, EpochPoint
from pages.components.palette import categorical, muted

_HEAD_HEIGHT = 280
_EPOCH_HEIGHT = 216
_STRENGTHS = (0.001, 1000.0)  # ends of the axis before the first point, so that it does not move later
_LEAST_EPOCHS = 5  # shown on the axis where nobody knows how many there will be
_MOST_EPOCHS = 1000  # more than that means a limit of time

_KIND_WORDS = {
    "accuracy": "**Accuracy**: share of pictures answered right",
    "loss": "**Loss**: how far the answers are from the truth, less is better",
}


def draw_head_curve(points: Sequence[CurvePoint]) -> None:
    """Accuracy for each strength tried, on a chart that is updated in place; its place is kept from the start."""
    with st.container(border=True):
        st.markdown(
            "**How freely may it learn?** Each point is one strength tried. The simplest one that does about as "
            "well as the best on pictures kept aside wins."
        )
        st.echarts_chart(
            head_spec(points),
            height=_HEAD_HEIGHT,
            key="curve",
            alt="Accuracy on training pictures and on pictures kept aside, for each strength tried",
        )


def draw_epoch_curves(epochs: Sequence[EpochPoint], planned: int) -> None:
    """Accuracy and loss after each epoch, of training and validation pictures; the places are kept from the start.

    Args:
        epochs: what is known so far.
        planned: how many epochs there are to be; 0 where nobody knows.
    """
    for kind in ("accuracy", "loss"):
        with st.container(border=True, gap="small"):
            st.markdown(_KIND_WORDS[kind])
            st.echarts_chart(
                epoch_spec(epochs, kind, planned),
                height=_EPOCH_HEIGHT,
                key=f"{kind}_curve",
                alt=f"{kind.title()} after each epoch, of the pictures it learns from and of those kept aside",
            )


def head_spec(points: Sequence[CurvePoint]) -> dict[str, Any]:
    """Return the ECharts specification of the strengths tried; with no points yet, the empty axes."""
    ordered = sorted(points, key=lambda point: point.strength)
    colours, strengths = categorical(), [point.strength for point in ordered]
    series = (
        ("pictures it learns from", colours[1], [point.train_accuracy for point in ordered], -9),
        ("pictures kept aside", colours[0], [point.val_accuracy for point in ordered], 9),
    )
    lowest = _ten_below(value for *_, values, _ in series for value in values)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 160, "top": 20, "bottom": 36, "containLabel": True},
        "xAxis": {
            "type": "log",
            "min": min([_STRENGTHS[0], *strengths]),
            "max": max([_STRENGTHS[1], *strengths]),
            "name": "Strength C (further right: freer)",
            "nameLocation": "middle",
            "nameGap": 30,
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "max": 100, "min": lowest, "axisLabel": {"formatter": "{value} %"}},
        "series": [
            _line(name, colour, [[c, round(v * 100, 2)] for c, v in zip(strengths, values, strict=True)], shift)
            for name, colour, values, shift in series
        ],
    }


def epoch_spec(epochs: Sequence[EpochPoint], kind: Literal["accuracy", "loss"], planned: int) -> dict[str, Any]:
    """Return the ECharts specification of a figure after each epoch; with none yet, the empty axes."""
    colours = categorical()
    scale = 100 if kind == "accuracy" else 1
    learned, aside = (
        [
            [point.epoch, round(value * scale, 4)]
            for point in epochs
            if (value := getattr(point, f"{side}_{kind}")) is not None
        ]
        for side in ("train", "val")
    )
    last = epochs[-1].epoch if epochs else 0
    axis: dict[str, Any] = {"type": "value", "min": 0, **({} if epochs else {"max": 1})}
    if kind == "accuracy":
        lowest = _ten_below([value / 100 for _, value in (*learned, *aside)] or [0.0])
        axis = {"type": "value", "max": 100, "min": lowest, "axisLabel": {"formatter": "{value} %"}}
    known = planned if 0 < planned <= _MOST_EPOCHS else max(_LEAST_EPOCHS, last)
    above = bool(learned and aside) and learned[-1][1] >= aside[-1][1]
    lines = [
        _line("training", colours[1], learned, -8 if above else 8),
        _line("validation", colours[0], aside, 8 if above else -8),
    ]
    best = next((point.epoch for point in reversed(epochs) if point.best), None)
    if best is not None:
        lines[1]["markLine"] = _best_line(best)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 84, "top": 16, "bottom": 30, "containLabel": True},
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": max(known, last, 1),
            "minInterval": 1,
            "name": "Epoch",
            "nameLocation": "middle",
            "nameGap": 26,
            "splitLine": {"show": False},
        },
        "yAxis": axis,
        "tooltip": {"trigger": "axis"},
        "series": lines,
    }


def _line(name: str, colour: str, data: list[list[float]], shift: int) -> dict[str, Any]:
    return {
        "type": "line",
        "name": name,
        "data": data,
        "symbolSize": 8,
        "lineStyle": {"width": 3, "color": colour},
        "itemStyle": {"color": colour},
        "endLabel": {
            "show": bool(data),
            "formatter": "{a}",
            "color": muted(),
            "fontSize": 13,
            "offset": [0, shift],
        },
    }


def _best_line(epoch: int) -> dict[str, Any]:
    return {
        "silent": True,
        "symbol": "none",
        "data": [{"xAxis": epoch}],
        "lineStyle": {"type": "dashed", "color": muted()},
        "label": {"formatter": "best", "color": muted(), "fontSize": 12, "position": "insideEndTop", "rotate": 0},
    }


def _ten_below(values: Any) -> int:
    """A ten below the lowest point, so that differences between good classifiers can be seen."""
    return max(0, int(min(values, default=0.5) * 10 - 0.5) * 10)
