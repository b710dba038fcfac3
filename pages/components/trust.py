"""How far a heatmap can be trusted: one line, and on demand what it rests on."""

import hashlib

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import Trust, TrustVerdict
from pages.components.answers import Look
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
_HEIGHT = 90
"""Kept free while it is worked out, so that nothing jumps."""

_SHUFFLED = ("the last layer", "the later half of the layers", "all layers")


def show_trust(bench: Workbench, model: str, name: str, data: bytes, target: str, look: Look) -> None:
    """Draw the line for one heatmap; it is worked out here, in a second or so.

    Args:
        bench: the facade.
        model: which classifier.
        name, data: the picture.
        target: the class the heatmap belongs to.
        look: how the heatmap is made.
    """
    slow = any(details.slow for details in bench.explanation.method_details() if details.key == look.method)
    identity = (model, hashlib.sha256(data).hexdigest(), target, look)
    if slow and st.session_state.get("explain_trust_asked") != identity:
        if st.button(
            "How far to trust this heatmap? With this method that takes minutes", icon=":material/fact_check:"
        ):
            st.session_state["explain_trust_asked"] = identity
            st.rerun()
        return
    with st.skeleton(height=_HEIGHT):
        trust = remembered(
            "explain_trust",
            identity,
            lambda: bench.explanation.trust(
                model, data, name=name, target=target, method=look.method, layer=look.layer, smooth=look.smooth
            ),
        )
    st.markdown(f"{_ICONS[trust.verdict]} {md(trust.words, 600)}")
    with st.popover("How far to trust this heatmap", icon=":material/fact_check:"):
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
            "**Shuffled.** How much the heatmap resembles that of the same network with its weights shuffled "
            "(rank correlation, 1 is the same map):"
        )
        named = zip(_SHUFFLED, trust.randomised, strict=False)
        st.markdown("\n".join(f"- {name}: {value:.2f}".replace("-0", "−0") for name, value in named))
        quiet("A map that shows what was learned is another one once that is gone (Adebayo et al. 2018).")
