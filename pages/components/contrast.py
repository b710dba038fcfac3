"""Why one class and not another: the evidence for each, and what sets them apart, side by side."""

import hashlib
from collections.abc import Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import HeatmapConfig
from clf_core.results import Contrast
from pages.components.answers import USUAL, by_class
from pages.components.escaping import md, plain
from pages.components.heading import quiet, section
from pages.components.panes import Legend, Pane, panes
from pages.components.pickers import remembered
from pages.components.problems import told_in_words
from pages.components.words import percent

_OPACITY = 0.65


def show_contrast(
    bench: Workbench, model: str, name: str, data: bytes, classes: Sequence[str], look: HeatmapConfig
) -> None:
    """Draw the part of the page for one picture.

    Args:
        bench: the facade.
        model: which classifier.
        name, data: the picture.
        classes: all it knows, the most probable first.
        look: how the maps are made.
    """
    if len(classes) < 2:
        return
    section(
        "Why this and not that?",
        "The same picture twice: what raised the score of the one class, and what raised that of the other. "
        "The third picture takes one from the other.",
    )
    st.fragment(_show)(bench, model, name, data, classes, look)


def _show(bench: Workbench, model: str, name: str, data: bytes, classes: Sequence[str], look: HeatmapConfig) -> None:
    with told_in_words():
        digest = hashlib.sha256(data).hexdigest()
        first, second = _choose(classes, key=f"contrast_{model}_{digest[:16]}")
        if first == second:
            quiet("Choose two different classes.")
            return
        usable = by_class(bench, look.method)
        if not usable:
            quiet("The method chosen under Advanced draws the same map for every class, so Grad-CAM is used here.")
        used = HeatmapConfig(method=look.method if usable else USUAL.method, layer=look.layer)
        contrast = remembered(
            "explain_contrast",
            (model, digest, first, second, used),
            lambda: bench.explanation.contrast(model, data, first, second, name=name, look=used),
        )
        st.markdown(md(contrast.words, 600))
        panes(_panes(bench, contrast), key="contrast", label=f"Why {plain(first, 60)} and not {plain(second, 60)}")


def _choose(classes: Sequence[str], *, key: str) -> tuple[str, str]:
    left, right = st.columns(2)
    options = {"options": list(classes), "format_func": lambda name: plain(name, 80)}
    first = left.selectbox("Why", **options, index=0, key=f"{key}_first")
    second = right.selectbox("and not", **options, index=1, key=f"{key}_second")
    return str(first), str(second)


def _panes(bench: Workbench, contrast: Contrast) -> list[Pane]:
    scale = Legend(bench.explanation.legend(), "mattered little", "mattered most")
    apart = Legend(
        bench.explanation.difference_legend(),
        f"for {plain(contrast.second, 30)}",
        f"for {plain(contrast.first, 30)}",
    )
    heats = (
        (contrast.first, contrast.first_probability, contrast.first_heatmap),
        (contrast.second, contrast.second_probability, contrast.second_heatmap),
    )
    drawn = [
        Pane(
            bench.explanation.overlay_map(contrast.picture, heatmap, _OPACITY),
            f"Bright where the picture speaks for {plain(name)}",
            f"Evidence for {plain(name, 60)}",
            f"{percent(probability, 1)} in this picture",
            scale,
        )
        for name, probability, heatmap in heats
    ]
    drawn.append(
        Pane(
            bench.explanation.overlay_difference(contrast, _OPACITY),
            f"Where the picture speaks more for {plain(contrast.first, 60)} than for {plain(contrast.second, 60)}",
            "What sets them apart",
            "One less the other, evidence against a class included",
            apart,
        )
    )
    return drawn
