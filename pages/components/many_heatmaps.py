"""Heatmaps of several pictures of one's own at once, with the same class and the same method."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import HeatmapConfig
from clf_core.errors import HeatmapError, PictureError
from clf_core.results import Explanation, Seen
from pages.components.answers import by_class, explain_once, predict_once, seen_once, show_why_none
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.look import choose_look, gives_maps
from pages.components.panes import Pane, panes
from pages.components.pickers import PICTURE_TYPES, whole
from pages.components.said import headline
from pages.components.words import percent

MOST = 24
_OPACITY = 0.55
_OWN_ANSWER = ""


def show_many(bench: Workbench, model: str, look: HeatmapConfig) -> None:
    """Draw the drop zone and the heatmaps of what was dropped.

    Args:
        bench: the facade.
        model: which classifier.
        look: how the heatmaps are made.
    """
    dropped = st.file_uploader(
        "Pictures", PICTURE_TYPES, accept_multiple_files=True, key="explain_files", label_visibility="collapsed"
    )
    if not dropped:
        quiet(f"Up to {MOST} pictures at once; each is drawn under its heatmap.")
        return
    classes = [_OWN_ANSWER, *bench.explanation.classes(model)]
    target = st.selectbox(
        "Show the evidence for",
        classes,
        format_func=lambda name: plain(name, 80) or "what the model says of each",
        key=f"many_target_{model}",
    )
    if len(dropped) > MOST:
        quiet(f"The first {MOST} of {len(dropped):,} are shown.")
    _offer_looks(bench, model)
    shown: list[Pane] = []
    none: HeatmapError | None = None
    for place, file in enumerate(dropped[:MOST]):
        slot, data = f"many_{place}", whole(file)
        try:
            said = _said(bench, model, file.name, data, slot)
            explanation = explain_once(bench, model, file.name, data, slot=slot, target=target or None, look=look)
            shown.append(_pane(bench, file.name, explanation, said))
        except HeatmapError as error:
            none = error
            shown.append(_pane_alone(file.name, seen_once(bench, model, file.name, data, slot=slot), said))
        except PictureError as error:
            quiet(f"{md(file.name, 80)}: {md(error.why or error.what, 300)}")
    if none is not None:
        show_why_none(none)
    if shown:
        panes(shown, key="many", label="Your pictures" if none else "Heatmaps of your pictures", least=200)


def _offer_looks(bench: Workbench, model: str) -> None:
    """Method, layer and smoothing of all; nothing for a network without heatmaps."""
    if gives_maps(bench, model):
        with st.expander("Advanced", icon=":material/tune:"):
            choose_look(bench, model)


def _said(bench: Workbench, model: str, name: str, data: bytes, slot: str) -> str:
    """The answer in a few words, plain text."""
    prediction = predict_once(bench, model, name, data, slot=slot)
    sure = f", {percent(prediction.probability)} sure" if prediction.verdict == "answer" else ""
    return plain(headline(prediction), 80) + sure


def _pane(bench: Workbench, name: str, explanation: Explanation, said: str) -> Pane:
    evidence = f"evidence for {plain(explanation.target, 60)}"
    if not by_class(bench, explanation.method):
        evidence = "what stands out, whichever the class"
    elif explanation.empty:
        evidence = f"nothing speaks for {plain(explanation.target, 60)}"
    return Pane(
        bench.explanation.overlay(explanation, _OPACITY),
        f"{plain(name, 60)}: {said}; {evidence}",
        said,
        f"{plain(name, 60)} · {evidence}",
    )


def _pane_alone(name: str, seen: Seen, said: str) -> Pane:
    """A picture without a heatmap."""
    return Pane(seen.picture, f"{plain(name, 60)}: {said}", said, plain(name, 60))
