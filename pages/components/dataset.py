"""One dataset as a page: its sentence, its grade, what to do next, and its parts behind tabs."""

from dataclasses import replace
from itertools import zip_longest
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.errors import ClfError
from clf_core.results import DatasetSummary, HealthReport, Picture
from pages.components.changes import (
    PICTURES,
    TAB_KEY,
    TABS,
    follow_tab,
    go_to,
    show_note,
)
from pages.components.classes import show_classes
from pages.components.escaping import md
from pages.components.exporting import export_dialog
from pages.components.findings import show_findings, show_grade, start_slow_checks
from pages.components.heading import quiet, section, title
from pages.components.history import keep_name, show_history
from pages.components.labelling import keep_filters, show_gallery, show_only
from pages.components.parts import balance, gallery
from pages.components.pickers import remembered
from pages.components.picture import tile
from pages.components.problems import show_error
from pages.components.splitting import show_splits
from pages.components.ways_in import import_form
from pages.components.words import count, duration

_NAMED = 4  # classes told by name in the sentence under the title
_SOME = 8  # pictures shown above the findings
_ADDING = "adding_to"


def show_dataset(bench: Workbench, dataset: DatasetSummary, place: DeltaGenerator) -> None:
    """The whole page for one dataset.

    Args:
        bench: the facade.
        dataset: its newest version.
        place: where the title goes.
    """
    keep_filters()
    keep_name()
    problems = bench.datasets.problems_before_training(dataset.id)
    report = bench.health.report(dataset.id)
    start_slow_checks(bench, dataset, report)
    _show_sentence(bench, dataset, problems, place)
    _show_actions(bench, dataset, report, problems)
    show_note(bench, dataset)
    if is_adding(dataset):
        _show_adding(bench, dataset)
    _show_parts(bench, dataset, report)


def is_adding(dataset: DatasetSummary) -> bool:
    """Whether the form that adds pictures to this dataset is open."""
    return bool(st.session_state.get(_ADDING) == dataset.id)


def _show_sentence(bench: Workbench, dataset: DatasetSummary, problems: tuple[str, ...], place: DeltaGenerator) -> None:
    if not dataset.pictures:
        title("No pictures in use", place)
    else:
        pictures = f"{count(dataset.pictures, 'picture')} in {count(len(dataset.classes), 'class', 'classes')}"
        title(f"{pictures}, {'not ready yet' if problems else 'ready to train'}", place)
    parts = [f"**{md(dataset.name, 60)}**"]
    if 0 < len(dataset.classes) <= _NAMED:
        parts.append(", ".join(f"{number:,} {md(name, 30)}" for name, number in dataset.classes.items()))
    if not problems:
        parts.append(f"about {duration(bench.runs.estimate(dataset.id, TrainConfig()))} of training on this machine")
    if dataset.excluded:
        parts.append(f"{count(dataset.excluded, 'picture')} left out")
    if dataset.split_config.lock_test and dataset.splits.get("test"):
        parts.append(f":material/lock: {count(dataset.splits['test'], 'picture')} kept for the final check")
    st.markdown(" · ".join(parts))
    if problems:
        shown = " ".join(md(problem, 400) for problem in problems[:3])
        more = f" And {count(len(problems) - 3, 'more problem')} of this kind." if len(problems) > 3 else ""
        st.warning(shown + more, icon=":material/info:")


def _show_actions(bench: Workbench, dataset: DatasetSummary, report: HealthReport, problems: tuple[str, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Train",
            type="primary",
            icon=":material/model_training:",
            disabled=bool(problems),
            help=md(problems[0], 300) if problems else None,
        ):
            st.switch_page("train.py", query_params={"dataset": dataset.id, "new": "1"})
        kind: Literal["primary", "secondary"] = "primary" if problems else "secondary"  # then it is what to do next
        if st.button("Add pictures", type=kind, icon=":material/add_photo_alternate:", key="add_pictures"):
            st.session_state[_ADDING] = None if is_adding(dataset) else dataset.id
            st.rerun()
        if st.button("Export", icon=":material/download:", key="export"):
            export_dialog(bench, dataset)
        with st.popover("Rename", icon=":material/edit:"):
            _show_rename(bench, dataset)
        st.space("stretch")
        show_grade(report)


def _show_rename(bench: Workbench, dataset: DatasetSummary) -> None:
    name = st.text_input("Name of the dataset", value=dataset.name, max_chars=80, key=f"rename_{dataset.id}")
    if st.button("Rename", key="rename", disabled=not name.strip() or name.strip() == dataset.name):
        try:
            bench.editing.rename(dataset.id, name)
        except ClfError as error:
            show_error(error)
        else:
            st.rerun()


def _show_adding(bench: Workbench, dataset: DatasetSummary) -> None:
    with st.container(border=True, key="adding"):
        section(f"Add pictures to {md(dataset.name, 60)}")
        quiet(
            "They become a new version. Copies of pictures that are there stay on the same side of the split as those."
        )
        import_form(bench, primary=False, into=dataset.id)
        if st.button("Close", type="tertiary", icon=":material/close:", key="close_adding"):
            st.session_state[_ADDING] = None
            st.rerun()


def _show_parts(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """Behind tabs, of which only the open one is computed."""
    follow_tab()
    findings, pictures, classes, splits, history = st.tabs(list(TABS), key=TAB_KEY, on_change="rerun")
    with findings:
        if findings.open:
            _show_overview(bench, dataset, report)
    with pictures:
        if pictures.open:
            st.fragment(show_gallery)(bench, dataset, report)
    with classes:
        if classes.open:
            st.fragment(show_classes)(bench, dataset)
    with splits:
        if splits.open:
            st.fragment(show_splits)(bench, dataset, report)
    with history:
        if history.open:
            st.fragment(show_history)(bench, dataset)


def _show_overview(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """The bars, then the findings, then what became of the files of the import."""
    if dataset.pictures:
        with st.container(border=True):
            section("How many of each")
            balance(dataset, key="balance")
        _show_some(bench, dataset)
    show_findings(bench, dataset, report)
    _show_import(dataset)


def _show_some(bench: Workbench, dataset: DatasetSummary) -> None:
    """A few pictures of each class in turn; pressing one opens all of its class."""
    shown = remembered("some_pictures", (dataset.id, dataset.version), lambda: _some_of_each(bench, dataset))
    tiles = [replace(tile(picture, ""), id=picture.label) for picture in shown]
    opened = gallery(tiles, key="some", label="Some of the pictures", action="See all of the class", tile=118)
    if opened in dataset.classes:
        show_only(label=opened)
        go_to(PICTURES)


def _some_of_each(bench: Workbench, dataset: DatasetSummary) -> list[Picture]:
    classes = list(dataset.classes)[:_SOME]
    each = -(-_SOME // len(classes))
    pages = [bench.datasets.pictures(dataset.id, label=label, limit=each).pictures for label in classes]
    return [picture for turn in zip_longest(*pages) for picture in turn if picture is not None][:_SOME]


def _show_import(dataset: DatasetSummary) -> None:
    """What the import behind this version had to say, besides what became findings."""
    notices = [md(notice, 400) for notice in dataset.notices]
    if notices:
        listed = notices[0] if len(notices) == 1 else "\n".join(f"- {notice}" for notice in notices)
        st.info(listed, icon=":material/info:")
    if dataset.ignored_count:
        quiet(f"{count(dataset.ignored_count, 'system file')} (such as .DS_Store) left aside.")
