"""Two runs side by side: which is better and whether that is luck, then where they differ and why that may be."""

from collections.abc import Callable, Sequence

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import RunSummary
from clf_core.results.comparison import ComparedClass, ComparedPicture, Comparison, PairedFigures, PairKind
from pages.components.compare_charts import difference_chart, draw_curves, draw_test_curves
from pages.components.escaping import md, plain
from pages.components.heading import quiet, title
from pages.components.history import in_words
from pages.components.parts import Tile, gallery
from pages.components.problems import show_error, told_in_words
from pages.components.runlist import show_runs
from pages.components.search_charts import plot_config
from pages.components.serving import thumbnail_url
from pages.components.settings import LABELS
from pages.components.words import count, percent

_PICTURES = 48


def show_comparison(bench: Workbench, first: str, second: str) -> None:
    """Draw the whole page for two runs, given by name or identifier."""
    try:
        found = bench.comparison.compare(first, second)
    except ClfError as error:
        title("These two cannot be compared")
        show_error(error)
        _way_back()
        return
    title(md(found.figures.headline, 300) if found.figures else "They share no test pictures")
    if found.figures:
        st.markdown(md(found.figures.words, 500))
    if found.cautions:
        quiet(" ".join(md(sentence, 400) for sentence in found.cautions))
    _way_back()
    show_runs(bench, [found.first, found.second], key="compared")
    tabs = st.tabs(list(_TABS), key="compare_view", on_change="rerun")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        with tab:
            if tab.open:
                draw(bench, found)


def _way_back() -> None:
    if st.button("All runs", icon=":material/arrow_back:", key="all_runs"):
        st.query_params.clear()
        st.rerun()


