"""The command evaluate: the verdict in sentences, then the figures behind it."""

import argparse
from pathlib import Path

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.words import counted
from clf_core.errors import InputError, StateError
from clf_core.results import CalibrationReport, Verdict
from clf_core.results.figures import Figures, Ratio
from clf_core.results.slices import SliceReport

_MOST_CLASSES = 40


def evaluate(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """evaluate RUN [--slices] [--table FILE | --forget-table]"""
    verdict, report = workbench.evaluation.verdict(options.run), workbench.evaluation.report(options.run)
    _say_verdict(verdict, console)
    slices = _slices(options, workbench)
    if slices is not None:
        _say_slices(slices, console, every=options.slices)
    figures = _figures(options.run, workbench)
    if figures is not None:
        _say_figures(figures, console)
    if report.calibration is not None:
        _say_calibration(report.calibration, console)
    console.say(workbench.comparison.looks([workbench.runs.get(options.run).dataset_id]).words)
    kept = {} if figures is None else {"figures": figures.model_dump(mode="json", exclude={"curves"})}
    if slices is not None:
        kept["slices"] = slices.model_dump(mode="json")
    console.result({**report.model_dump(mode="json"), "summary": verdict.model_dump(mode="json"), **kept})


def _slices(options: argparse.Namespace, workbench: Workbench) -> SliceReport | None:
    if options.table is not None:
        return workbench.slices.keep(options.run, _read(options.table), options.table.name)
    if options.forget_table:
        workbench.slices.forget(options.run)
    try:
        return workbench.slices.of(options.run)
    except StateError:  # a run of an earlier version
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The table {path.name} cannot be read", why=error.strerror or "", remedy="Give the path of a CSV file"
        ) from error


def _say_slices(report: SliceReport, console: Console, *, every: bool) -> None:
    for notice in report.notices:
        console.say(notice)
    console.say(f"Kinds of pictures: {report.words}")
    for found in report.slices if every else ():
        console.say(
            f"  {found.attribute}, {found.name}: {found.correct:,} of {counted(found.count, 'picture')} right "
            f"({found.accuracy:.3f}, {found.low:.3f} to {found.high:.3f}), of the others {found.others:.3f}"
            + (", clearly worse" if found.clearly_worse else "")
        )


def _figures(run: str, workbench: Workbench) -> Figures | None:
    try:
        return workbench.figures.of(run)
    except StateError:  # a run of an earlier version
        return None


def _say_verdict(verdict: Verdict, console: Console) -> None:
    for sentence in (verdict.accuracy, verdict.baseline, *verdict.cautions):
        console.say(sentence)
    if verdict.weakest:
        console.say("Weakest classes:")
    for weak in verdict.weakest:
        console.say(f"  {weak.words}")
    if verdict.mix_up is not None:
        console.say(f"Most often confused: {verdict.mix_up.words}")
    if verdict.next_step is not None:
        console.say(f"Next: {verdict.next_step.title}. {verdict.next_step.why}")


def _say_figures(figures: Figures, console: Console) -> None:
    console.say(f"Macro F1 {_ratio(figures.macro_f1)}")
    for one in figures.classes[:_MOST_CLASSES]:
        known = ", ".join(
            f"{name} {_ratio(ratio)}"
            for name, ratio in (("precision", one.precision), ("recall", one.recall), ("F1", one.f1))
            if ratio.value is not None
        )
        console.say(f"  {one.name}: {counted(one.support, 'picture')}" + (f", {known}" if known else ""))
    left = len(figures.classes) - _MOST_CLASSES
    if left > 0:
        console.say(f"  and {left:,} more classes; --json gives all")


def _say_calibration(calibration: CalibrationReport, console: Console) -> None:
    before, after = calibration.before, calibration.after
    if not calibration.fitted_on:
        console.say(f"NLL {after.nll:.3f}, Brier {after.brier:.3f}, ECE {after.ece:.3f} ({calibration.bins} bins)")
        return
    console.say(
        f"Temperature {calibration.temperature:.2f}, fitted on {counted(calibration.fitted_on, 'validation picture')}: "
        f"NLL {before.nll:.3f} -> {after.nll:.3f}, Brier {before.brier:.3f} -> {after.brier:.3f}, "
        f"ECE {before.ece:.3f} -> {after.ece:.3f} ({calibration.bins} bins)"
    )


def _ratio(ratio: Ratio) -> str:
    if ratio.value is None or ratio.low is None or ratio.high is None:
        return "unknown"
    return f"{ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"
