"""The heatmaps of many pictures at a glance: all mistakes, and pictures of each class."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import GalleryPicture, HeatmapGallery, Insights
from pages.components.escaping import md, plain
from pages.components.heading import quiet, section
from pages.components.insights import pending
from pages.components.serving import drawn_url
from pages.components.web_part import nothing, web_part
from pages.components.words import count, percent

_heatmaps = web_part("heatmaps")

_A_PAGE = 48
_TILE = 150  # pixels
_MISTAKES = "All mistakes"

Evidence = Literal["said", "true"]
"""Whether the heatmaps show the evidence for what it said, or for what the picture is."""

_EVIDENCE: dict[Evidence, str] = {"said": "what it said", "true": "what it is"}


def show_gallery(bench: Workbench, run_id: str, insights: Insights) -> str | None:
    """Draw the part of the page and return the picture just opened.

    Args:
        bench: the facade.
        run_id: whose gallery.
        insights: where the background work on the run stands.
    """
    section(
        "Heatmaps of many pictures",
        "One heatmap can mislead; many show a habit. Does it look at the thing, or at what happens to be around it?",
    )
    drawn = bench.insights.gallery(run_id)
    if insights.state("gallery") != "done":
        pending(insights, "gallery", "The heatmaps")
    if drawn is not None and drawn.why_none:
        quiet(md(drawn.why_none, 400))
    if drawn is None or not drawn.pictures:
        return None
    shown, name = _choose(drawn, run_id)
    evidence = _choose_evidence(shown)
    pages = -(-len(shown) // _A_PAGE)
    number = st.pagination(pages, key=f"heatmaps_page_{run_id}_{len(shown)}") if pages > 1 else 1
    part = shown[(number - 1) * _A_PAGE : number * _A_PAGE]
    data = {"items": [_item(run_id, picture, evidence) for picture in part], "label": plain(name), "tile": _TILE}
    opened = _heatmaps(data=data, key="heatmaps", on_open_change=nothing).open
    quiet(_words(drawn))
    known = {picture.sha256 for picture in drawn.pictures}
    return opened if opened in known else None


def _choose(drawn: HeatmapGallery, run_id: str) -> tuple[list[GalleryPicture], str]:
    """The pictures to look at, and what they are called."""
    mistakes = [picture for picture in drawn.pictures if not picture.right]
    classes: dict[str, list[GalleryPicture]] = {}
    for picture in drawn.pictures:
        classes.setdefault(picture.true, []).append(picture)
    groups = {**({_MISTAKES: mistakes} if mistakes else {})}
    names = [*groups, *(f"class {name}" for name in sorted(classes))]
    groups.update({f"class {name}": pictures for name, pictures in classes.items()})
    chosen = st.selectbox(
        "Pictures",
        names,
        format_func=lambda group: f"{plain(group.removeprefix('class '), 80)} ({len(groups[group]):,})",
        key=f"heatmaps_of_{run_id}",
    )
    return groups[chosen], chosen.removeprefix("class ")


def _choose_evidence(shown: Sequence[GalleryPicture]) -> Evidence:
    if all(picture.right for picture in shown):
        return "said"
    options: list[Evidence] = ["said", "true"]
    chosen = st.segmented_control(
        "Show the evidence for",
        options,
        default="said",
        required=True,
        format_func=lambda which: _EVIDENCE[which],
        key="heatmaps_evidence",
    )
    return chosen or "said"


def _item(run_id: str, picture: GalleryPicture, evidence: Evidence) -> dict[str, str]:
    sure = f"{percent(picture.probability)} sure"
    note = sure if picture.right else f"{sure}, true: {plain(picture.true, 60)}"
    return {
        "id": picture.sha256,
        "picture": drawn_url(run_id, "gallery", picture.picture),
        "heat": drawn_url(run_id, "gallery", picture.said_heat if evidence == "said" else picture.true_heat),
        "title": plain(picture.said, 60),
        "note": note,
        "label": f"Explain: the model said {plain(picture.said, 60)}, {note}",
        "tone": "right" if picture.right else "wrong",
    }


def _words(drawn: HeatmapGallery) -> str:
    wrong = sum(not picture.right for picture in drawn.pictures)
    told = [f"{count(len(drawn.pictures), 'picture')}, drawn with Grad-CAM."]
    if not drawn.tested:
        told.append("This classifier has no test pictures: these are pictures it has seen while it was trained.")
    elif wrong < drawn.mistakes and len(drawn.pictures) + drawn.unreadable >= drawn.total:
        told.append(f"{wrong:,} of {drawn.mistakes:,} mistakes, the surest ones.")
    if drawn.unreadable:
        told.append(f"{count(drawn.unreadable, 'picture')} can no longer be read.")
    return " ".join(told)
