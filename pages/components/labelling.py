"""Looking at the pictures of a dataset and labelling them: filters, pages, and marks that become one version."""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError

from clf_core.api import Workbench
from clf_core.errors import NotFoundError, StateError
from clf_core.results import DatasetSummary, HealthReport, Order, Picture, PictureEdit, PicturePage, Shown, Suspect
from clf_core.values import SPLITS, Split
from pages.components.changes import done, who
from pages.components.escaping import plain
from pages.components.heading import quiet
from pages.components.parts import labeller
from pages.components.picture import LEFT_OUT_BY_HAND, look_closer
from pages.components.problems import show_error, told_in_words
from pages.components.serving import thumbnail_url
from pages.components.words import SPLIT_WORDS, count

PAGE = 60  # fills rows of 2, 3, 4, 5, 6 and 10
_PART = "labeller"
_REFUSED = "save_refused"
_FILTERS = {
    "text": "gallery_text",
    "label": "gallery_label",
    "split": "gallery_split",
    "finding": "gallery_finding",
    "shown": "gallery_shown",
    "order": "gallery_order",
}
_FIELD = 180  # pixels: one below the other at the left of the pictures, two side by side on a phone
_SHOWN_WORDS: dict[Shown, str] = {"in use": "In use", "left out": "Left out", "all": "Both"}
_ORDER_WORDS: dict[Order, str] = {
    "import": "As they came",
    "name": "By file name",
    "suspicion": "Most suspicious first",
}


@dataclass(frozen=True)
class Filters:
    """Which pictures, and in which order."""

    text: str = ""
    label: str | None = None
    split: Split | None = None
    finding: str | None = None
    shown: Shown = "in use"
    order: Order = "import"


def show_only(**wanted: str) -> None:
    """Set the gallery's filters to these alone, before they are drawn: ``show_only(finding='dark')``."""
    clear_filters()
    for name, value in wanted.items():
        st.session_state[_FILTERS[name]] = value


def clear_filters() -> None:
    """Show everything. Set, not removed: the browser would send again what it shows."""
    for name, key in _FILTERS.items():
        st.session_state[key] = getattr(Filters(), name)


