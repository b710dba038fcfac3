"""One picture of a dataset, large, with all that is known about it and what can be done with it."""

from collections.abc import Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import DatasetSummary, Finding, Picture, Suspect
from pages.components.changes import done, who
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.parts import Tile, gallery
from pages.components.problems import told_in_words
from pages.components.serving import thumbnail_url
from pages.components.words import SPLIT_WORDS, size

LEFT_OUT_BY_HAND = "Left out by hand"
_LARGEST = 384  # pixels, the largest picture the store draws

Found = Sequence[tuple[Finding, Suspect]]
"""What the health check says of one picture."""


@st.dialog("Picture", width="medium")
def look_closer(bench: Workbench, dataset: DatasetSummary, number: int, found: Found) -> None:
    """One picture, large, with what is known about it.

    Args:
        bench: the facade.
        dataset: what it belongs to.
        number: the picture.
        found: what the health check says of it.
    """
    with told_in_words():
        picture = bench.datasets.chosen(dataset.id, [number])[number]
        left, right = st.columns(2, gap="medium")
        with left:
            alt = f"A picture of {plain(picture.label)}"
            st.image(bench.datasets.thumbnail(picture.sha256, _LARGEST), width="stretch", alt=alt)
        with right:
            _describe(picture)
            for finding, suspect in found:
                st.markdown(f":material/flag: {md(in_words(finding, suspect), 300)}")
            _offer_changes(bench, dataset, picture, found)
        _show_relatives(bench, dataset, picture, found)


def in_words(finding: Finding, suspect: Suspect) -> str:
    """Why one picture stands under a finding; plain text."""
    if suspect.suggestion:
        return f"It looks more like {suspect.suggestion}"
    return finding.title


def _describe(picture: Picture) -> None:
    folder, _, name = picture.source_name.rpartition("/")
    st.markdown(f"## {md(picture.label, 80)}")
    if picture.excluded:
        st.markdown(f":material/visibility_off: Left out: {md(picture.excluded, 200)}")
    else:
        st.markdown(f"Used {SPLIT_WORDS[picture.split]}")
    quiet(f"{md(name, 80)}" + (f", in {md(folder, 80)}" if folder else ""))
    quiet(f"{picture.width:,} × {picture.height:,} pixels · {size(picture.size)}")


def _offer_changes(bench: Workbench, dataset: DatasetSummary, picture: Picture, found: Found) -> None:
    """Give another class, leave out or restore: each makes a version at once."""
    suggestion = next((suspect.suggestion for _, suspect in found if suspect.suggestion), "")
    names = list(dict.fromkeys([picture.label, *dataset.classes]))
    start = names.index(suggestion) if suggestion in names else 0
    label = st.selectbox(
        "Class",
        names,
        index=start,
        format_func=lambda name: plain(name, 80),
        accept_new_options=True,
        key=f"closer_label_{picture.id}_{dataset.version}",
    )
    with st.container(horizontal=True):
        changed = bool(label) and label != picture.label
        if st.button("Give this class", disabled=not changed, type="primary", key="closer_give"):
            done(dataset, bench.editing.relabel(dataset.id, [picture.id], str(label), who=who()))
        if picture.excluded:
            if st.button("Restore", icon=":material/visibility:", key="closer_restore"):
                done(dataset, bench.editing.restore(dataset.id, [picture.id], who=who()))
        elif st.button("Leave out", icon=":material/visibility_off:", key="closer_out"):
            done(dataset, bench.editing.exclude(dataset.id, [picture.id], LEFT_OUT_BY_HAND, who=who()))


def _show_relatives(bench: Workbench, dataset: DatasetSummary, picture: Picture, found: Found) -> None:
    """The picture it resembles, and those it must stay together with."""
    partners = {suspect.partner for _, suspect in found if suspect.partner is not None} - {picture.id}
    if partners:
        st.markdown("**It resembles**")
        gallery(
            [tile(other) for other in bench.datasets.chosen(dataset.id, sorted(partners)).values()],
            key="closer_partners",
            label="Pictures it resembles",
            tile=110,
        )
    mates = bench.datasets.group_mates(dataset.id, picture)
    others = [mate for mate in mates.pictures if mate.id not in partners]
    if others:
        st.markdown("**Stays on the same side of a split as**")
        gallery([tile(mate) for mate in others], key="closer_mates", label="Pictures of the same group", tile=110)
        if mates.total > len(mates.pictures):
            quiet(f"and {mates.total - len(mates.pictures):,} more.")


def tile(picture: Picture, note: str | None = None) -> Tile:
    """A picture as a tile that reports the picture's number."""
    return Tile(
        id=str(picture.id),
        src=thumbnail_url(picture.sha256),
        alt=f"{picture.label}, {picture.source_name.rsplit('/', 1)[-1]}",
        title=picture.label,
        note=note if note is not None else ("left out" if picture.excluded else SPLIT_WORDS[picture.split]),
    )
