"""Ask a model about new pictures: one with its heatmap, or many as a table."""

import time
from typing import BinaryIO

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import BatchReport
from pages.components.answers import explain_in_place, nothing_yet, predict_once, show_answer
from pages.components.escaping import plain
from pages.components.foreign import follow_foreign
from pages.components.heading import head, quiet, title
from pages.components.pickers import choose_model, picture_input, remembered, whole
from pages.components.said import row_words
from pages.components.words import count
from pages.components.workbench import workbench

_SECONDS_BETWEEN_WORDS = 0.2


def show_one(bench: Workbench, model: str, name: str, file: BinaryIO) -> None:
    """The answer very large, then where it looked; nothing of that where no class is given."""
    data = whole(file)
    prediction = predict_once(bench, model, name, data, slot="predict")
    show_answer(prediction, model=model, key="predict")
    if prediction.verdict == "unknown":
        quiet("Shall it know such pictures? Give them a class of their own in the dataset, and train again.")
        return
    explain_in_place(bench, model, name, data, slot="predict")


def show_many(bench: Workbench, model: str, files: list[tuple[str, BinaryIO]]) -> None:
    """A table with every file accounted for, and the same as CSV."""
    identity = (
        model,
        bench.doubt.state_of(model),
        tuple((name, getattr(file, "file_id", name)) for name, file in files),
    )
    report = remembered("predict_batch", identity, lambda: predict_all(bench, model, files))
    if not report.rows:
        st.info("There is no picture in it.", icon=":material/info:")
        return
    left_open = report.unsure + report.unknown
    st.header(count(report.predicted - left_open, "picture") + " answered", anchor=False)
    told = [f"{report.images_per_second:,.0f} pictures per second"] if report.predicted else []
    told += [f"{report.unsure:,} not sure"] if report.unsure else []
    told += [f"{report.unknown:,} like none of its classes"] if report.unknown else []
    told += [count(report.skipped_count, "file") + " skipped"] if report.skipped_count else []
    told += [count(report.ignored_count, "system file") + " left aside"] if report.ignored_count else []
    st.markdown(" · ".join(told))
    st.dataframe(
        table(report),
        hide_index=True,
        alt="Answer for each file",
        column_config={
            "File": st.column_config.TextColumn(width=130),  # long names must not push the answers out of sight
            "Answer": st.column_config.TextColumn(width=140),
            "Sure": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, width=110),
        },
    )
    st.download_button(
        "Download as CSV",
        data=lambda: bench.prediction.csv(report),
        file_name="predictions.csv",
        mime="text/csv",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


def predict_all(bench: Workbench, model: str, files: list[tuple[str, BinaryIO]]) -> BatchReport:
    """Ask about every file, with a bar that says how far it is."""
    bar = st.progress(0.0, "Looking at the pictures")
    shown = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal shown
        if (now := time.monotonic()) - shown >= _SECONDS_BETWEEN_WORDS:
            shown = now
            bar.progress(done / total, f"Looking at the pictures: {done:,} of {total:,}")

    try:
        return bench.prediction.predict_uploads(model, files, progress=tell)
    finally:
        bar.empty()


def table(report: BatchReport) -> list[dict[str, str | float | None]]:
    """One row per file."""
    return [
        {
            "File": plain(row.name),
            "Answer": row_words(row),
            "Sure": None if row.probability is None or row.verdict == "unknown" else 100 * row.probability,
            "Note": "" if row.status == "ok" else f"Skipped: {plain(row.reason)}",
        }
        for row in report.rows
    ]


bench = workbench()
heading, choice = head()
title("What is in your picture?", heading)
with choice:
    model = choose_model(bench)
left, right = st.columns(2, gap="large")
with left:
    given = picture_input("predict", many=True)
    follow_foreign(bench, model)
with right:
    if not given:
        nothing_yet()
    elif len(given) == 1 and not given[0][0].lower().endswith(".zip"):
        show_one(bench, model, *given[0])
if given and (len(given) > 1 or given[0][0].lower().endswith(".zip")):
    show_many(bench, model, given)
