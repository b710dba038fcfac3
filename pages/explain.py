"""Where the model looked: one picture large, its heatmap, any class, in plain words."""

import hashlib
from itertools import zip_longest

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.errors import NotFoundError
from clf_core.results import Explanation, Insights, Picture, RunSummary
from pages.components.answers import explain_once, show_heatmap
from pages.components.contrast import show_contrast
from pages.components.escaping import md, plain
from pages.components.heading import head, quiet, section, title
from pages.components.heatmap_gallery import show_gallery
from pages.components.insights import begin_insights, follow_insights
from pages.components.layer_view import show_layers
from pages.components.look import choose_look, chosen_look
from pages.components.many_heatmaps import show_many
from pages.components.nearest import show_nearest
from pages.components.parts import Tile, answer, gallery
from pages.components.pickers import choose_model, picture_input, whole
from pages.components.serving import thumbnail_url
from pages.components.shortcut import show_shortcut
from pages.components.trust import show_trust
from pages.components.words import percent, score
from pages.components.workbench import workbench

_TEST, _OWN, _MANY = "A test picture", "Your own picture", "Several of your own"
_OVERLAY, _BESIDE = "Overlay", "Side by side"
_OFFERED = 24

_OPENED = "explain_opened"
"""In the session: whether a picture was just opened from the gallery, whatever had been chosen above."""


def chosen_way(bench: Workbench, model: str) -> str:
    """Where the picture comes from."""
    tested = has_tests(bench, model)
    if not tested and model != STARTER:
        quiet("This classifier has no test pictures. Bring one of your own.")
    ways = [_TEST, _OWN, _MANY] if tested else [_OWN, _MANY]
    key = "explain_which" if tested else "explain_which_own"
    if st.session_state.pop(_OPENED, False) or st.session_state.get(key) not in ways:
        st.session_state[key] = ways[0]
    return st.segmented_control("Which picture", ways, required=True, key=key) or ways[0]


def chosen_picture(bench: Workbench, model: str, way: str) -> tuple[str, bytes] | None:
    """The picture to explain as (identity, bytes): a stored one that is asked for, or one brought along."""
    asked = st.query_params.get("picture")
    if asked and (way == _TEST or not has_tests(bench, model)):
        try:
            return asked, bench.datasets.picture_bytes(asked)
        except NotFoundError:
            del st.query_params["picture"]
    if way == _OWN:
        given = picture_input("explain")
        return (given[0][0], whole(given[0][1])) if given else None
    return None


def has_tests(bench: Workbench, model: str) -> bool:
    """Whether there are test pictures to choose from."""
    return model != STARTER and score(bench.runs.get(model)) is not None


def offer_test_pictures(bench: Workbench, model: str) -> None:
    """Let the person pick a test picture: mistakes first, they teach most."""
    run = bench.runs.get(model)
    mistakes = bench.evaluation.mistakes(model, limit=_OFFERED)
    tiles = [
        Tile(
            m.sha256,
            thumbnail_url(m.sha256),
            f"{m.true}, taken for {m.predicted}",
            m.predicted,
            f"is {m.true}",
            "wrong",
        )
        for m in mistakes
    ]
    shown = {tile.id for tile in tiles}
    tiles += [
        Tile(p.sha256, thumbnail_url(p.sha256), f"A test picture of {p.label}", title=p.label)
        for p in some_of_each_class(bench, run, _OFFERED)
        if p.sha256 not in shown
    ][: _OFFERED - len(tiles)]
    st.markdown("Choose a test picture" + ("; the surest mistakes come first." if mistakes else "."))
    opened = gallery(tiles, key="offered", label="Test pictures", action="Explain", tile=132)
    if opened:
        st.query_params["picture"] = opened
        st.rerun()


