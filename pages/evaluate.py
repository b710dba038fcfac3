"""How good a run is on pictures it has never seen: the verdict first, the evidence under it."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.results import EvaluationReport, RunSummary
from pages.components.changes import show_note
from pages.components.doubt import show_doubt
from pages.components.escaping import md
from pages.components.evaluate_tabs import (
    CLASSES,
    CURVES,
    DOUBT,
    FIGURES,
    MISTAKES,
    MIXUPS,
    SHORTCUT,
    SLICES,
    TAB_KEY,
    open_tab,
)
from pages.components.evidence import show_classes, show_curves_of, show_figures
from pages.components.heading import head, quiet, title
from pages.components.insights import begin_insights, follow_insights
from pages.components.mistakes import show_mistakes
from pages.components.mixups import show_mixups
from pages.components.pickers import choose_finished_run, remembered
from pages.components.problems import told_in_words
from pages.components.proposals import show_next_step, show_proposals
from pages.components.runlist import go_to_run
from pages.components.shortcut import show_finding, show_shortcut
from pages.components.slice_view import show_slices
from pages.components.starting import empty_page
from pages.components.tested import dataset_now
from pages.components.verdict import show_verdict
from pages.components.ways_in import ask_for_pictures
from pages.components.words import score
from pages.components.workbench import workbench


def show_untested(run: RunSummary, place: DeltaGenerator) -> None:
    """A run whose dataset had no test pictures: why nothing stands here, and what can be done all the same."""
    title(f"{md(run.name, 60)} was not tested", place)
    st.markdown(
        f"The dataset **{md(run.dataset, 60)}** had no test pictures, so there is nothing to judge it by. Add more "
        "pictures of each class and train again, or look at its answers on pictures of your own."
    )
    with st.container(horizontal=True):
        if st.button("Try it on your own picture", type="primary", icon=":material/image_search:"):
            go_to_run("predict.py", run.id)
        if st.button("Add pictures", icon=":material/add_photo_alternate:"):
            ask_for_pictures(run.dataset_id, "")
            st.switch_page("data.py", query_params={"dataset": run.dataset_id})


def show_changes(bench: Workbench, run: RunSummary) -> None:
    """What was just done to the dataset, with the way back, and whether it has moved on since this run."""
    dataset = dataset_now(bench, run)
    if dataset is None:
        return
    show_note(bench, dataset)
    if dataset.version <= run.version:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        quiet(
            f"It learned from version {run.version} of {md(dataset.name, 60)}, which is at version {dataset.version} "
            "now. What stands here is of the version it learned from."
        )
        if st.button("Train on the newest version", type="tertiary", icon=":material/model_training:"):
            query = {"dataset": dataset.id, "preset": run.preset, "new": "1"}
            st.switch_page("train.py", query_params=query)


def show_evidence(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """What the verdict rests on, a part at a time; only the open one is worked out."""
    parts: dict[str, Callable[[], None]] = {
        MIXUPS: lambda: st.fragment(show_mixups)(bench, run, report),
        CLASSES: lambda: show_classes(bench, run, report),
        MISTAKES: lambda: st.fragment(show_mistakes)(bench, run),
        DOUBT: lambda: show_doubt(bench, run),
        CURVES: lambda: st.fragment(show_curves_of)(bench, run),
        SLICES: lambda: st.fragment(show_slices)(bench, run),
        SHORTCUT: lambda: show_shortcut(bench, run.id),
        FIGURES: lambda: show_figures(bench, run, report),
    }
    for tab, draw in zip(st.tabs(list(parts), key=TAB_KEY, on_change="rerun"), parts.values(), strict=True):
        with tab:
            if tab.open:
                draw()


def warn_of_background(bench: Workbench, run: RunSummary) -> None:
    """Say it at once where the model answers by what surrounds the things."""
    report = bench.shortcuts.report(run.id)
    if report is not None and report.verdict == "shortcut":
        show_finding(report)


def show(bench: Workbench, run: RunSummary, place: DeltaGenerator) -> None:
    """The whole page for one run."""
    if score(run) is None:
        show_untested(run, place)
        return
    report = bench.evaluation.report(run.id)
    known = (run.id, report.evaluated)  # with a thousand classes, working it out takes a noticeable time
    verdict = remembered("evaluate_verdict", known, lambda: bench.evaluation.verdict(run.id))
    title(f"How good is {md(run.name, 60)}?", place)
    show_changes(bench, run)
    if show_verdict(run.id, verdict, report, bench.comparison.looks([run.dataset_id])):
        open_tab(MIXUPS)
    show_next_step(bench, run, verdict.next_step)
    if st.button("Try it on your own picture", type="primary", icon=":material/image_search:"):
        go_to_run("predict.py", run.id)
    warn_of_background(bench, run)
    show_evidence(bench, run, report)
    show_proposals(bench, run, report, shown=verdict.next_step)
    with told_in_words():
        follow_insights(bench, run.id, begin_insights(bench, run.id))


bench = workbench()
left, right = head()
with right:
    current = choose_finished_run(bench)
if current is None:
    empty_page(
        bench, "Nothing to evaluate yet", "Once a run is done, its honest result on unseen pictures stands here."
    )
else:
    show(bench, current, left)
