"""What the health check found, worst first: each with pictures, what it means, and the one press that mends it."""

from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import DatasetSummary, Finding, HealthReport, LeakCheck, Severity
from pages.components.changes import PICTURES, done, go_to, who
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.labelling import show_only
from pages.components.parts import gallery
from pages.components.picture import look_closer, tile
from pages.components.problems import told_in_words
from pages.components.words import count, interval, percent

GRADE_COLOURS = {"A": "green", "B": "green", "C": "orange", "D": "orange", "E": "red"}
_SEVERITY: dict[Severity, tuple[str, Any, str]] = {
    "serious": ("Settle this first", "red", ":material/priority_high:"),
    "look": ("Worth a look", "orange", ":material/visibility:"),
    "note": ("Good to know", "gray", ":material/info:"),
}
_EXAMPLES = 4
_NOT_PICTURES = ("unreadable", "imbalance", "few-pictures", "similar-names", "shortcut")  # they count something else
_TICK_SECONDS = 1.5
_UNFINISHED = ("waiting", "running")


def start_slow_checks(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """Start the checks that take a while, where they have not begun."""
    if report.slow_checks == "waiting" and dataset.pictures:
        bench.health.start_slow(dataset.id)


def show_grade(report: HealthReport) -> None:
    """The grade as a badge that tells its reasons when pressed."""
    colour = GRADE_COLOURS[report.grade]
    with st.popover(f":{colour}-badge[**Grade {report.grade}**]", help="How far the pictures can be trusted, and why"):
        st.markdown("**Why this grade**")
        st.markdown("\n".join(f"- {md(reason, 400)}" for reason in report.reasons))
        quiet("A is best. Serious findings weigh most; mending one often raises the grade.")


def show_findings(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """All findings as cards, and how far the slow checks are."""
    _show_slow_checks(bench, dataset, report)
    if not report.findings:
        _show_good_news(report)
    for finding in report.findings:
        _show_card(bench, dataset, report, finding)
    told = any(finding.kind == "split-leaks" for finding in report.findings)
    if report.leak and not told and (report.leak.leaked or report.leak.without_leak is not None):
        with st.container(border=True, key="finding_leak"):
            st.markdown("**What an honest split is worth here**" if report.leak.leaked else "**How well it may do**")
            _show_leak(report.leak)


def _show_good_news(report: HealthReport) -> None:
    finished = report.slow_checks == "done"
    with st.container(
        border=True, height=200, horizontal_alignment="center", vertical_alignment="center", key="good_news"
    ):
        st.markdown("## :green[:material/check_circle:]", text_alignment="center")
        st.markdown("**Nothing wrong found**" if finished else "**Nothing wrong so far**", text_alignment="center")
        quiet(
            "Copies, leaks between splits, broken, blank, dark and blurred pictures, imbalance and confusing class "
            "names were looked for.",
            centred=True,
        )


def _show_card(bench: Workbench, dataset: DatasetSummary, report: HealthReport, finding: Finding) -> None:
    words, colour, icon = _SEVERITY[finding.severity]
    with st.container(border=True, key=f"finding_{finding.kind}"):
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.badge(words, color=colour, icon=icon)
            st.markdown(f"#### {md(finding.title, 200)}")
            st.markdown(md(finding.meaning, 600))
            if finding.kind == "split-leaks" and report.leak:
                _show_leak(report.leak)
            _offer(bench, dataset, finding)
            if finding.kind == "unreadable":
                list_skipped(dataset)
        if finding.examples:
            with right:
                _show_examples(bench, dataset, report, finding)


def _offer(bench: Workbench, dataset: DatasetSummary, finding: Finding) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if finding.fix and st.button(
            md(finding.fix, 80),
            key=f"fix_{finding.kind}",
            icon=":material/auto_fix_high:",
            help=md(finding.fix_effect, 300) or None,
        ):
            done(dataset, bench.health.fix(dataset.id, finding.kind, who=who()))
        many = finding.count > _EXAMPLES and finding.kind not in _NOT_PICTURES
        words = f"See all {finding.count:,}" if many else "See them"
        if finding.examples and st.button(
            words, key=f"all_{finding.kind}", icon=":material/photo_library:", type="tertiary"
        ):
            show_only(finding=finding.kind)
            go_to(PICTURES)
    if finding.fix and finding.fix_effect:
        quiet(md(finding.fix_effect, 300))


def _show_examples(bench: Workbench, dataset: DatasetSummary, report: HealthReport, finding: Finding) -> None:
    suspects = {suspect.id: suspect for suspect in finding.examples[:_EXAMPLES]}
    # Numbers are of the version the report is about, which a change of somebody else may have left behind.
    pictures = bench.datasets.chosen(dataset.id, list(suspects), report.version)
    notes = {number: f"{suspect.suggestion}?" for number, suspect in suspects.items() if suspect.suggestion}
    opened = gallery(
        [tile(picture, notes.get(number)) for number, picture in pictures.items()],
        key=f"examples_{finding.kind}",
        label=f"Examples: {finding.title}",
        action="Look closer",
        tile=76,
    )
    if opened and opened.isdigit() and int(opened) in suspects:
        look_closer(bench, dataset, int(opened), [(finding, suspects[int(opened)])])


def list_skipped(dataset: DatasetSummary) -> None:
    """Every file of the import that could not be used, with the reason."""
    with st.expander("Which files, and why", icon=":material/list:", key="skipped", on_change="rerun") as listed:
        if listed.open:
            rows = [{"File": plain(item.name), "Reason": plain(item.reason)} for item in dataset.skipped]
            st.dataframe(rows, hide_index=True, alt="Skipped files with their reasons")


def _show_leak(leak: LeakCheck) -> None:
    """What the accuracy would look like with copies on both sides, and what it is without."""
    st.markdown(md(leak.sentence, 400))
    if leak.with_leak is None or leak.without_leak is None:
        return
    honest = (
        "Kept apart, as here" if leak.leaked else "Right, cross-validated",
        leak.without_leak,
        "What to expect on new pictures of the same kind: copies and groups never stand on both sides.",
    )
    naive = (
        "Copies on both sides",
        leak.with_leak,
        "What a split that ignores copies would have promised. Too good to be true where copies leak.",
    )
    with st.container(horizontal=True):
        for words, value, helped in (naive, honest) if leak.leaked else (honest,):
            st.metric(words, percent(value, 1), border=True, help=helped, width=210)
    quiet(_ranges(leak))


def _ranges(leak: LeakCheck) -> str:
    """The intervals in words, with what was counted."""
    naive = ("with copies on both sides", leak.with_leak_low, leak.with_leak_high)
    honest = ("kept apart" if leak.leaked else "", leak.without_leak_low, leak.without_leak_high)
    parts = [
        f"{words} {interval(low, high)}".strip()
        for words, low, high in ((naive, honest) if leak.leaked else (honest,))
        if low is not None and high is not None
    ]
    counted = f"Cross-validated on {count(leak.pictures, 'picture')}, test pictures not looked at."
    return f"{counted} 95 % interval{'s' if len(parts) > 1 else ''}: {', '.join(parts)}." if parts else counted


def _show_slow_checks(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """How far the slow checks are; the line keeps its place until they are done."""
    if report.slow_checks in _UNFINISHED and dataset.pictures:
        st.fragment(_draw_slow_progress, run_every=_TICK_SECONDS)(bench, dataset)
    elif report.slow_checks == "failed":
        with st.container(horizontal=True, vertical_alignment="center"):
            quiet(
                "Wrong labels and odd ones out were not looked for. " + md(report.slow_note or "The check failed.", 300)
            )
            if st.button("Try again", type="tertiary", icon=":material/refresh:", key="slow_again"):
                bench.health.start_slow(dataset.id)
                st.rerun()
    elif report.slow_note:
        quiet(md(report.slow_note, 300))


def _draw_slow_progress(bench: Workbench, dataset: DatasetSummary) -> None:
    with told_in_words():
        now = bench.health.report(dataset.id)
        if now.slow_checks not in _UNFINISHED:
            st.rerun()
        share = now.slow_done / now.slow_total if now.slow_total else 0.0
        words = f"{now.slow_done:,} of {now.slow_total:,} pictures" if now.slow_total else "starting"
        if share >= 1:
            words = "all pictures seen, now they are compared"
        st.progress(min(1.0, share), f"Still looking for wrong labels and odd ones out: {words}")
