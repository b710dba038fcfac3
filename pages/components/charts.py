"""Charts and tables for analysis. Live ones are in ``training``."""

from typing import Any

from clf_core.results import EvaluationReport
from pages.components.escaping import plain, plotly_text
from pages.components.palette import categorical, muted
from pages.components.words import percent

_ROW_PIXELS = 34
_MOST_ROWS = 60


def recall_chart(report: EvaluationReport) -> dict[str, Any]:
    """Return a Plotly figure: recall per class as a dot with its interval, weakest class on top."""
    known = [score for score in report.class_scores if score.recall is not None]
    scores = sorted(known, key=lambda score: -(score.recall or 0))[-_MOST_ROWS:]
    recalls = [score.recall or 0.0 for score in scores]
    colour = categorical()[0]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": recalls,
                "y": [plotly_text(score.name) for score in scores],
                "marker": {"size": 12, "color": colour},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [(s.recall_high or 0.0) - r for s, r in zip(scores, recalls, strict=True)],
                    "arrayminus": [r - (s.recall_low or 0.0) for s, r in zip(scores, recalls, strict=True)],
                    "thickness": 3,
                    "width": 0,
                    "color": colour,
                },
                "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
            }
        ],
        "layout": {
            "height": 90 + _ROW_PIXELS * len(scores),
            "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
            "xaxis": {"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "Share found"}, "gridcolor": muted()},
            "yaxis": {"automargin": True, "showgrid": False, "type": "category"},
            "showlegend": False,
        },
    }


def class_table(report: EvaluationReport) -> list[dict[str, str | int]]:
    """Return one row per class in words."""

    def shown(value: float | None) -> str:
        return "–" if value is None else percent(value, 1)

    return [
        {
            "Class": plain(score.name),
            "Test pictures": score.support,
            "Precision": shown(score.precision),
            "Recall": shown(score.recall),
            "F1": shown(score.f1),
        }
        for score in report.class_scores
    ]