def _show_pictures(bench: Workbench, found: Comparison) -> None:
    """The pictures only one of them, or neither, gets right. A fragment."""
    with told_in_words():
        if found.figures is None:
            st.markdown("There is no picture that both were tested with.")
            return
        kinds, totals = _kinds(found, found.figures), _totals(found.figures)
        first_told: PairKind = next((kind for kind, total in totals.items() if total), "only_first")
        pair = f"{found.first.id}_{found.second.id}"
        chosen = st.segmented_control(
            "Who is right",
            list(kinds),
            default=first_told,
            required=True,
            format_func=kinds.__getitem__,
            key=f"right_{pair}",
        )
        kind: PairKind = chosen or first_told
        pages = -(-totals[kind] // _PICTURES)
        number = st.pagination(pages, key=f"pairs_page_{kind}_{pair}") if pages > 1 else 1
        page = bench.comparison.pictures(found.first.id, found.second.id, kind, (number - 1) * _PICTURES, _PICTURES)
        if not page.total:
            st.markdown("There is no such picture.")
            return
        quiet(
            f"1 is {md(found.first.name, 60)}, 2 is {md(found.second.name, 60)}. The wrong answers given with most "
            "certainty come first. Choose a picture to see where the run that was wrong looked."
        )
        # The heatmap that explains a mistake is that of the run that made it.
        wrong = found.first if kind == "only_second" else found.second
        opened = gallery(
            [_tile(picture, found) for picture in page.pictures],
            key=f"pairs_{kind}",
            label="Test pictures with both answers",
            action="Explain",
            tile=160,
        )
        if opened:
            st.switch_page("explain.py", query_params={"run": wrong.id, "picture": opened})


def _kinds(found: Comparison, figures: PairedFigures) -> dict[PairKind, str]:
    return {
        "only_first": f"Only {md(found.first.name, 40)} ({figures.only_first:,})",
        "only_second": f"Only {md(found.second.name, 40)} ({figures.only_second:,})",
        "neither": f"Neither ({figures.neither:,})",
    }


def _totals(figures: PairedFigures) -> dict[PairKind, int]:
    return {"only_first": figures.only_first, "only_second": figures.only_second, "neither": figures.neither}


def _tile(picture: ComparedPicture, found: Comparison) -> Tile:
    said = (
        f"{found.first.name}: {picture.said_first} ({percent(picture.probability_first)})",
        f"{found.second.name}: {picture.said_second} ({percent(picture.probability_second)})",
    )
    return Tile(
        id=picture.sha256,
        src=thumbnail_url(picture.sha256),
        alt=f"{picture.true}. {said[0]}. {said[1]}",
        title=picture.true,
        note=f"1: {picture.said_first} ({percent(picture.probability_first)}) · "
        f"2: {picture.said_second} ({percent(picture.probability_second)})",
    )


def _show_classes(_bench: Workbench, found: Comparison) -> None:
    """Share found of each class by each run, and the difference with its interval."""
    if found.figures is None:
        st.markdown("There is no picture that both were tested with.")
        return
    figures = found.figures
    st.markdown("How many more of 100 pictures the second run finds than the first, with the range to expect.")
    st.plotly_chart(
        difference_chart(figures, found.first.name, found.second.name),
        config=plot_config(),
        key="differences",
        alt="Difference between the two runs, over all pictures and for each class, with its 95 % interval",
    )
    clear = [score.name for score in figures.classes if score.clear]
    if len(figures.classes) > 1:
        quiet(
            f"With {count(len(figures.classes), 'class', 'classes')} looked at, "
            + (
                f"the difference is clear for {md(_listed(clear), 200)}."
                if clear
                else "none differs clearly by itself."
            )
        )
    st.dataframe(
        class_rows(figures.classes, found.first, found.second),
        hide_index=True,
        alt="Share found of each class by each of the two runs",
    )
    quiet(_how_judged(figures))


def class_rows(classes: Sequence[ComparedClass], first: RunSummary, second: RunSummary) -> list[dict[str, str | int]]:
    """Return one row for each class in words."""
    ours, theirs = _columns(first, second)
    return [
        {
            "Class": plain(score.name),
            "Test pictures": score.support,
            ours: percent(score.recall_first, 1),
            theirs: percent(score.recall_second, 1),
            "Difference": f"{100 * score.difference:+.1f}",
            "95 % interval": f"{100 * score.low:+.1f} to {100 * score.high:+.1f}",
            "Clear": "yes" if score.clear else "no",
        }
        for score in classes
    ]


def _columns(first: RunSummary, second: RunSummary) -> tuple[str, str]:
    """Headings of the two runs, which differ even where the names are cut alike."""
    return f"1: {plain(first.name, 30)}", f"2: {plain(second.name, 30)}"


def _how_judged(figures: PairedFigures) -> str:
    return (
        f"Only pictures that one of the two gets right tell them apart: {figures.only_first:,} and "
        f"{figures.only_second:,} here. Were both equally good, luck alone would do this or more in "
        f"{percent(figures.p_value, 1)} of such tests (McNemar's test, mid-p). Which classifier is better is settled "
        "by this, not which settings are: another seed may turn out otherwise."
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown


def _show_settings(_bench: Workbench, found: Comparison) -> None:
    """In which settings they differ, and what they learned from."""
    ours, theirs = _columns(found.first, found.second)
    if found.settings:
        st.dataframe(
            [
                {"Setting": _label(row.field), ours: plain(row.first), theirs: plain(row.second)}
                for row in found.settings
            ],
            hide_index=True,
            alt="Settings in which the two runs differ",
        )
        if {row.field for row in found.settings} == {"seed"}:
            quiet("Only the seed differs: what sets the two apart is what luck alone does to a training.")
    else:
        st.markdown("Their settings are the same.")
    st.markdown(md(found.data.words, 300))
    if found.data.versions is not None:
        st.markdown(f"Between the two versions: {in_words(found.data.versions)}")


def _label(field: str) -> str:
    group, _, inner = field.partition(".")
    return LABELS.get(field) or (
        f"Variants: {inner.replace('_', ' ')}" if group == "augment" else field.replace("_", " ")
    )


def _show_test_curves(bench: Workbench, found: Comparison) -> None:
    """Curves of both on their test pictures, where both runs kept their answers."""
    if not found.shared.same:
        quiet("Each is drawn for all of its own test pictures, which are not the same ones.")
    try:
        draw_test_curves(bench, found.first, found.second)
    except ClfError as error:
        show_error(error)


_TABS: dict[str, Callable[[Workbench, Comparison], None]] = {
    "Pictures": lambda bench, found: st.fragment(_show_pictures)(bench, found),
    "Classes": _show_classes,
    "Curves": _show_test_curves,
    "Training": lambda bench, found: draw_curves(bench, found.first, found.second),
    "Settings and data": _show_settings,
}
