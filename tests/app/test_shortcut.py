"""What the shortcut check found, as a page shows it: the finding, the figures, the pictures; names stay literal."""

from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clf_core.results.shortcut import ClassViews, ShortcutExample, ShortcutReport, ViewScore
from pages.components.shortcut import class_rows, views_chart

HOSTILE = "**bold** :red[red] <img src=x>"


def report_of(verdict="shortcut", **changes):
    views = tuple(
        ViewScore(view=view, n=36, right=right, accuracy=right / 36, low=0.2, high=1, kept=0.9, kept_low=0.6)
        for view, right in (("whole", 36), ("evidence", 35), ("rest", 33), ("border", 34))
    )
    found = {"whole": 1.0, "evidence": 0.9, "rest": None, "centre": None, "border": 0.8, "background": None}
    values = {
        "verdict": verdict,
        "headline": f"The background alone may be enough for '{HOSTILE}'",
        "sentences": ("Guessing would be right in 25 %.",),
        "n": 36,
        "total": 36,
        "chance": 0.25,
        "views": views,
        "classes": (ClassViews(name=HOSTILE, n=9, found=found, background=True),),
        "at_border": 0.6,
        "border_area": 0.5,
        "learned": True,
        "checked": 1.0,
    }
    return ShortcutReport.model_validate({**values, **changes})


def example():
    pictures = {view: np.zeros((16, 16, 3), dtype=np.uint8) for view in ("whole", "border")}
    return ShortcutExample(
        "a" * 64, HOSTILE, {"whole": HOSTILE, "border": "ant"}, {"whole": 0.9, "border": 0.5}, pictures
    )


def page(bench):
    from pages.components.shortcut import show_shortcut

    show_shortcut(bench, "run")


def opened(report, examples=()):
    shortcuts = SimpleNamespace(report=lambda run: report, examples=lambda run: examples)
    app = AppTest.from_function(page, kwargs={"bench": SimpleNamespace(shortcuts=shortcuts)}).run()
    assert not app.exception, app.exception
    return app


@pytest.mark.parametrize(
    ("verdict", "kind"), [("shortcut", "warning"), ("partly", "info"), ("none", "success"), ("unknown", "info")]
)
def test_each_verdict_is_told_as_plainly_as_it_deserves(verdict, kind):
    app = opened(report_of(verdict))
    (words,) = [element.value for element in getattr(app, kind)]
    assert words.startswith("**The background alone may be enough for")
    assert "Guessing would be right" in words
    assert ":red[" not in words.replace("\u2060", "")
    assert bool(app.get("plotly_chart")) == (verdict != "unknown")


def test_before_it_is_made_the_page_says_that_it_comes(helpers):
    assert "worked out in the background" in helpers.texts(opened(None))


def test_the_pictures_stand_whole_and_in_part_with_what_was_said_of_each(helpers):
    (gallery,) = helpers.parts(opened(report_of(), (example(),)), "gallery")
    assert gallery["pairs"]  # a picture and its part never stand in two rows
    whole, border = gallery["items"]
    assert (whole["tone"], border["tone"]) == ("right", "wrong")
    assert (whole["note"], border["note"]) == ("Whole picture", "Only the border")
    assert whole["title"] == f"{HOSTILE}, 90 %"
    assert whole["src"].startswith("data:image/webp;base64,")
    assert "the model says ant" in border["alt"]


def test_the_chart_draws_each_view_once_with_its_interval_and_guessing():
    chart = views_chart(report_of())
    (dots,) = chart["data"]
    assert dots["y"] == ["Only the border", "All but where it looked", "Only where it looked", "Whole picture"]
    assert dots["x"][-1] == 1.0
    assert dots["error_x"]["arrayminus"][-1] == pytest.approx(0.8)
    assert chart["layout"]["shapes"][0]["x0"] == 0.25


def test_the_table_names_the_classes_told_by_their_background():
    (row,) = class_rows(report_of())
    assert row == {
        "Class": HOSTILE,
        "Pictures": 9,
        "Whole picture": "100 %",
        "Only where it looked": "90 %",
        "All but where it looked": "–",
        "Only the border": "80 %",
        "Told by the background": "yes",
    }
