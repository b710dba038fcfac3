"""'It says bee because of these': the training pictures most like a picture, as the network sees it."""

import hashlib
from collections.abc import Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import Insights, Nearest, Neighbour
from pages.components.escaping import md
from pages.components.heading import quiet, section
from pages.components.insights import pending
from pages.components.parts import Tile, gallery
from pages.components.pickers import remembered
from pages.components.serving import thumbnail_url


def show_nearest(
    bench: Workbench, run_id: str, name: str, data: bytes, insights: Insights, *, strange: bool = False
) -> None:
    """Draw the part of the page for one picture.

    Args:
        bench: the facade.
        run_id: the run that gave the model.
        name, data: the picture.
        insights: where the background work on the run stands.
        strange: whether the picture is unlike all that was learned, so that no class is given.
    """
    section(
        "Training pictures like this",
        "Pictures are alike here when the network makes the same of them before its last layer: by the cosine of "
        "these features, from which the mean over all training pictures is taken.",
    )
    if insights.state("features") != "done":
        pending(insights, "features", "The training pictures like this one")
        return
    digest = hashlib.sha256(data).hexdigest()
    found = remembered("explain_nearest", (run_id, digest), lambda: bench.insights.nearest(run_id, data, name=name))
    if found is None:
        return
    st.markdown(in_words(found, strange=strange))
    _row(found.neighbours, found.answer, key="nearest")
    if found.rivals:
        st.markdown(f"**The nearest of {md(found.rival, 60)}**, the next likely class")
        _row(found.rivals, found.answer, key="nearest_rivals")
    of = f" of {found.known:,}" if found.known > found.searched else ""
    quiet(f"Compared with {found.searched:,}{of} training pictures; of near copies, one is shown.")


def in_words(found: Nearest, *, strange: bool = False) -> str:
    """Return what the nearest training pictures say of the answer, as Markdown."""
    answer, shown = md(found.answer, 60), len(found.neighbours)
    agreeing = f"all {shown}" if found.agreeing == shown else f"{found.agreeing} of {shown}"
    counted = f"of the training pictures most like this one, {agreeing} are **{answer}**."
    if strange:
        told = f"None of the training pictures is much like this one; of the nearest, {agreeing} are **{answer}**."
    elif 2 * found.agreeing < shown:
        told = f"It says **{answer}**, yet {counted} That is few, so look twice at this answer."
    else:
        told = f"It says **{answer}** because of pictures like these: {counted}"
    return told + (" This very picture is one of those it learned from." if found.learned_from else "")


def _row(neighbours: Sequence[Neighbour], answer: str, *, key: str) -> None:
    tiles = [
        Tile(
            id=neighbour.sha256,
            src=thumbnail_url(neighbour.sha256),
            alt=f"A training picture of {neighbour.label}",
            title=neighbour.label,
            note=f"similarity {neighbour.similarity:.2f}".replace("-", "−"),
            tone="right" if neighbour.label == answer else "",
        )
        for neighbour in neighbours
    ]
    gallery(tiles, key=key, label="Training pictures like this", tile=132)
