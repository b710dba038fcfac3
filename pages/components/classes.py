"""The classes of a dataset: how many pictures each has, other names, and several made into one."""

from collections.abc import Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import DatasetSummary
from clf_core.values import SPLITS
from pages.components.changes import CLASSES, PICTURES, TAB_KEY, done, go_to, who
from pages.components.escaping import md, plain
from pages.components.heading import quiet, section
from pages.components.labelling import show_only
from pages.components.parts import balance
from pages.components.problems import show_error, told_in_words
from pages.components.words import SPLIT_WORDS, count

_ROWS = 12
_FEW = 5  # pictures: below it a class can hardly be learned and not be judged


def show_classes(bench: Workbench, dataset: DatasetSummary) -> None:
    """Bars, then one row per class with its name to change. A fragment."""
    with told_in_words():
        with st.container(border=True):
            section("How many of each")
            balance(dataset, key="class_balance")
        section("Names", "A name is changed where it stands; press Enter when done.")
        names = _search(dataset)
        shown = _page(names, dataset)
        for name in shown:
            _show_row(bench, dataset, name)
        if not shown:
            quiet("No class of that name.")
        if len(dataset.classes) > 1:
            _offer_merge(bench, dataset)


def _search(dataset: DatasetSummary) -> list[str]:
    if len(dataset.classes) <= _ROWS:
        return list(dataset.classes)
    text = st.text_input(
        "Find a class", placeholder="Part of its name", icon=":material/search:", key="class_search", width=300
    )
    wanted = text.strip().casefold()
    return [name for name in dataset.classes if wanted in name.casefold()]


def _page(names: list[str], dataset: DatasetSummary) -> list[str]:
    pages = -(-len(names) // _ROWS)
    if pages <= 1:
        return names
    number = st.pagination(pages, key=f"class_page_{dataset.id}_{len(names)}")
    return names[(number - 1) * _ROWS : number * _ROWS]


def _show_row(bench: Workbench, dataset: DatasetSummary, name: str) -> None:
    # The version is part of the key: after a change, or a refused one, the field shows the name as it is.
    key = f"class_{dataset.id}_{dataset.version}_{name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        entered = st.text_input(
            f"Name of {md(name, 60)}", value=name, max_chars=200, key=key, label_visibility="collapsed", width=260
        )
        st.markdown(_numbers(dataset, name), width="stretch")
        if st.button("Pictures", key=f"see_{key}", type="tertiary", icon=":material/photo_library:"):
            show_only(label=name)
            go_to(PICTURES)
    if entered.strip() and entered.strip() != name:
        _rename(bench, dataset, name, entered.strip())


def _rename(bench: Workbench, dataset: DatasetSummary, old: str, new: str) -> None:
    """Rename; a name another class has means that the two are to become one, which is asked first."""
    if new not in dataset.classes:
        try:
            made = bench.editing.rename_class(dataset.id, old, new, who=who())
        except ClfError as error:
            show_error(error)
            return
        done(dataset, made)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"There is a class **{md(new, 60)}** already. Make the two one?")
        if st.button("Merge them", key=f"merge_{old}", icon=":material/merge:"):
            done(dataset, bench.editing.merge_classes(dataset.id, [old, new], new, who=who()))


def _numbers(dataset: DatasetSummary, name: str) -> str:
    """'12 pictures: 8 to learn from, …' and, where they are too few, what follows from it."""
    total = dataset.classes[name]
    splits = dataset.class_splits[name]
    parts = [f"{splits[split]:,} {SPLIT_WORDS[split]}" for split in SPLITS if splits.get(split)]
    words = f"{count(total, 'picture')} :gray[({', '.join(parts)})]"
    if total == 1:
        return f"{words}  \n:orange[Only one picture: it can be learned from, but not be tested with.]"
    if total < _FEW:
        return f"{words}  \n:orange[Very few: ten or more are a start.]"
    return words


def ask_to_merge(dataset: DatasetSummary, names: Sequence[str]) -> None:
    """Have the page of a dataset open where classes are merged, with these chosen."""
    st.session_state[TAB_KEY] = CLASSES
    st.session_state[f"merge_names_{dataset.version}"] = [name for name in names if name in dataset.classes]


def _offer_merge(bench: Workbench, dataset: DatasetSummary) -> None:
    with st.container(border=True):
        section("Make one class of several")
        names = st.multiselect(
            "Classes",
            list(dataset.classes),
            format_func=lambda name: plain(name, 60),
            placeholder="Choose two or more",
            key=f"merge_names_{dataset.version}",
        )
        into = st.selectbox(
            "Name of the one class",
            names,
            index=0 if names else None,
            format_func=lambda name: plain(name, 60),
            accept_new_options=True,
            placeholder="One of them, or a new name",
            key=f"merge_into_{dataset.version}",
        )
        missing = "Choose two classes or more" if len(names) < 2 else "" if into else "Give the class a name"
        label = f"Merge {count(len(names), 'class', 'classes')}" if len(names) > 1 else "Merge"
        if st.button(label, icon=":material/merge:", disabled=bool(missing), help=missing or None, key="merge"):
            done(dataset, bench.editing.merge_classes(dataset.id, names, str(into), who=who()))
