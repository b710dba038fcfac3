"""How far a heatmap can be trusted: one line, and on demand what it rests on."""

import hashlib

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import HeatmapConfig
from clf_core.results import Trust, TrustVerdict
from pages.components.escaping import md
from pages.components.heading import quiet
from pages.components.pickers import remembered
from pages.components.words import percent

_ICONS: dict[TrustVerdict, str] = {
    "supported": ":material/verified:",
    "weak": ":material/help:",
    "contradicted": ":material/report:",
    "empty": ":material/help:",
}
_ASKED = "explain_trust_asked"
"""In the session: the heatmap for which minutes may be spent."""

_RANDOM = ("the last layer", "the later half of the layers", "all layers")


def show_trust(bench: Workbench, model: str, name: str, data: bytes, target: str, look: HeatmapConfig) -> None:
    """Draw the part beside one heatmap, closed at first: working it out takes seconds, so it waits to be asked for.

    Args:
        bench: the facade.
        model: which classifier.
        name, data: the picture.
        target: the class the heatmap belongs to.
        look: how the heatmap is made.
    """
    with st.expander(
        "How far to trust this heatmap", icon=":material/fact_check:", key="trust_part", on_change="rerun"
    ) as part:
        if part.open:
            _show(bench, model, name, data, target, look)


def _show(bench: Workbench, model: str, name: str, data: bytes, target: str, look: HeatmapConfig) -> None:
    identity = (model, hashlib.sha256(data).hexdigest(), target, look)
    slow = any(details.slow for details in bench.explanation.method_details() if details.key == look.method)
    if slow and st.session_state.get(_ASKED) != identity:
        quiet("With this method it takes minutes.")
        if st.button("Work it out", key="trust_start"):
            st.session_state[_ASKED] = identity
            st.rerun()
        return
    with st.spinner("Covering parts of the picture, and making the weights random", show_time=True):
        trust = remembered(
            "explain_trust",
            identity,
            lambda: bench.explanation.trust(model, data, name=name, target=target, look=look),
        )
    st.markdown(f"{_ICONS[trust.verdict]} {md(trust.words, 600)}")
    _details(trust)


def _details(trust: Trust) -> None:
    if trust.steps:
        st.markdown(
            f"**Covered up.** {md(trust.target, 60)} has {percent(trust.probability, 1)} in the whole picture. What is "
            "left when a share of it is blurred away, the brightest places first or the darkest first (ROAD):"
        )
        rows = [
            {
                "Covered": percent(step.share),
                "Brightest first": percent(step.brightest, 1),
                "Darkest first": percent(step.darkest, 1),
            }
            for step in trust.steps
        ]
        st.dataframe(rows, hide_index=True, alt="Probability after parts of the picture were covered")
        quiet("A heatmap that names what matters falls quickly at the left and slowly at the right.")
    if trust.randomised:
        st.markdown(
            "**Random weights.** How much the heatmap resembles that of the same network with random weights "
            "(rank correlation, 1 is the same map):"
        )
        named = zip(_RANDOM, trust.randomised, strict=False)
        st.markdown("\n".join(f"- {name}: {value:.2f}".replace("-0", "−0") for name, value in named))
        quiet("A map that shows what was learned is another one once that is gone (Adebayo et al. 2018).")