def keep_filters() -> None:
    """Keep the filters while another part of the page is open; Streamlit forgets widgets that are not drawn."""
    for key in _FILTERS.values():
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def show_gallery(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """Pictures with filters at the left, pages, and everything one can do to them. A fragment."""
    with told_in_words():
        left, right = st.columns([1, 4], gap="medium")
        with left, st.container(horizontal=True, gap="small", key="gallery_filters"):
            filters = _choose_filters(dataset, report)
        with right:
            _show_page(bench, dataset, report, filters)


def _choose_filters(dataset: DatasetSummary, report: HealthReport) -> Filters:
    _forget_impossible(dataset, report)
    text = st.text_input(
        "Search", placeholder="File or class name", icon=":material/search:", key=_FILTERS["text"], width=_FIELD
    )
    label = _choose("Class", "label", list(dataset.classes), lambda name: plain(name, 60), "All classes")
    splits = [split for split in SPLITS if dataset.splits.get(split)]
    split = _choose("Used", "split", splits, SPLIT_WORDS.__getitem__, "For anything")
    titles: dict[str, str] = {finding.kind: plain(finding.title, 60) for finding in report.findings if finding.examples}
    kind = _choose("Finding", "finding", list(titles), titles.__getitem__, "With or without") if titles else None
    shown: Shown = "in use"
    order: Order = "suspicion"
    if not kind:
        shown = st.selectbox(
            "Show", list(_SHOWN_WORDS), format_func=_SHOWN_WORDS.__getitem__, key=_FILTERS["shown"], width=_FIELD
        )
        plain_orders: list[Order] = ["import", "name"]
        order = st.selectbox(
            "Order", plain_orders, format_func=_ORDER_WORDS.__getitem__, key=_FILTERS["order"], width=_FIELD
        )
    return Filters(text.strip(), label, split, kind, shown, order)


def _choose(label: str, name: str, options: list[Any], words: Any, everything: str) -> Any:
    return st.selectbox(
        label, options, index=None, placeholder=everything, format_func=words, key=_FILTERS[name], width=_FIELD
    )


def _forget_impossible(dataset: DatasetSummary, report: HealthReport) -> None:
    """A class that was renamed or a finding that was mended can be asked for no more."""
    known: dict[str, set[str]] = {
        "label": set(dataset.classes),
        "split": {split for split in SPLITS if dataset.splits.get(split)},
        "finding": {finding.kind for finding in report.findings if finding.examples},
    }
    for name, values in known.items():
        if st.session_state.get(_FILTERS[name]) not in {None, *values}:
            del st.session_state[_FILTERS[name]]


def _show_page(bench: Workbench, dataset: DatasetSummary, report: HealthReport, filters: Filters) -> None:
    key = f"gallery_page_{dataset.id}_{filters!r}"
    number = max(1, int(st.session_state.get(key) or 1))
    page, suspects = _find(bench, dataset, filters, number)
    pages = -(-page.total // PAGE)
    if number > max(1, pages):
        number = max(1, pages)
        st.session_state[key] = number
        page, suspects = _find(bench, dataset, filters, number)
    if not page.total:
        _show_nothing(dataset, filters)
        return
    order = " · most suspicious first" if filters.finding else ""
    quiet(f"{count(page.total, 'picture')}{order}" + (f" · page {number:,} of {pages:,}" if pages > 1 else ""))

    _show_refused(bench, dataset)

    def turn() -> None:
        step = st.session_state[_PART].turn
        st.session_state[key] = min(max(1, number + (1 if step == 1 else -1)), pages)

    shown = labeller(_data(dataset, page, suspects), key=_PART, turn=turn)
    if pages > 1:
        st.pagination(pages, key=key)
    _keep_marks(dataset, shown.marks)
    if shown.save:
        _save(bench, dataset, shown.save)
    if shown.open in {picture.id for picture in page.pictures}:
        look_closer(bench, dataset, shown.open, _found(report, filters, shown.open, suspects))


def _find(
    bench: Workbench, dataset: DatasetSummary, filters: Filters, number: int
) -> tuple[PicturePage, dict[int, Suspect]]:
    """The pictures of one page, and what makes each suspicious where a finding is asked for."""
    offset = (number - 1) * PAGE
    try:
        if filters.finding:
            return bench.health.pictures(
                dataset.id,
                filters.finding,  # type: ignore[arg-type]  # one of the report's kinds
                label=filters.label,
                split=filters.split,
                text=filters.text,
                offset=offset,
                limit=PAGE,
            )
        page = bench.datasets.pictures(
            dataset.id,
            label=filters.label,
            split=filters.split,
            shown=filters.shown,
            text=filters.text,
            order=filters.order,
            offset=offset,
            limit=PAGE,
        )
    except NotFoundError:  # the class is gone since the page was drawn
        return PicturePage(total=0, pictures=()), {}
    return page, {}


def _show_nothing(dataset: DatasetSummary, filters: Filters) -> None:
    """No picture matches: why, and the way out."""
    with st.container(border=True, height=220, horizontal_alignment="center", vertical_alignment="center"):
        if filters == Filters() and dataset.excluded:
            quiet("Every picture is left out of use.", centred=True)
            st.button("Show those left out", on_click=show_only, kwargs={"shown": "left out"})
        elif filters.shown == "left out" and not dataset.excluded:
            quiet("No picture is left out.", centred=True)
            st.button("Show those in use", on_click=clear_filters)
        else:
            quiet("No pictures match.", centred=True)
            st.button("Clear the filters", icon=":material/filter_alt_off:", on_click=clear_filters)


def _data(dataset: DatasetSummary, page: PicturePage, suspects: dict[int, Suspect]) -> dict[str, Any]:
    return {
        "items": [_item(picture, suspects.get(picture.id)) for picture in page.pictures],
        "classes": [[name, plain(name, 60)] for name in dataset.classes],
        "splits": SPLIT_WORDS,
        "reason": LEFT_OUT_BY_HAND,
        "label": "Pictures",
        "epoch": _epoch(dataset),
        "marks": st.session_state.get(_marks_key(dataset), []),
    }


def _item(picture: Picture, suspect: Suspect | None) -> dict[str, Any]:
    return {
        "id": picture.id,
        "src": thumbnail_url(picture.sha256),
        "label": picture.label,
        "split": picture.split,
        "excluded": plain(picture.excluded),
        "name": plain(picture.source_name.rsplit("/", 1)[-1], 80),
        "suggestion": suspect.suggestion if suspect else "",
    }


def _found(report: HealthReport, filters: Filters, number: int, suspects: dict[int, Suspect]) -> Any:
    """What the health check says of one picture, the finding looked at first."""
    by_kind = {finding.kind: finding for finding in report.findings}
    first = [(by_kind[kind], suspects[number]) for kind in by_kind if kind == filters.finding and number in suspects]
    others = [
        (finding, suspect)
        for finding in report.findings
        for suspect in finding.examples
        if suspect.id == number and finding.kind != filters.finding
    ]
    return [*first, *others]


def _marks_key(dataset: DatasetSummary) -> str:
    return f"marks_{dataset.id}"


def _epoch(dataset: DatasetSummary) -> str:
    """Changes whenever the marks are to be forgotten: saved, or another dataset."""
    return f"{dataset.id}-{st.session_state.get('marks_epoch', 0)}"


def _keep_marks(dataset: DatasetSummary, told: Any) -> None:
    """Keep what is not saved yet while another part of the page is open."""
    if isinstance(told, dict) and told.get("epoch") == _epoch(dataset):
        st.session_state[_marks_key(dataset)] = [mark.model_dump(exclude_none=True) for mark in read_marks(told)]


def _save(bench: Workbench, dataset: DatasetSummary, told: Any) -> None:
    """Make one version of all marks; where the locked test split stands in the way, ask first."""
    if not isinstance(told, dict) or told.get("epoch") != _epoch(dataset):
        return
    _keep_marks(dataset, told)
    try:
        _apply(bench, dataset)
    except StateError as error:
        st.session_state[_REFUSED] = (_epoch(dataset), error)
        st.rerun()


def _apply(bench: Workbench, dataset: DatasetSummary, *, unlock: bool = False) -> None:
    edits = [PictureEdit(**mark) for mark in st.session_state.get(_marks_key(dataset), [])]
    if not edits:
        return
    made = bench.editing.apply(dataset.id, edits, unlock=unlock, who=who())
    st.session_state["marks_epoch"] = st.session_state.get("marks_epoch", 0) + 1
    st.session_state.pop(_marks_key(dataset), None)
    st.session_state.pop(_REFUSED, None)
    done(dataset, made)


def _show_refused(bench: Workbench, dataset: DatasetSummary) -> None:
    """The marks would change the locked test split: why that matters, and the way to do it all the same."""
    epoch, error = st.session_state.get(_REFUSED, ("", None))
    if epoch != _epoch(dataset):
        return
    show_error(error)
    with st.container(horizontal=True):
        if st.button("Move them all the same", icon=":material/lock_open:", key="unlock"):
            _apply(bench, dataset, unlock=True)
        if st.button("Go on editing", type="tertiary", key="keep_lock"):
            del st.session_state[_REFUSED]
            st.rerun()


def read_marks(told: dict[str, Any]) -> list[PictureEdit]:
    """Read what the browser sent; what is not an edit is passed over."""
    marks = told.get("marks")
    edits = []
    for mark in marks if isinstance(marks, list) else []:
        try:
            edits.append(PictureEdit.model_validate(mark, strict=True))
        except ValidationError:
            continue
    return edits
