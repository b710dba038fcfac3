"""An answer of a model as people see it: very large, with its bars, its heatmap and its milliseconds."""

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.results import Explanation, Prediction
from pages.components.escaping import md
from pages.components.heading import quiet
from pages.components.parts import answer, lens
from pages.components.pickers import remembered
from pages.components.words import percent

HEATMAP_HEIGHT = 420
"""Kept free while the heatmap is computed, so that nothing jumps."""


def predict_once(bench: Workbench, model: str, name: str, data: bytes, *, slot: str) -> Prediction:
    """Return the answer for a picture; the last one of ``slot`` is kept between reruns."""
    return remembered(f"{slot}_answer", (model, name, data), lambda: bench.prediction.predict(model, name, data))


def explain_once(
    bench: Workbench,
    model: str,
    name: str,
    data: bytes,
    *,
    slot: str,
    target: str | None = None,
    method: str = "gradcam",
) -> Explanation:
    """Return the heatmap for a picture; the last one of ``slot`` is kept between reruns."""
    return remembered(
        f"{slot}_map",
        (model, data, target, method),
        lambda: bench.explanation.explain(model, data, name=name, target=target, method=method),
    )


def nothing_yet() -> None:
    """Draw the empty place of an answer, so that people see where it will come."""
    with st.container(border=True, height=260, horizontal_alignment="center", vertical_alignment="center"):
        st.markdown("## :gray[:material/image_search:]", text_alignment="center")
        quiet("The answer appears here: what it is, how sure, and where the model looked.", centred=True)


def explain_in_place(bench: Workbench, model: str, name: str, data: bytes, *, slot: str) -> None:
    """Compute the heatmap of the model's own answer and draw it; its place is kept while it is computed."""
    with st.skeleton(height=HEATMAP_HEIGHT):
        explanation = explain_once(bench, model, name, data, slot=slot)
    show_heatmap(bench, explanation, key=f"{slot}_lens")


def show_answer(prediction: Prediction, *, model: str, key: str) -> None:
    """Draw the label very large, then the five most probable classes."""
    sure = "Sure" if prediction.probability >= 0.9 else "Fairly sure" if prediction.probability >= 0.6 else "Not sure"
    known = "among 1,000 everyday things" if model == STARTER else "among the classes it learned"
    answer(
        prediction.label,
        f"{sure}: {percent(prediction.probability)} {known}",
        prediction.top,
        key=f"{key}_bars",
        took=f"Answered in {prediction.milliseconds:.0f} milliseconds on this machine",
    )


def show_heatmap(bench: Workbench, explanation: Explanation, *, key: str) -> None:
    """Draw the picture under its heatmap with the legend in plain words."""
    heat = bench.explanation.overlay(explanation, 1.0)
    lens(explanation, heat, bench.explanation.legend(), key=key)
    if explanation.empty:
        st.info(
            f"Nothing in this picture spoke for {md(explanation.target)}, so there is no heatmap to show.",
            icon=":material/info:",
        )
    else:
        quiet(
            f"Bright areas raised the score for **{md(explanation.target)}**; dark areas mattered little. "
            "It shows where the model looked, not whether it is right."
        )
