"""Test pictures with what the model said of them; each opens to its heatmap and to correcting its label."""

from collections.abc import Mapping, Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError, NotFoundError
from clf_core.results import DatasetSummary, GalleryPicture, Picture, RunSummary, TestedPicture
from pages.components.answers import HEATMAP_HEIGHT, explain_once, show_heatmap
from pages.components.changes import done, who
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.parts import Tile, gallery
from pages.components.problems import show_error, told_in_words
from pages.components.serving import drawn_url, thumbnail_url
from pages.components.words import percent

LABEL_ERROR = "Label error, reported on the page Evaluate"
_LARGEST = 384  # pixels, the largest picture the store draws


def show_tested(
    bench: Workbench, run: RunSummary, pictures: Sequence[TestedPicture], *, key: str, notes: Sequence[str] = ()
) -> None:
    """Draw test pictures; a click opens one.

    Args:
        bench: the facade.
        run: which said what stands under them.
        pictures: the pictures.
        key: unique on the page.
        notes: what else to say of each; empty for nothing.
    """
    extra = notes or [""] * len(pictures)
    drawn = _drawn(bench, run)
    tiles = [_tile(run, picture, note, drawn) for picture, note in zip(pictures, extra, strict=True)]
    opened = gallery(tiles, key=key, label="Test pictures", action="Look closer", tile=132)
    known = next((picture for picture in pictures if picture.sha256 == opened), None)
    if known is not None:
        look_at_tested(bench, run, known)


def _drawn(bench: Workbench, run: RunSummary) -> Mapping[str, GalleryPicture]:
    """Heatmaps that were drawn in the background so far, by picture."""
    found = bench.insights.gallery(run.id)
    return {picture.sha256: picture for picture in found.pictures} if found is not None else {}


def _tile(run: RunSummary, picture: TestedPicture, note: str, drawn: Mapping[str, GalleryPicture]) -> Tile:
    right = picture.true == picture.predicted
    words = [f"{percent(picture.probability)} sure", "" if right else f"true: {picture.true}", note]
    heat = drawn.get(picture.sha256)
    return Tile(
        id=picture.sha256,
        # With a heatmap, the part of the picture that the model saw: the two must lie on each other.
        src=drawn_url(run.id, "gallery", heat.picture) if heat is not None else thumbnail_url(picture.sha256),
        alt=f"{picture.true}, the model said {picture.predicted} ({percent(picture.probability)})",
        title=picture.predicted,
        note=", ".join(word for word in words if word),
        tone="right" if right else "wrong",
        heat=drawn_url(run.id, "gallery", heat.said_heat) if heat is not None else "",
    )


@st.dialog("Test picture", width="large")
def look_at_tested(bench: Workbench, run: RunSummary, tested: TestedPicture) -> None:
    """One test picture, large: what the model said and why, and whether its label is right."""
    with told_in_words():
        left, right = st.columns([3, 2], gap="medium")
        with right:
            _say(tested)
            _offer_changes(bench, run, tested)
            if st.button("Explain this picture", icon=":material/center_focus_strong:", key="tested_explain"):
                st.switch_page("explain.py", query_params={"run": run.id, "picture": tested.sha256})
        with left:  # last, as it takes longest; the rest can be read meanwhile
            _show_evidence(bench, run, tested)


def _say(tested: TestedPicture) -> None:
    """What the model said, how sure, and whether the label agrees."""
    st.markdown(f"## {md(tested.predicted, 80)}")
    words = ", and that is its label."
    if tested.true != tested.predicted:
        given = percent(tested.probability_true, 1)
        words = f", but its label is **{md(tested.true, 80)}**, which was given {md(given)}."
    st.markdown(f"It is {md(percent(tested.probability))} sure{words}")
    quiet(md(tested.source_name.rsplit("/", 1)[-1], 80))


def _show_evidence(bench: Workbench, run: RunSummary, tested: TestedPicture) -> None:
    """The heatmap for the model's answer; only the picture where there can be none."""
    try:
        data = bench.datasets.picture_bytes(tested.sha256)
        with st.skeleton(height=HEATMAP_HEIGHT):
            explanation = explain_once(bench, run.id, tested.sha256, data, slot="tested")
    except ClfError as error:
        alt = f"A test picture of {plain(tested.true)}"
        st.image(bench.datasets.thumbnail(tested.sha256, _LARGEST), width="stretch", alt=alt)
        show_error(error)
        return
    show_heatmap(bench, explanation, key="tested_lens")


def _offer_changes(bench: Workbench, run: RunSummary, tested: TestedPicture) -> None:
    """Give another class, or report as a label error: each makes a version of the dataset at once."""
    picture = bench.mixups.in_dataset(run.id, tested)
    if picture is None:
        quiet("This picture is no longer in the dataset, so its label cannot be changed.")
        return
    dataset = bench.datasets.get(run.dataset_id)
    if _changed(tested, picture):
        quiet(_changed(tested, picture))
    label = _choose_label(dataset, picture, tested)
    with st.container(horizontal=True):
        if st.button("Give this class", disabled=label in (None, picture.label), type="primary", key="tested_give"):
            done(dataset, bench.editing.relabel(dataset.id, [picture.id], str(label), who=who()))
        if st.button(
            "Report as label error",
            disabled=bool(picture.excluded),
            icon=":material/flag:",
            key="tested_report",
            help="Leaves the picture out of the dataset, with this as the reason, until somebody restores it",
        ):
            done(dataset, bench.editing.exclude(dataset.id, [picture.id], LABEL_ERROR, who=who()))
    quiet(
        f"Either makes version {dataset.version + 1} of the dataset; the figures here stay as measured on version "
        f"{run.version}. Correct a label because it is wrong, never because the model missed it."
    )


def _changed(tested: TestedPicture, picture: Picture) -> str:
    """What became of the picture since the run saw it, Markdown; nothing if nothing did."""
    if picture.excluded:
        return f"Left out of the dataset since: {md(picture.excluded, 200)}."
    if picture.label != tested.true:
        return f"Its label has been changed to {md(picture.label, 80)} since."
    return ""


def _choose_label(dataset: DatasetSummary, picture: Picture, tested: TestedPicture) -> str | None:
    names = list(dict.fromkeys([picture.label, *dataset.classes]))
    chosen: str | None = st.selectbox(
        "Is the label wrong? Then it is",
        names,
        index=names.index(tested.predicted) if tested.predicted in names else 0,
        format_func=lambda name: plain(name, 80),
        accept_new_options=True,
        key=f"tested_label_{picture.id}_{dataset.version}",
    )
    return chosen


def dataset_now(bench: Workbench, run: RunSummary) -> DatasetSummary | None:
    """Return the dataset a run learned from as it stands now; None where it is gone."""
    try:
        return bench.datasets.get(run.dataset_id)
    except NotFoundError:
        return None
