"""How heatmaps are made: method, layer and smoothing, each with a sentence of help."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import HeatmapConfig
from clf_core.errors import HeatmapError
from pages.components.answers import USUAL
from pages.components.escaping import md, plain
from pages.components.heading import quiet

_METHOD, _SMOOTH = "explain_method", "explain_smooth"


def chosen_look(bench: Workbench, model: str) -> HeatmapConfig:
    """Return what was chosen below, before it is drawn; what the model or the method cannot do is as usual."""
    method = st.session_state.get(_METHOD, USUAL.method)
    smooth = st.session_state.get(_SMOOTH, USUAL.smooth)
    if smooth not in _smoothings(bench, method):
        smooth = USUAL.smooth
    layer = st.session_state.get(_layer_key(model), USUAL.layer)
    return HeatmapConfig(method=method, layer=layer, smooth=smooth)


def gives_maps(bench: Workbench, model: str) -> bool:
    """Whether the network gives heatmaps at all, though perhaps not with the look that is chosen."""
    try:
        return bool(bench.explanation.layers(model))
    except HeatmapError:
        return False


def choose_look(bench: Workbench, model: str) -> None:
    """Draw the choices.

    Args:
        bench: the facade.
        model: which classifier.
    """
    methods = {details.key: details for details in bench.explanation.method_details()}
    method = st.selectbox(
        "Method",
        list(methods),
        format_func=lambda key: methods[key].title,
        key=_METHOD,
        help="Ways to find where the evidence lies. They differ most where the evidence is weak.",
    )
    quiet(f"{md(methods[method].note, 300)} {md(methods[method].source)}.")
    layers = {layer.name: layer for layer in bench.explanation.layers(model)}
    deepest = next(iter(layers))
    if len(layers) > 1:
        names = [USUAL.layer, *(name for name in layers if name != deepest)]
        st.selectbox(
            "Layer it is read from",
            names,
            format_func=lambda name: plain(layers[name or deepest].title, 80) + ("" if name else ", the usual one"),
            key=_layer_key(model),
            help="Deep layers know what a thing is, but only roughly where; earlier ones the reverse.",
        )
    smoothings = _smoothings(bench, method)
    if st.session_state.get(_SMOOTH) not in smoothings:  # the method chosen before had more of them
        st.session_state.pop(_SMOOTH, None)
    st.selectbox(
        "Smoothing",
        list(smoothings),
        format_func=smoothings.__getitem__,
        key=_SMOOTH,
        help="Quietens what comes and goes with small changes of the picture.",
    )
    quiet(f"Evidence is read from the layer {md(chosen_look(bench, model).layer or deepest)}.")


def _smoothings(bench: Workbench, method: str) -> dict[str, str]:
    """The smoothings that go with a method."""
    known = bench.explanation.smoothings()
    if any(details.smooths for details in bench.explanation.method_details() if details.key == method):
        return known
    return {key: words for key, words in known.items() if key not in ("eigen", "both")}


def _layer_key(model: str) -> str:
    return f"explain_layer_{model}"