def some_of_each_class(bench: Workbench, run: RunSummary, number: int) -> list[Picture]:
    """Test pictures of the version the run saw, taking turns between the classes."""
    classes = bench.datasets.get(run.dataset_id).classes
    each = max(1, -(-number // len(classes)))
    pages = [
        bench.datasets.pictures(run.dataset_id, label=label, split="test", version=run.version, limit=each).pictures
        for label in list(classes)[:number]
    ]
    return [picture for turn in zip_longest(*pages) for picture in turn if picture is not None]


def show(bench: Workbench, model: str, name: str, data: bytes) -> None:
    """Lens at the left, answer and chips at the right, under them what the answer rests on."""
    key = f"target_{model}_{hashlib.sha256(data).hexdigest()[:16]}"
    target = st.session_state.get(f"{key}_other") or st.session_state.get(key)
    look = chosen_look(bench, model)
    with st.spinner("Drawing the heatmap", show_time=True):
        explanation = explain_once(bench, model, name, data, slot="explain", target=target, look=look)
    left, right = st.columns([3, 2], gap="large")
    with left:
        beside = st.segmented_control(
            "Heatmap", [_OVERLAY, _BESIDE], default=_OVERLAY, required=True, key="explain_view"
        )
        show_heatmap(bench, explanation, key="explain_lens", beside=beside == _BESIDE)
        if explanation.empty and look.method == "gradcam":
            quiet("Grad-CAM takes the mean over all places. Another method, under Advanced, looks place by place.")
        show_trust(bench, model, name, data, explanation.target, look)
    with right:
        verdict = truth_in_words(bench, model, name, explanation.label)
        show_classes(explanation, verdict, bench.explanation.classes(model), key=key)
        with st.expander("Advanced", icon=":material/tune:"):
            choose_look(bench, model, explanation)
        if "picture" in st.query_params and st.button("Another picture", icon=":material/photo_library:"):
            del st.query_params["picture"]
            st.rerun()
    show_contrast(bench, model, name, data, likely_first(explanation, bench.explanation.classes(model)), look)
    insights = None if model == STARTER else begin_insights(bench, model)
    if insights is not None:
        show_nearest(bench, model, name, data, insights)
    show_layers(bench, model, name, data)


def likely_first(explanation: Explanation, classes: tuple[str, ...]) -> list[str]:
    """All classes, those the model thinks most likely first."""
    return list(dict.fromkeys([*(item.name for item in explanation.top), *classes]))


def show_whole_model(bench: Workbench, run_id: str, insights: Insights) -> None:
    """What holds for the classifier as a whole rather than for one picture."""
    section(
        "Does it look at the thing, or at what is around it?",
        "A model may tell its classes apart by the table they lie on. Each picture is shown to it again with the "
        "background blurred away, and with the thing blurred away.",
    )
    show_shortcut(bench, run_id)
    opened = show_gallery(bench, run_id, insights)
    if opened:
        st.query_params["picture"] = opened
        st.session_state[_OPENED] = True
        st.rerun()
    follow_insights(bench, run_id, insights)


def truth_in_words(bench: Workbench, model: str, name: str, said: str) -> str:
    """For a test picture, whether the answer is right; nothing for one's own picture."""
    if model == STARTER or st.query_params.get("picture") != name:
        return ""
    tested = bench.evaluation.tested_picture(model, name)
    if tested is None:
        return ""
    return ", and right" if tested.true == said else f", but it is {plain(tested.true, 60)}"


def show_classes(explanation: Explanation, verdict: str, classes: tuple[str, ...], *, key: str) -> None:
    """What the model said, whether that is right, and any class to be asked about: the likely ones as chips."""
    answer(explanation.label, f"{percent(explanation.probability)} sure{verdict}", explanation.top, key="explain_bars")
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


bench = workbench()
left, right = head()
title("Where the model looked", left)
if "run" in st.query_params and "model" not in st.query_params:
    st.query_params["model"] = st.query_params["run"]
with right:
    model = choose_model(bench)
way = chosen_way(bench, model)
picked = None if way == _MANY else chosen_picture(bench, model, way)
if picked is not None:
    show(bench, model, *picked)
elif way == _MANY:
    show_many(bench, model, chosen_look(bench, model))
elif way == _TEST:
    offer_test_pictures(bench, model)
elif model == STARTER:
    quiet("This is the starter model, which knows 1,000 everyday things. Train a classifier to explain your own.")
if model != STARTER:
    show_whole_model(bench, model, begin_insights(bench, model))
