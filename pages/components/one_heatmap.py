"""One picture explained: its heatmap large, the answer and any class beside it, and what the answer rests on."""

import hashlib

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.config import HeatmapConfig
from clf_core.errors import HeatmapError
from clf_core.results import Explanation, Prediction, Seen
from pages.components.answers import explain_once, predict_once, seen_once, show_heatmap, show_why_none
from pages.components.contrast import show_contrast
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.insights import begin_insights
from pages.components.layer_view import show_layers
from pages.components.look import choose_look, chosen_look, gives_maps
from pages.components.nearest import show_nearest
from pages.components.parts import answer
from pages.components.said import explanation as said
from pages.components.said import headline
from pages.components.trust import show_trust
from pages.components.words import percent

_OVERLAY, _BESIDE = "Overlay", "Side by side"


def show_one(bench: Workbench, model: str, name: str, data: bytes) -> None:
    """Lens at the left, answer and chips at the right, under them what the answer rests on.

    Where no heatmap can be made the picture and a message stand in its place; all that needs none is there.

    Args:
        bench: the facade.
        model: which classifier.
        name: the SHA-256 of a stored picture, or the file name of one's own.
        data: the picture.
    """
    key = f"target_{model}_{hashlib.sha256(data).hexdigest()[:16]}"
    look = chosen_look(bench, model)
    seen, trouble = _looked_at(bench, model, name, data, key, look)
    mapped = trouble is None or gives_maps(bench, model)
    classes = bench.explanation.classes(model)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if isinstance(seen, Explanation):
            _show_map(bench, seen, look)
            show_trust(bench, model, name, data, seen.target, look)
        elif trouble is not None:
            st.image(seen.picture, width="stretch", alt="The picture as the model saw it")
            show_why_none(trouble)
    with right:
        prediction = predict_once(bench, model, name, data, slot="explain")
        strange = prediction.verdict == "unknown"
        sure = _how_sure(bench, model, name, prediction)
        answer(headline(prediction), sure, () if strange else seen.top, key="explain_bars")
        if isinstance(seen, Explanation):
            _choose_class(seen, classes, key=key)
        if mapped:
            with st.expander("Advanced", icon=":material/tune:"):
                choose_look(bench, model)
        if "picture" in st.query_params and st.button("Another picture", icon=":material/photo_library:"):
            del st.query_params["picture"]
            st.rerun()
    if mapped:
        show_contrast(bench, model, name, data, likely_first(seen, classes), look)
    insights = None if model == STARTER else begin_insights(bench, model)
    if insights is not None:
        show_nearest(bench, model, name, data, insights, strange=strange)
    show_layers(bench, model, name, data)


def likely_first(seen: Seen, classes: tuple[str, ...]) -> list[str]:
    """All classes, those the model thinks most likely first."""
    return list(dict.fromkeys([*(item.name for item in seen.top), *classes]))


def _looked_at(
    bench: Workbench, model: str, name: str, data: bytes, key: str, look: HeatmapConfig
) -> tuple[Seen, HeatmapError | None]:
    """The heatmap for the class asked for; without one, what the model saw and says, and why there is none."""
    target = st.session_state.get(f"{key}_other") or st.session_state.get(key)
    try:
        with st.spinner("Drawing the heatmap", show_time=True):
            return explain_once(bench, model, name, data, slot="explain", target=target, look=look), None
    except HeatmapError as error:
        return seen_once(bench, model, name, data, slot="explain"), error


def _show_map(bench: Workbench, explanation: Explanation, look: HeatmapConfig) -> None:
    beside = st.segmented_control("Heatmap", [_OVERLAY, _BESIDE], default=_OVERLAY, required=True, key="explain_view")
    show_heatmap(bench, explanation, key="explain_lens", beside=beside == _BESIDE)
    if explanation.empty and look.method == "gradcam":
        quiet("Grad-CAM takes the mean over all places. Another method, under Advanced, looks place by place.")


def _how_sure(bench: Workbench, model: str, name: str, prediction: Prediction) -> str:
    """The line under the answer, plain text; for a test picture with what it is, and whether that is right."""
    tested = None
    if model != STARTER and st.query_params.get("picture") == name:
        tested = bench.evaluation.tested_picture(model, name)
    true = "" if tested is None else plain(tested.true, 60)
    if prediction.verdict != "answer":
        return said(prediction, model) + (f" It is {true}." if true else "")
    sure = f"{percent(prediction.probability)} sure"
    if tested is None:
        return sure
    return f"{sure}, and right" if tested.true == prediction.label else f"{sure}, but it is {true}"


def _choose_class(explanation: Explanation, classes: tuple[str, ...], *, key: str) -> None:
    """Any class to be asked about: the likely ones as chips, the others in a list."""
    shares = {item.name: item.probability for item in explanation.top}
    other = f"{key}_other"
    chips = {} if st.session_state.get(other) else {"default": explanation.target}
    st.pills(
        "Show the evidence for",
        list(shares),
        format_func=lambda label: f"{md(label, 40)} {percent(shares[label])}",
        key=key,
        on_change=lambda: st.session_state.pop(other, None),
        wrap=True,
        **chips,
    )
    others = [label for label in classes if label not in shares]
    if others:
        st.selectbox(
            f"Or for any of the {len(others):,} other classes",
            others,
            index=None,
            placeholder="Choose a class",
            format_func=lambda label: plain(label, 80),
            key=other,
            on_change=lambda: st.session_state.update({key: None}),
        )
        if st.session_state.get(other):
            quiet(f"**{md(explanation.target)}** has {percent(explanation.target_probability, 1)} in this picture.")
