"""An answer of a model as people see it: very large, with its bars, its heatmap and its milliseconds."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import HeatmapConfig
from clf_core.errors import HeatmapError
from clf_core.results import Explanation, Prediction, Seen
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.panes import Legend, Pane, panes
from pages.components.parts import answer, lens
from pages.components.pickers import remembered
from pages.components.said import explanation as why_said
from pages.components.said import headline

HEATMAP_HEIGHT = 420
"""Kept free while the heatmap is computed, so that nothing jumps."""

_BESIDE_OPACITY = 0.6


USUAL = HeatmapConfig()
"""How a heatmap is made unless something else was asked for."""


def predict_once(bench: Workbench, model: str, name: str, data: bytes, *, slot: str) -> Prediction:
    """Return the answer for a picture; the last one of ``slot`` is kept between reruns."""
    identity = (model, bench.doubt.state_of(model), name, data)
    return remembered(f"{slot}_answer", identity, lambda: bench.prediction.predict(model, name, data))


def explain_once(
    bench: Workbench,
    model: str,
    name: str,
    data: bytes,
    *,
    slot: str,
    target: str | None = None,
    look: HeatmapConfig = USUAL,
) -> Explanation:
    """Return the heatmap for a picture; the last one of ``slot`` is kept between reruns."""
    return remembered(
        f"{slot}_map",
        (model, data, target, look),
        lambda: bench.explanation.explain(model, data, name=name, target=target, look=look),
    )


def seen_once(bench: Workbench, model: str, name: str, data: bytes, *, slot: str) -> Seen:
    """Return what the model saw and says, for networks without heatmaps; kept as that of ``explain_once``."""
    return remembered(f"{slot}_seen", (model, data), lambda: bench.explanation.seen(model, data, name=name))


def nothing_yet() -> None:
    """Draw the empty place of an answer, so that people see where it will come."""
    with st.container(border=True, height=260, horizontal_alignment="center", vertical_alignment="center"):
        st.markdown("## :gray[:material/image_search:]", text_alignment="center")
        quiet("The answer appears here: what it is, how sure, and where the model looked.", centred=True)


def explain_in_place(bench: Workbench, model: str, name: str, data: bytes, *, slot: str) -> None:
    """Compute the heatmap of the model's own answer and draw it; its place is kept while it is computed."""
    try:
        with st.skeleton(height=HEATMAP_HEIGHT):
            explanation = explain_once(bench, model, name, data, slot=slot)
    except HeatmapError as error:  # the answer above stands all the same
        show_why_none(error)
        return
    show_heatmap(bench, explanation, key=f"{slot}_lens")


def show_answer(prediction: Prediction, *, model: str, key: str) -> None:
    """Draw the answer very large, then the five most probable classes; none of these for a picture of something else,
    as their probabilities mean nothing there."""
    answer(
        headline(prediction),
        why_said(prediction, model),
        () if prediction.verdict == "unknown" else prediction.top,
        key=f"{key}_bars",
        took=f"Answered in {prediction.milliseconds:.0f} milliseconds on this machine",
    )


def show_heatmap(bench: Workbench, explanation: Explanation, *, key: str, beside: bool = False) -> None:
    """Draw the picture under its heatmap, or beside it, with the legend in plain words."""
    if beside:
        _show_beside(bench, explanation, key=f"{key}_beside")
    else:
        lens(explanation, bench.explanation.overlay(explanation, 1.0), bench.explanation.legend(), key=key)
    if explanation.empty:
        st.info(
            f"Nothing in this picture spoke for {md(explanation.target)}, so there is no heatmap to show.",
            icon=":material/info:",
        )
    elif not by_class(bench, explanation.method):
        quiet("Bright areas stand out to the network, whichever the class: this method does not ask for one.")
    else:
        quiet(
            f"Bright areas raised the score for **{md(explanation.target)}**; dark areas mattered little. "
            "It shows where the model looked, not whether it is right."
        )


def by_class(bench: Workbench, method: str) -> bool:
    """Whether the maps of a method differ from class to class."""
    return any(details.by_class for details in bench.explanation.method_details() if details.key == method)


def show_why_none(error: HeatmapError) -> None:
    """Draw, in the place of a heatmap, why there is none; the answer does not depend on it."""
    parts = [md(part.strip().rstrip("."), 400) for part in (error.what, error.why, error.remedy) if part]
    st.info(f"{'. '.join(parts)}. The answer does not depend on it.", icon=":material/info:")


def _show_beside(bench: Workbench, explanation: Explanation, *, key: str) -> None:
    legend = Legend(bench.explanation.legend(), "mattered little", "mattered most")
    shown = [
        Pane(explanation.picture, "The picture as the model saw it", "What the model saw"),
        Pane(
            bench.explanation.overlay(explanation, _BESIDE_OPACITY),
            f"The same picture; bright areas spoke for {explanation.target}",
            f"Evidence for {plain(explanation.target, 60)}",
            legend=legend,
        ),
    ]
    panes(shown, key=key, label="Picture and heatmap side by side", least=200)
