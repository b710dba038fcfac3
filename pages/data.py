"""The pictures of a dataset: how many of what, what was left out and why, and a look at each."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.results import DatasetSummary, Picture
from clf_core.values import SPLITS
from pages.components.escaping import md, plain
from pages.components.heading import head, quiet, section, title
from pages.components.importing import follow_import
from pages.components.parts import Tile, balance, gallery
from pages.components.pickers import choose_dataset
from pages.components.problems import told_in_words
from pages.components.serving import thumbnail_url
from pages.components.starting import sample_cards
from pages.components.ways_in import import_form
from pages.components.words import SPLIT_WORDS, count, duration
from pages.components.workbench import workbench

_PAGE = 48


def show_dataset(bench: Workbench, dataset: DatasetSummary, place: DeltaGenerator) -> None:
    """The whole page for one dataset: sentence, what to do next, counts, report, gallery."""
    problems = bench.datasets.problems_before_training(dataset.id)
    pictures = f"{count(dataset.pictures, 'picture')} in {count(len(dataset.classes), 'class', 'classes')}"
    if problems:
        title(f"{pictures}, not ready yet", place)
        st.warning(" ".join(md(problem, 400) for problem in problems), icon=":material/info:")
    else:
        seconds = bench.runs.estimate(dataset.id, TrainConfig())
        title(f"{pictures}, ready to train", place)
        st.markdown(f"**{md(dataset.name, 60)}**, about {duration(seconds)} of training on this machine.")
    if st.button(
        "Train",
        type="primary",
        icon=":material/model_training:",
        disabled=bool(problems),
        help=problems[0] if problems else None,
    ):
        st.switch_page("train.py", query_params={"dataset": dataset.id, "new": "1"})
    with st.container(border=True):
        section("How many of each")
        balance(dataset, key="balance")
    show_report(dataset)
    st.fragment(show_gallery)(bench, dataset)


def show_report(dataset: DatasetSummary) -> None:
    """What the import found: notices, skipped files with their reasons, system files left aside."""
    for notice in dataset.notices:
        st.info(md(notice, 400), icon=":material/info:")
    if dataset.skipped:
        label = f"{count(len(dataset.skipped), 'file')} could not be used"
        with st.expander(label, icon=":material/report:"):
            rows = [{"File": plain(item.name), "Reason": plain(item.reason)} for item in dataset.skipped]
            st.dataframe(rows, hide_index=True, alt="Skipped files with their reasons")
    else:
        quiet("Every picture could be read.")
    if dataset.ignored_count:
        quiet(f"{count(dataset.ignored_count, 'system file')} (such as .DS_Store) left aside.")


def show_gallery(bench: Workbench, dataset: DatasetSummary) -> None:
    """Pictures with filters and pages; a click opens one."""
    with told_in_words():
        section("Look at them")
        everything = "All classes"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            label = st.selectbox("Class", [everything, *dataset.classes], format_func=plain, width=260)
            split = st.segmented_control(
                "Used", [split for split in SPLITS if dataset.splits.get(split)], format_func=SPLIT_WORDS.__getitem__
            )
        wanted = None if label == everything and everything not in dataset.classes else label
        number = st.session_state.get(f"page_{dataset.id}_{wanted}_{split}") or 1
        page = bench.datasets.pictures(dataset.id, label=wanted, split=split, offset=(number - 1) * _PAGE, limit=_PAGE)
        pages = -(-page.total // _PAGE)
        if not page.total:
            quiet("No pictures match.")
            return
        opened = gallery(
            [_tile(picture) for picture in page.pictures], key="gallery", label="Pictures", action="Look closer"
        )
        if pages > 1:
            st.pagination(pages, key=f"page_{dataset.id}_{wanted}_{split}")
        by_id = {picture.sha256: picture for picture in page.pictures}
        if opened in by_id:
            look_closer(bench, by_id[opened])


@st.dialog("Picture")
def look_closer(bench: Workbench, picture: Picture) -> None:
    """One picture, large, with what is known about it."""
    with told_in_words():
        st.image(bench.datasets.thumbnail(picture.sha256, 384), width="content", alt=f"A picture of {picture.label}")
        st.markdown(f"**{md(picture.label)}**, used {SPLIT_WORDS[picture.split]}")
        quiet(f"{md(picture.source_name)} · {picture.width} × {picture.height} pixels · {picture.size:,} bytes")


def _tile(picture: Picture) -> Tile:
    return Tile(
        id=picture.sha256,
        src=thumbnail_url(picture.sha256),
        alt=f"{picture.label}, {picture.source_name.rsplit('/', 1)[-1]}",
        title=picture.label,
        note=SPLIT_WORDS[picture.split],
    )


def show_ways_in(bench: Workbench, heading: str) -> None:
    """Bring one's own pictures, or begin with a sample: the page without a dataset, and after a failed import."""
    title(heading)
    st.markdown("Bring your own, one folder per class, or begin with a built-in sample.")
    own, samples = st.columns(2, gap="large")
    with own.container(border=True):
        section("Your pictures")
        import_form(bench, primary=True)
    with samples:
        section("Built-in samples")
        sample_cards(bench, primary=False)


def show_chosen(bench: Workbench) -> None:
    """The dataset the person has chosen, with the ways to add another; the ways in where there is none."""
    left, right = head()
    with right:
        current = choose_dataset(bench)
    if current is None:
        show_ways_in(bench, "No pictures yet")
        return
    show_dataset(bench, current, left)
    with st.expander(
        "Add another dataset", icon=":material/add_photo_alternate:", key="more", on_change="rerun"
    ) as more:
        if more.open:
            import_form(bench, primary=False)
            sample_cards(bench, primary=False)


bench = workbench()
standing = follow_import()
if standing == "failed":
    show_ways_in(bench, "Nothing was added")
    if bench.datasets.list() and st.button("Back to my datasets", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params["import"]
        st.rerun()
elif standing == "none":
    show_chosen(bench)
