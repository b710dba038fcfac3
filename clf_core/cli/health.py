"""The commands about the health of a dataset: what is wrong with its pictures, and mending it."""

import argparse
import time

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.editing import say_version
from clf_core.results import HealthReport

_POLL_SECONDS = 0.2
_SEVERITY_WORDS = {"serious": "serious", "look": "worth a look", "note": "good to know"}


def health(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets health DATASET [--wait]"""
    report = workbench.health.report(options.dataset)
    if options.wait and report.slow_checks != "done":
        report = _wait(options.dataset, workbench, console)
    console.say(f"Grade {report.grade}. {' '.join(report.reasons)}")
    for finding in report.findings:
        console.say(f"  {finding.kind} ({_SEVERITY_WORDS[finding.severity]}): {finding.title}. {finding.meaning}")
        if finding.fix:
            console.say(f"    'datasets fix {report.dataset_id} {finding.kind}': {finding.fix_effect}")
    if report.leak is not None:
        console.say(report.leak.sentence)
    if report.slow_note:
        console.say(report.slow_note)
    elif report.slow_checks != "done":
        console.say("Label suspects and outliers are looked for with --wait, which takes a while.")
    console.result(report.model_dump(mode="json"))


def fix(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets fix DATASET KIND"""
    say_version(workbench.health.fix(options.dataset, options.kind, who=options.who), console)


def _wait(dataset: str, workbench: Workbench, console: Console) -> HealthReport:
    """Start the slow checks and wait until they are done or have failed."""
    workbench.health.start_slow(dataset)
    with console.bar() as bar:
        while True:
            report = workbench.health.report(dataset)
            if report.slow_checks in ("done", "failed"):
                return report
            bar.show("Looking closely", report.slow_done, report.slow_total)
            time.sleep(_POLL_SECONDS)
