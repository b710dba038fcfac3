"""How good a run is on pictures it has never seen: the verdict first, the evidence under it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.results import EvaluationReport, RunSummary, TestedPicture
from pages.components.charts import class_table, recall_chart
from pages.components.escaping import md
from pages.components.heading import head, quiet, title
from pages.components.parts import Tile, confusion_matrix, gallery, verdict
from pages.components.pickers import choose_finished_run
from pages.components.problems import told_in_words
from pages.components.proposals import show_proposals
from pages.components.runlist import go_to_run
from pages.components.serving import thumbnail_url
from pages.components.starting import empty_page
from pages.components.words import count, percent, score
from pages.components.workbench import workbench

_CELL_LIMIT = 60


def show_mixups(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """The matrix, and the pictures of the selected cell beside it."""
    with told_in_words():
        # Large matrices get the larger half.
        left, right = st.columns([1, 1] if len(report.classes) <= 5 else [3, 2], gap="large")
        with left:
            true, said = confusion_matrix(report, worst_cell(report), key=f"matrix_{run.id}")
        names = report.classes
        pictures = bench.evaluation.cell(run.id, names[true], names[said])
        with right:
            number = count(len(pictures), "picture")
            if true == said:
                st.markdown(f"**{number} of {md(names[true])}** recognised")
            else:
                st.markdown(f"**{number} of {md(names[true])}** taken for **{md(names[said])}**")
            if not pictures:
                quiet("No test picture fell into this cell.")
            show_tested(run, pictures[:_CELL_LIMIT], key="cell")
            if len(pictures) > _CELL_LIMIT:
                quiet(f"The first {_CELL_LIMIT} are shown.")


def worst_cell(report: EvaluationReport) -> tuple[int, int]:
    """The most frequent mix-up; the first cell when there is none."""
    cells = [
        (number, -row, -column)
        for row, line in enumerate(report.confusion_matrix)
        for column, number in enumerate(line)
        if row != column and number
    ]
    _, row, column = max(cells, default=(0, 0, 0))
    return -row, -column


def show_tested(run: RunSummary, pictures: "tuple[TestedPicture, ...]", *, key: str) -> None:
    """Test pictures with what the model said; a click opens the heatmap."""
    opened = gallery(
        [_tile(picture) for picture in pictures], key=key, label="Test pictures", action="Explain", tile=132
    )
    if opened:
        st.switch_page("explain.py", query_params={"run": run.id, "picture": opened})


def _tile(picture: TestedPicture) -> Tile:
    right = picture.true == picture.predicted
    return Tile(
        id=picture.sha256,
        src=thumbnail_url(picture.sha256),
        alt=f"{picture.true}, the model said {picture.predicted} ({percent(picture.probability)})",
        title=picture.predicted,
        note=f"{percent(picture.probability)} sure" + ("" if right else f", true: {picture.true}"),
        tone="right" if right else "wrong",
    )


def show_classes(report: EvaluationReport) -> None:
    """Precision, recall and F1 of each class, with the interval of the recall drawn."""
    st.markdown("Of the pictures of each class, how many were found (recall), with the range to expect on new ones.")
    st.plotly_chart(
        recall_chart(report), config={"displayModeBar": False}, alt="Recall of each class with its 95 % interval"
    )
    st.dataframe(class_table(report), hide_index=True, alt="Precision, recall and F1 of each class")
    quiet(
        "Precision: of the pictures called this, the share that is. Recall: of the pictures of this class, the share "
        "found. F1: their harmonic mean. A dash means that there was nothing to count."
    )


def show_mistakes(bench: Workbench, run: RunSummary) -> None:
    """The gallery of wrong answers the model was surest of."""
    mistakes = bench.evaluation.mistakes(run.id)
    if not mistakes:
        st.markdown("No mistakes in this test.")
        return
    st.markdown("Wrong and sure of it. Look here first: a wrong label, an odd picture, or a real weakness?")
    show_tested(run, mistakes, key="mistakes")


def show_figures(report: EvaluationReport) -> None:
    """The figures a reader of the field asks for."""
    with st.container(horizontal=True):
        st.metric("Accuracy", percent(report.accuracy, 1), border=True, help=f"{report.correct} of {report.n}")
        st.metric(
            "Macro F1", f"{report.macro_f1:.3f}", border=True, help="Mean F1 of all classes, each counting alike."
        )
        st.metric(
            "NLL", f"{report.nll:.3f}", border=True, help="Mean negative log-likelihood in nats; smaller is better."
        )
        st.metric("Brier", f"{report.brier:.3f}", border=True, help="Squared distance to the truth, 0 to 2.")
        st.metric("ECE", f"{report.ece:.3f}", border=True, help=f"Expected calibration error, {report.ece_bins} bins.")
    quiet(
        f"Measured once, on {count(report.n, 'test picture')} the model had never seen. Looked at "
        f"{count(report.looks, 'time')}: the more often one chooses by these figures, the less honest they become."
    )


def show_untested(run: RunSummary, place: DeltaGenerator) -> None:
    """A run whose dataset had no test pictures: why nothing stands here, and what can be done all the same."""
    title(f"{md(run.name, 60)} was not tested", place)
    st.markdown(
        f"{md(run.dataset, 60)} had no test pictures, so there is nothing to judge it by. Bring a dataset with more "
        "pictures of each class and train again, or look at its answers on pictures of your own."
    )
    if st.button("Try it on your own picture", type="primary", icon=":material/image_search:"):
        go_to_run("predict.py", run.id)


def show(bench: Workbench, run: RunSummary, place: DeltaGenerator) -> None:
    """The whole page for one run."""
    if score(run) is None:
        show_untested(run, place)
        return
    report = bench.evaluation.report(run.id)
    title(f"How good is {md(run.name, 60)}?", place)
    verdict(report)
    if st.button("Try it on your own picture", type="primary", icon=":material/image_search:"):
        go_to_run("predict.py", run.id)
    tabs = st.tabs(["Mix-ups", "Classes", "Surest mistakes", "Figures"], key="view", on_change="rerun")
    mixups, classes, mistakes, figures = tabs
    with mixups:
        if mixups.open:
            st.fragment(show_mixups)(bench, run, report)
    with classes:
        if classes.open:
            show_classes(report)
    with mistakes:
        if mistakes.open:
            show_mistakes(bench, run)
    with figures:
        if figures.open:
            show_figures(report)
    show_proposals(bench, run, report)


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
