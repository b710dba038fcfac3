"""The versions of a dataset: who did what and when, what differs between two, and the way back to any."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import DatasetSummary, VersionDiff, VersionInfo
from pages.components.changes import done, who
from pages.components.escaping import md, plain
from pages.components.heading import quiet, section
from pages.components.parts import Tile, gallery
from pages.components.problems import told_in_words
from pages.components.serving import thumbnail_url
from pages.components.words import count, when

_ROWS = 15
_PICTURES = 30
_COMPARED = "history_compared"


def show_history(bench: Workbench, dataset: DatasetSummary) -> None:
    """The versions, newest first, and the two being compared above them. A fragment."""
    with told_in_words():
        versions = bench.editing.versions(dataset.id)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                "Your name, for the history", key="who", max_chars=60, placeholder="As known on this machine", width=260
            )
            if len(versions) > 1:
                old, new = _choose_two(dataset, versions)
        if len(versions) > 1 and st.session_state.get(_COMPARED) == dataset.id:
            _show_difference(bench, dataset, old, new)
        pages = -(-len(versions) // _ROWS)
        number = st.pagination(pages, key=f"history_page_{dataset.id}") if pages > 1 else 1
        with st.container(gap="small", key="versions"):
            for version in versions[(number - 1) * _ROWS : number * _ROWS]:
                _show_version(bench, dataset, version)


def keep_name() -> None:
    """Keep the person's name while another part of the page is open; Streamlit forgets widgets that are not drawn."""
    if "who" in st.session_state:
        st.session_state["who"] = st.session_state["who"]


def _choose_two(dataset: DatasetSummary, versions: tuple[VersionInfo, ...]) -> tuple[int, int]:
    numbers = [version.version for version in versions]
    titles = {version.version: f"{version.version}: {plain(version.what, 40)}" for version in versions}
    chosen = []
    for label, side, place in (("Compare version", "old", 1), ("with version", "new", 0)):
        key = _side_key(dataset, side)
        st.session_state.setdefault(key, numbers[place])
        chosen.append(
            st.selectbox(
                label,
                numbers,
                format_func=titles.__getitem__,
                key=key,
                width=230,
                on_change=_compare,
                args=(dataset,),
            )
        )
    return chosen[0], chosen[1]


def _side_key(dataset: DatasetSummary, side: str) -> str:
    return f"history_{side}_{dataset.id}_{dataset.version}"


def _compare(dataset: DatasetSummary, version: VersionInfo | None = None) -> None:
    """Open the comparison; of ``version`` with the one it was made from, else of the two chosen."""
    st.session_state[_COMPARED] = dataset.id
    if version is not None:
        st.session_state[_side_key(dataset, "old")] = version.parent
        st.session_state[_side_key(dataset, "new")] = version.version


def _show_version(bench: Workbench, dataset: DatasetSummary, version: VersionInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        newest = version.version == dataset.version
        badge = ":blue-badge[now]" if newest else ""
        out = f", {version.excluded:,} left out" if version.excluded else ""
        st.markdown(
            f"**{version.version}** · {md(version.what, 200)} {badge}  \n"
            f":small[:gray[{md(version.who or 'somebody', 60)}, {when(version.created)} · "
            f"{count(version.pictures, 'picture')} in {count(version.classes, 'class', 'classes')}{out}]]",
            width="stretch",
        )
        if version.parent is not None:
            st.button(
                "What changed",
                key=f"changed_{version.version}",
                type="tertiary",
                on_click=_compare,
                args=(dataset, version),
            )
        if not newest and st.button(
            "Return to it",
            key=f"return_{version.version}",
            icon=":material/history:",
            help="Makes a new version with this content; nothing is lost, and it can be undone.",
        ):
            done(dataset, bench.editing.return_to(dataset.id, version.version, who=who()))


def _show_difference(bench: Workbench, dataset: DatasetSummary, old: int, new: int) -> None:
    difference = bench.editing.diff(dataset.id, old, new)
    with st.container(border=True, key="difference"):
        section(f"From version {old} to {new}")
        st.markdown(in_words(difference))
        if difference.changes:
            gallery(
                [
                    Tile(
                        id=str(change.id),
                        src=thumbnail_url(change.sha256, 192),
                        alt=f"{change.source_name}: {change.after or 'gone'}, was {change.before or 'not there'}",
                        title=change.after or "gone",
                        note=f"was: {change.before or 'not there'}",
                    )
                    for change in difference.changes[:_PICTURES]
                ],
                key="difference_pictures",
                label="Pictures that differ",
                tile=132,
            )
            if difference.truncated or len(difference.changes) > _PICTURES:
                quiet(f"The first {min(_PICTURES, len(difference.changes))} are shown.")
        if st.button("Close", type="tertiary", icon=":material/close:", key="difference_close"):
            del st.session_state[_COMPARED]
            st.rerun()


def in_words(difference: VersionDiff) -> str:
    """'3 pictures left out, 12 with another class'; Markdown."""
    kinds = (
        (difference.added, "added"),
        (difference.removed, "no longer there"),
        (difference.relabelled, "with another class"),
        (difference.excluded, "left out"),
        (difference.restored, "restored"),
        (difference.moved, "in another split"),
    )
    parts = [f"**{count(number, 'picture')}** {words}" for number, words in kinds if number]
    return ", ".join(parts) + "." if parts else "No picture differs."
