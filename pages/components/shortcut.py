"""Whether a model answers by the background: the finding, the figures behind it, and pictures that show it."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from clf_core.api import Workbench
from clf_core.results.shortcut import ShortcutExample, ShortcutReport, View, ViewScore
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.palette import categorical, muted
from pages.components.parts import Tile, gallery
from pages.components.words import count, percent

VIEW_WORDS: dict[View, str] = {
    "whole": "Whole picture",
    "evidence": "Only where it looked",
    "rest": "All but where it looked",
    "centre": "Only the middle",
    "border": "Only the border",
    "background": "Only the background",
}

_MOST_CLASSES = 200
_ROW_PIXELS = 34


def show_shortcut(bench: Workbench, run: str, *, key: str = "shortcut") -> None:
    """Draw what the shortcut check of a run found, or that it is still to come.

    Args:
        bench: the facade.
        run: identifier of a finished run.
        key: unique on the page.
    """
    report = bench.shortcuts.report(run)
    if report is None:
        quiet("Whether it answers by the background is worked out in the background, and will stand here.")
        return
    show_finding(report, briefly=False)
    if report.verdict == "unknown":
        return
    st.plotly_chart(
        views_chart(report),
        config={"displayModeBar": False},
        key=f"{key}_chart",
        alt="Share right with whole pictures and with parts of them blurred away",
    )
    show_examples(report, bench.shortcuts.examples(run), key=key)
    with st.expander("Class by class, and how it is done", icon=":material/table_rows:"):
        st.dataframe(class_rows(report), hide_index=True, alt="Share found of each class, whole and in part")
        if len(report.classes) > _MOST_CLASSES:
            quiet(f"The first {_MOST_CLASSES:,} of {count(len(report.classes), 'class', 'classes')}.")
        quiet(
            f"{count(report.n, 'validation picture')} shown to the model again, with a part of each blurred away. "
            "Where it looked: the smallest region that holds nine tenths of the heatmap of its answer. The middle: "
            "the square with half of the area. The background: what is in neither. Shares are averaged over the "
            "classes, so that each counts alike. With parts hidden, a model leans to one class whichever the picture; "
            "that lean is taken out of its answers."
        )


def show_finding(report: ShortcutReport, *, briefly: bool = True) -> None:
    """Draw the finding; not briefly: with what it rests on and what to do."""
    more = () if briefly else report.sentences
    body = "  \n".join([f"**{_sentence(report.headline)}**", *(_sentence(told) for told in more)])
    if report.verdict == "shortcut":
        st.warning(body, icon=":material/warning:")
    elif report.verdict == "none":
        st.success(body, icon=":material/check_circle:")
    else:
        st.info(body, icon=":material/info:")


def views_chart(report: ShortcutReport) -> dict[str, Any]:
    """Return a Plotly figure: share right for each view as a dot with its interval, and guessing as a line."""
    scores = [score for view in VIEW_WORDS if (score := report.view(view)) is not None][::-1]
    colour = categorical()[0]
    guessing = {"x0": report.chance, "x1": report.chance, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers+text",
                "x": [score.accuracy for score in scores],
                "y": [VIEW_WORDS[score.view] for score in scores],
                "text": [percent(score.accuracy) for score in scores],
                "textposition": "top center",
                "marker": {"size": 12, "color": colour},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [score.high - score.accuracy for score in scores],
                    "arrayminus": [score.accuracy - score.low for score in scores],
                    "thickness": 3,
                    "width": 0,
                    "color": colour,
                },
                "hovertext": [_in_words(score) for score in scores],
                "hovertemplate": "%{y}: %{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            "height": 110 + _ROW_PIXELS * len(scores),
            "margin": {"l": 10, "r": 20, "t": 30, "b": 50},
            "xaxis": {"range": [0, 1.08], "tickformat": ".0%", "title": {"text": "Share right"}, "gridcolor": muted()},
            "yaxis": {"automargin": True, "showgrid": False, "type": "category", "range": [-0.6, len(scores) - 0.2]},
            "shapes": [{"type": "line", "line": {"color": muted(), "dash": "dot"}, **guessing}],
            "annotations": [
                {
                    "x": report.chance,
                    "y": 1,
                    "yref": "paper",
                    "yanchor": "bottom",
                    "showarrow": False,
                    "text": "guessing",
                }
            ],
            "showlegend": False,
        },
    }


def show_examples(report: ShortcutReport, examples: Sequence[ShortcutExample], *, key: str) -> None:
    """Draw pictures that show the finding: whole, then the background alone, and what was said of each."""
    if not examples:
        return
    if report.verdict == "none":
        st.markdown("Pictures it knows as a whole and does not know by the background alone:")
    else:
        st.markdown("Pictures it still knows by the background alone:")
    tiles = [_tile(example, view) for example in examples for view in example.said]
    gallery(tiles, key=f"{key}_examples", label="Pictures whole and in part", tile=132, pairs=True)


def class_rows(report: ShortcutReport) -> list[dict[str, str | int]]:
    """Return one row per class in words."""
    views = [view for view in VIEW_WORDS if report.view(view) is not None]
    return [
        {
            "Class": plain(row.name),
            "Pictures": row.n,
            **{VIEW_WORDS[view]: _found(row.found.get(view)) for view in views},
            "Told by the background": "yes" if row.background else "",
        }
        for row in report.classes[:_MOST_CLASSES]
    ]


def _tile(example: ShortcutExample, view: View) -> Tile:
    said = example.said[view]
    words = f"{VIEW_WORDS[view]}: a picture of {example.true}, the model says {said}"
    return Tile(
        id=f"{example.sha256}-{view}",
        src=_address(example.pictures[view]),
        alt=words,
        title=f"{said}, {percent(example.probability[view])}",
        note=VIEW_WORDS[view],
        tone="right" if said == example.true else "wrong",
    )


def _found(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _in_words(score: ViewScore) -> str:
    return f"{score.right:,} of {score.n:,} right"


def _sentence(text: str) -> str:
    text = md(text, 600)
    return text if text.endswith(("\\.", ".")) else f"{text}."


def _address(pixels: NDArray[np.uint8]) -> str:
    """A picture as an address of its own: it is nowhere on disk as a file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=85, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
