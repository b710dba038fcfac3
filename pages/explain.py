"""Where the model looked: one picture large, its heatmap, any class, in plain words."""

from itertools import zip_longest

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.errors import NotFoundError
from clf_core.results import Insights, Picture, RunSummary
from pages.components.heading import head, quiet, section, title
from pages.components.heatmap_gallery import show_gallery
from pages.components.insights import begin_insights, follow_insights
from pages.components.look import chosen_look
from pages.components.many_heatmaps import show_many
from pages.components.one_heatmap import show_one
from pages.components.parts import Tile, gallery
from pages.components.pickers import choose_model, picture_input, whole
from pages.components.serving import thumbnail_url
from pages.components.shortcut import show_shortcut
from pages.components.words import score
from pages.components.workbench import workbench

_TEST, _OWN, _MANY = "A test picture", "Your own picture", "Several of your own"
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
    show_one(bench, model, *picked)
elif way == _MANY:
    show_many(bench, model, chosen_look(bench, model))
elif way == _TEST:
    offer_test_pictures(bench, model)
elif model == STARTER:
    quiet("This is the starter model, which knows 1,000 everyday things. Train a classifier to explain your own.")
if model != STARTER:
    show_whole_model(bench, model, begin_insights(bench, model))
