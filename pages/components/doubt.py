"""The tab 'Not sure' of Evaluate: how much the classifier answers, how often rightly, and what it does not know."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import RunSummary
from clf_core.results.doubt import AlarmReport, DoubtReport, OperatingPoint, Selected, SetReport
from pages.components.costs import show_costs
from pages.components.heading import quiet, section
from pages.components.palette import categorical, muted
from pages.components.problems import told_in_words
from pages.components.words import count, interval, percent

_CHART_HEIGHT = 340
_NOT_PROMISED = (
    "That share is measured. How many pictures of something else are noticed is not, as it depends on what they show: "
    "quite different things nearly always, a close relative of a class hardly ever."
)
_ROOM = 0.01
"""Of the axis, below what is drawn."""


def show_doubt(bench: Workbench, run: RunSummary) -> None:
    """Draw the tab; moving the slider redraws this part of the page only."""
    st.fragment(_show)(bench, run)


def _show(bench: Workbench, run: RunSummary) -> None:
    with told_in_words():
        report = bench.doubt.report(run.id)
        section(in_words(report))
        quiet(" ".join(_details(report)))
        _choose(bench, run, report)
        section("Pictures of something else")
        st.markdown(alarm_words(report.alarms))
        section("What mistakes cost", "Where one mistake hurts more than another, the classifier can be told.")
        show_costs(bench, run, report)
        if report.sets:
            with st.expander("Advanced: sets of classes", icon=":material/data_array:"):
                _show_sets(report.sets)


def in_words(report: DoubtReport) -> str:
    """Return the headline, Markdown: how much is answered, and how often rightly, on the test pictures if there are."""
    seen = report.test or report.chosen.val
    if seen.accuracy is None:
        return "Answers none of these pictures."
    return f"Answers {percent(seen.coverage)} of pictures and is right on {percent(seen.accuracy)} of those."


def _details(report: DoubtReport) -> list[str]:
    """Counts and intervals under the headline, sentence by sentence."""
    if report.test is None:
        told = ["Counted on the validation pictures it was chosen on, so it flatters; there are no test pictures."]
    else:
        told = [
            f"Of {count(report.test.total, 'test picture')} it answered {report.test.answered:,}"
            f"{_range(report.test.answered_low, report.test.answered_high)}, {report.test.right:,} of them "
            f"rightly{_range(report.test.right_low, report.test.right_high)}. "
            "The ranges are what to expect on new pictures."
        ]
    if report.answers_from is not None and report.chosen.val.answered < report.chosen.val.total:
        told.append(f"Below {percent(report.answers_from)} it says 'not sure' and names the classes it may be.")
    told.append("The Predict page and the terminal go by it, too.")
    return told


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({interval(low, high)})"


def _choose(bench: Workbench, run: RunSummary, report: DoubtReport) -> None:
    """Draw the slider over what could be answered. What it shows while it moves are validation pictures only."""
    chosen = report.chosen
    if len(report.points) > 1:
        points = {point.val.answered: point for point in report.points}
        answered = st.select_slider(
            "How many pictures it shall answer",
            list(points),
            value=chosen.val.answered,
            format_func=lambda number: percent(number / chosen.val.total),
            key=f"doubt_{run.id}_{report.settings.changes}",
            help="Fewer answers are surer answers. It is chosen on the validation pictures; only what is put to use is "
            "counted on the test pictures, so that these stay honest.",
        )
        chosen = points[answered]
    st.markdown(f"On {count(chosen.val.total, 'validation picture')}: {_selected_words(chosen.val)}")
    with st.container(horizontal=True):
        if st.button(
            "Put to use",
            disabled=chosen.val.answered == report.chosen.val.answered,
            help="Move the slider first." if chosen.val.answered == report.chosen.val.answered else None,
            icon=":material/check:",
            key=f"doubt_use_{run.id}",
        ):
            bench.doubt.answer(run.id, chosen.val.coverage)
            st.rerun()
        if report.settings.answered is not None and st.button(
            f"Back to the recommended {percent(report.recommended.val.coverage)}",
            icon=":material/undo:",
            key=f"doubt_back_{run.id}",
        ):
            bench.doubt.answer(run.id, None)
            st.rerun()
    if report.settings.changes > 1:
        quiet(f"Changed {count(report.settings.changes, 'time')}: each look at the test pictures makes them less new.")
    if len(report.points) > 1:
        st.plotly_chart(
            chart(report, chosen),
            config={"displayModeBar": False},
            alt="Share of answers that are right against the share of pictures answered",
        )


def _selected_words(seen: Selected) -> str:
    if seen.accuracy is None:
        return "none answered."
    return (
        f"**{seen.answered:,} answered, {seen.right:,} of them rightly** ({percent(seen.accuracy, 1)}), "
        f"{seen.total - seen.answered:,} left as 'not sure'."
    )


def chart(report: DoubtReport, chosen: OperatingPoint) -> dict[str, Any]:
    """Return a Plotly figure: how often the answers are right against how much is answered."""
    colours = categorical()
    points = [point for point in report.points if point.val.accuracy is not None]
    marked = [
        ("Recommended", report.recommended.val, colours[2], "diamond"),
        ("Here", chosen.val, colours[0], "circle"),
    ]
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Validation pictures",
            "x": [point.val.coverage for point in points],
            "y": [point.val.accuracy for point in points],
            "line": {"color": colours[0], "width": 3},
            "hovertemplate": "answers %{x:.0%}, right on %{y:.1%}<extra></extra>",
        }
    ]
    shown = [point.val.accuracy or 0.0 for point in points]
    if report.test is not None and report.test.accuracy is not None:
        shown.append(report.test.right_low or 0.0)
        marked.append(("Test pictures", report.test, colours[5 % len(colours)], "square"))
    for name, seen, colour, symbol in marked:
        data.append(_mark(name, seen, colour, symbol))
    for trace in data:
        trace["cliponaxis"] = False  # what lies on the edge, as all right, would be cut in half
    return {
        "data": data,
        "layout": {
            "height": _CHART_HEIGHT,
            "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
            "xaxis": {"range": [0, 1.04], "tickformat": ".0%", "title": {"text": "Answered"}, "gridcolor": muted()},
            "yaxis": {
                "range": [max(0.0, min(shown, default=0.0) - _ROOM), 1],
                "tickformat": ".0%",
                "title": {"text": "Right, of the answered"},
                "automargin": True,
            },
            "legend": {"orientation": "h", "y": -0.3, "yanchor": "top"},  # below: on a narrow screen it takes two lines
        },
    }


def _mark(name: str, seen: Selected, colour: str, symbol: str) -> dict[str, Any]:
    accuracy = seen.accuracy or 0.0
    mark: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [seen.coverage],
        "y": [accuracy],
        # The recommended point is larger, to be seen behind another that lies on it.
        "marker": {"size": 19 if name == "Recommended" else 13, "color": colour, "symbol": symbol},
        "hovertemplate": f"{name}: answers %{{x:.0%}}, right on %{{y:.1%}}<extra></extra>",
    }
    if name == "Test pictures" and seen.right_low is not None and seen.right_high is not None:
        mark["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [seen.right_high - accuracy],
            "arrayminus": [accuracy - seen.right_low],
            "color": colour,
        }
    return mark


def alarm_words(alarms: AlarmReport | None) -> str:
    """Return what is known of pictures that look like nothing it has learned from, Markdown."""
    if alarms is None:
        return (
            "A classifier names one of its classes whatever it is shown. What tells a picture of something else is "
            "being worked out in the background; until then such pictures are not refused."
        )
    if alarms.distance is None:
        return (
            f"With {count(alarms.val, 'validation picture')} there is nothing to tell by how unlike the training "
            "pictures a known picture may be, so pictures of something else are not refused. Add pictures and train "
            "again."
        )
    told = (
        f"A picture that is less like the training pictures than nearly all known ones is not given a class. "
        f"Known pictures taken for something else: {alarms.val_alarms:,} of "
        f"{count(alarms.val, 'validation picture')}, chosen to be at most {percent(alarms.promised)}"
    )
    if not alarms.test:
        return f"{told}. {_NOT_PROMISED}"
    share = percent(alarms.test_alarms / alarms.test, 1)
    expected = _range(alarms.test_low, alarms.test_high)
    tested = f"**{alarms.test_alarms:,} of {count(alarms.test, 'test picture')}**, {share}{expected}"
    return f"{told}; and {tested}. {_NOT_PROMISED}"


def _show_sets(sets: Sequence[SetReport]) -> None:
    st.markdown(
        "Instead of one class a set of classes can be named, so large that it holds the right one as often as promised."
    )
    st.dataframe(
        [
            {
                "Promised": percent(report.level),
                "Held the right class": f"{percent(report.held / report.total, 1)}"
                f"{_range(report.held_low, report.held_high)}",
                "Classes in a set": f"{report.mean_size:.2f}",
                "Sets of one class": percent(report.single / report.total),
                "Note": "" if report.possible else "Too few validation pictures: sets hold all classes",
            }
            for report in sets
        ],
        hide_index=True,
        alt="How large sets of classes are, and how often they hold the right one",
    )
    quiet(
        "Conformal prediction (Angelopoulos and Bates 2023). Chosen on the validation pictures, counted on the test "
        "pictures. The promise holds for all classes together, not for each."
    )
