"""The tab of curves: how well each class is told from the others, and how far the certainty can be believed."""

import streamlit as st

from clf_core.results.curves import Curves, CurveSet
from pages.components.curve_charts import (
    CONFIG,
    MOST_DRAWN,
    answered_chart,
    precision_recall_chart,
    reliability_chart,
    roc_chart,
)
from pages.components.escaping import plain
from pages.components.heading import quiet
from pages.components.words import count, interval, percent

_FIRST_DRAWN = 3
_NO_CURVE = "A curve needs test pictures of a class and of others; there are none of both kinds for any class."


def show_curves(curves: Curves, *, key: str = "curves") -> None:
    """Draw all curves of one run.

    Args:
        curves: of its test pictures.
        key: prefix of the widgets' keys; with the run's identifier, so that a choice stays with its run.
    """
    _show_top_k(curves)
    chosen = _chosen_classes(curves, key)
    left, right = st.columns(2, gap="large")
    with left:
        _show_roc(curves.roc, chosen)
    with right:
        _show_precision_recall(curves.precision_recall, chosen)
    left, right = st.columns(2, gap="large")  # a row of its own: the legends above differ in height
    with left:
        _show_reliability(curves)
    with right:
        _show_answered(curves)
    with st.expander("Areas of every class"):
        st.dataframe(area_table(curves), hide_index=True, alt="Areas under both curves of every class")


def area_table(curves: Curves) -> list[dict[str, str | int]]:
    """Return one row per class with its areas, in class order."""
    precision = {curve.name: curve for curve in curves.precision_recall.classes}
    return [
        {
            "Class": plain(curve.name),
            "Test pictures": curve.positives,
            "ROC area": f"{curve.area:.3f}",
            "Average precision": f"{precision[curve.name].area:.3f}",
        }
        for curve in curves.roc.classes
    ]


def weakest_classes(curves: CurveSet, number: int) -> list[str]:
    """Return the names of the classes with the smallest areas, the smallest first."""
    return [curve.name for curve in sorted(curves.classes, key=lambda curve: curve.area)[:number]]


def _show_top_k(curves: Curves) -> None:
    if not curves.top_k:
        return
    with st.container(horizontal=True):
        for top in curves.top_k:
            label = "Right at once" if top.k == 1 else f"Among the best {top.k}"
            st.metric(
                label,
                percent(top.share, 1),
                border=True,
                help=f"The right class is among the {count(top.k, 'most probable class', 'most probable classes')} "
                f"(top-{top.k} accuracy). On new pictures like these expect {interval(top.low, top.high)}.",
            )


def _chosen_classes(curves: Curves, key: str) -> list[str]:
    names = [curve.name for curve in curves.precision_recall.classes]
    if len(names) < 2:
        return []
    return st.multiselect(
        "Classes drawn beside the mean of all",
        names,
        default=weakest_classes(curves.precision_recall, _FIRST_DRAWN),
        format_func=lambda name: plain(name, 60),
        max_selections=MOST_DRAWN,
        key=f"{key}_classes",
        help="At first the weakest ones.",
    )


def _show_roc(curves: CurveSet, chosen: list[str]) -> None:
    st.markdown("**Is it ranked above the others?** (ROC)")
    if curves.mean is None:
        quiet(_NO_CURVE)
        return
    quiet(
        f"The area is the chance that a picture of a class gets a higher score for it than one of another class: "
        f"{curves.mean.area:.3f} on average; 0.5 is guessing, 1 is perfect."
    )
    st.plotly_chart(
        roc_chart(curves, chosen), config=CONFIG, alt=f"ROC curves; the mean area is {curves.mean.area:.3f}"
    )


def _show_precision_recall(curves: CurveSet, chosen: list[str]) -> None:
    st.markdown("**How much of what it finds is right?** (precision and recall)")
    if curves.mean is None:
        quiet(_NO_CURVE)
        return
    quiet(
        f"Finding more of a class brings in more of the others. The area (average precision) is {curves.mean.area:.3f} "
        "on average; guessing gives the share of the class."
    )
    st.plotly_chart(
        precision_recall_chart(curves, chosen),
        config=CONFIG,
        alt=f"Precision-recall curves; the mean area is {curves.mean.area:.3f}",
    )


def _show_reliability(curves: Curves) -> None:
    st.markdown("**Is it as sure as it should be?** (reliability)")
    quiet(
        f"Answers sorted by how sure they are, in {curves.bins} bins. On the diagonal, 80 % sure means right 8 times "
        "of 10; below it, the model is too sure of itself."
    )
    st.plotly_chart(
        reliability_chart(curves.reliability, curves.raw_reliability),
        config=CONFIG,
        alt="How often answers are right, over how sure they are",
    )


def _show_answered(curves: Curves) -> None:
    st.markdown("**What if only the surest were answered?** (risk and coverage)")
    half = next(
        (right for share, right in zip(curves.answered.answered, curves.answered.right, strict=True) if share >= 0.5),
        None,
    )
    quiet(
        "Leaving out the least sure answers makes the others more often right"
        + (f": of the surest half, {percent(half)} are." if half is not None else ".")
    )
    st.plotly_chart(
        answered_chart(curves.answered), config=CONFIG, alt="How often the surest answers are right, over their share"
    )
