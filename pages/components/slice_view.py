"""The tab of slices: on which kinds of test pictures a run does worse."""

from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ConfigError
from clf_core.results import RunSummary
from clf_core.results.slices import Slice, SliceReport
from pages.components.curve_charts import CONFIG
from pages.components.escaping import md, plain, plotly_text
from pages.components.heading import quiet
from pages.components.palette import categorical, muted
from pages.components.problems import show_error, told_in_words
from pages.components.words import count, interval, percent

_MOST_DRAWN = 12
_TAKEN = "slices_taken"
_TABLE_MEGABYTES = 32  # what the core reads at most
_ROW_PIXELS = 34
_WORSE = "#d55e00"  # stands out from blue and from both backgrounds


def show_slices(bench: Workbench, run: RunSummary) -> None:
    """Say what stands out, then show every kind that was looked at; with the columns of a person's own table."""
    with told_in_words():
        _take_table(bench, run)
        report = bench.slices.of(run.id)
        _offer_table(bench, run, report)
        st.markdown(md(report.words, 2_000))
        if not report.slices:
            return
        st.plotly_chart(
            slice_chart(report), config=CONFIG, alt="Share right of each kind of pictures, with its 95 % interval"
        )
        st.dataframe(slice_table(report), hide_index=True, alt="Every kind of pictures that was looked at")
        _show_cautions(report)


def _uploader(run: RunSummary) -> str:
    """Key of the uploader; a new one once a table was taken, so that it is empty again."""
    return f"slices_{run.id}_{st.session_state.get(_TAKEN, 0)}"


def _take_table(bench: Workbench, run: RunSummary) -> None:
    """Keep the table that was given, before anything is drawn; or say what is wrong with it."""
    given = st.session_state.get(_uploader(run))
    if given is None:
        return
    try:
        bench.slices.keep(run.id, given.getvalue(), given.name)
    except ConfigError as error:
        show_error(error)
    else:
        st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1


def _offer_table(bench: Workbench, run: RunSummary, report: SliceReport) -> None:
    """The way to add a table, and what is known of the one that is kept."""
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Add a table of your own" if report.table is None else "Give another table"
        with st.popover(label, icon=":material/table_view:"):
            quiet(
                "A CSV file with one row for each picture: a column of their file names, and any others (camera, "
                "place, day). Each column is looked at like the rest. What it says of the test pictures is kept with "
                "this run until it is removed."
            )
            st.file_uploader(
                "Table",
                ["csv", "tsv"],
                key=_uploader(run),
                label_visibility="collapsed",
                max_upload_size=_TABLE_MEGABYTES,
            )
        if report.table is not None:
            told = " ".join(report.notices)
            st.markdown(f"With **{md(report.table, 80)}**. {md(told)}", width="content")
            if st.button("Remove it", type="tertiary", icon=":material/delete:", key=f"slices_forget_{run.id}"):
                bench.slices.forget(run.id)
                st.rerun()


def slice_chart(report: SliceReport) -> dict[str, Any]:
    """Return a figure: the share right of the worst kinds as dots with their intervals, the worst on top."""
    rows = list(reversed(report.slices[:_MOST_DRAWN]))
    colours = [_WORSE if found.clearly_worse else categorical()[0] for found in rows]
    words = [plotly_text(_title(found), 60) for found in rows]
    places = list(range(len(rows)))  # two kinds may read alike once they are shortened
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [low for found in rows for low in (found.low, found.high, None)],
                "y": [place for at in places for place in (at, at, None)],
                "line": {"width": 3, "color": muted()},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [found.accuracy for found in rows],
                "y": places,
                "text": [
                    f"{word}: {found.correct:,} of {found.count:,} right"
                    for word, found in zip(words, rows, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"size": 12, "color": colours},
            },
        ],
        "layout": {
            "height": 80 + _ROW_PIXELS * len(rows),
            "margin": {"l": 10, "r": 20, "t": 10, "b": 50},
            "xaxis": {"range": [0, 1.02], "tickformat": ".0%", "title": {"text": "Share right"}, "gridcolor": muted()},
            "yaxis": {
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
                "tickvals": places,
                "ticktext": words,
                "range": [-0.7, len(rows) - 0.3],
            },
            "showlegend": False,
        },
    }


def slice_table(report: SliceReport) -> list[dict[str, str | int]]:
    """Return one row per kind in words, the worst first."""
    return [
        {
            "What": plain(found.attribute),
            "Kind": plain(found.name),
            "Test pictures": found.count,
            "Right": percent(found.accuracy),
            "Expect": interval(found.low, found.high),
            "Others": percent(found.others),
            "Others, same classes": percent(found.expected),
            "Clearly worse": "yes" if found.clearly_worse else "",
        }
        for found in report.slices
    ]


def _title(found: Slice) -> str:
    return f"{found.attribute}: {found.name}"


def _show_cautions(report: SliceReport) -> None:
    left_out = ""
    if report.too_small:
        verb = "was" if report.too_small == 1 else "were"
        left_out = f" {count(report.too_small, 'kind')} of fewer than {report.least} pictures {verb} left out."
    quiet(
        "'Clearly worse' is said only where the gap to all other test pictures is more than chance with "
        f"{count(len(report.slices), 'kind')} looked at (Bonferroni). 'Others, same classes' is what the others reach "
        f"with the same mixture of classes.{left_out}"
    )
