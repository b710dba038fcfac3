"""What the verdict rests on: the classes one by one, the curves, and the figures a reader of the field asks for."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import StateError
from clf_core.results import CalibrationReport, EvaluationReport, RunSummary
from clf_core.results.figures import ClassFigures, Figures, Ratio
from pages.components.charts import MOST_ROWS, class_dots, class_rows, dot_chart
from pages.components.curve_charts import CONFIG
from pages.components.curve_view import show_curves
from pages.components.heading import quiet
from pages.components.problems import told_in_words
from pages.components.words import count, percent, times

_SHARES = {
    "recall": ("Recall", "Of the pictures of each class, how many were found (recall)."),
    "precision": ("Precision", "Of the pictures called each class, how many are of it (precision)."),
    "f1": ("F1", "Recall and precision in one: their harmonic mean (F1)."),
}


def figures_if_any(bench: Workbench, run: RunSummary) -> Figures | None:
    """Return the figures of a run; None for one of an earlier version, which kept no answers."""
    try:
        return bench.figures.of(run.id)
    except StateError:
        return None


def show_classes(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """Recall, precision and F1 of each class, each with its interval."""
    figures = figures_if_any(bench, run)
    classes = figures.classes if figures is not None else plain_scores(report)
    which = st.segmented_control(
        "What to draw",
        list(_SHARES),
        format_func=lambda key: _SHARES[key][0],
        default="recall",
        required=True,
        key="classes_share",
        label_visibility="collapsed",
    )
    name, meaning = _SHARES[str(which)]
    st.markdown(f"{meaning} The line is the range to expect on new pictures (95 % interval).")
    alt = f"{name} of each class with its 95 % interval"
    dots = class_dots(classes, str(which))
    st.plotly_chart(dot_chart(dots, name), config=CONFIG, alt=alt)
    if len(dots) > MOST_ROWS:
        quiet(f"Drawn are the {MOST_ROWS} lowest of {len(dots):,} classes; the table has all.")
    shares = {column: st.column_config.NumberColumn(format="%.1f %%") for column in ("Recall", "Precision", "F1")}
    st.dataframe(
        class_rows(classes), hide_index=True, column_config=shares, alt="Recall, precision and F1 of each class"
    )
    quiet(
        "An empty place means that there was nothing to count. Near copies count as one in the ranges."
        if figures is not None
        else "An empty place means that there was nothing to count."
    )


def plain_scores(report: EvaluationReport) -> tuple[ClassFigures, ...]:
    """What the report of an earlier version knows of each class."""
    said = [sum(column) for column in zip(*report.confusion_matrix, strict=True)]
    return tuple(
        ClassFigures(
            name=score.name,
            support=score.support,
            said=times,
            precision=Ratio(value=score.precision),
            recall=Ratio(value=score.recall, low=score.recall_low, high=score.recall_high),
            f1=Ratio(value=score.f1),
        )
        for score, times in zip(report.class_scores, said, strict=True)
    )


def show_curves_of(bench: Workbench, run: RunSummary) -> None:
    """The curves of one run. A fragment."""
    with told_in_words():
        show_curves(bench.figures.of(run.id).curves, key=f"curves_{run.id}")


def show_figures(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """The figures a reader of the field asks for."""
    figures = figures_if_any(bench, run)
    with st.container(horizontal=True):
        st.metric("Accuracy", percent(report.accuracy, 1), border=True, help=f"{report.correct} of {report.n}")
        spread = "" if figures is None else f" {_expected(figures.macro_f1)}"
        st.metric(
            "Macro F1",
            f"{report.macro_f1:.3f}",
            border=True,
            help=f"Mean F1 of all classes, each counting alike.{spread}",
        )
        st.metric(
            "NLL", f"{report.nll:.3f}", border=True, help="Mean negative log-likelihood in nats; smaller is better."
        )
        st.metric("Brier", f"{report.brier:.3f}", border=True, help="Squared distance to the truth, 0 to 2.")
        st.metric("ECE", f"{report.ece:.3f}", border=True, help=f"Expected calibration error, {report.ece_bins} bins.")
    if report.calibration is not None:
        _show_calibration(report.calibration)
    quiet(
        f"Measured once, on {count(report.n, 'test picture')} the model had never seen. Looked at "
        f"{times(report.looks)}: the more often one chooses by these figures, the less honest they become."
    )


def _expected(ratio: Ratio) -> str:
    return "" if ratio.low is None or ratio.high is None else f"Expect {ratio.low:.3f} to {ratio.high:.3f}."


def _show_calibration(calibration: CalibrationReport) -> None:
    if not calibration.fitted_on:
        quiet("Its certainty is as the network gives it: there were too few validation pictures to correct it by.")
        return
    st.markdown(
        f"Its certainty was corrected by one number, the temperature {calibration.temperature:.2f}, fitted on "
        f"{count(calibration.fitted_on, 'validation picture')}; no test picture was used. What it names did not change."
    )
    pairs: Sequence[tuple[str, Any]] = (("Before", calibration.before), ("After", calibration.after))
    rows = [
        {"": when, "NLL": f"{scores.nll:.4f}", "Brier": f"{scores.brier:.4f}", "ECE": f"{scores.ece:.4f}"}
        for when, scores in pairs
    ]
    st.dataframe(rows, hide_index=True, alt="NLL, Brier score and ECE before and after temperature scaling")
    quiet(f"All on the test pictures. ECE with {calibration.bins} bins of equal width.")
