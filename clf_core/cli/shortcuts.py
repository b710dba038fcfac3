"""The command that asks whether a run answers by the background."""

import argparse

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.results.shortcut import View

_VIEW_WORDS: dict[View, str] = {
    "whole": "whole pictures",
    "evidence": "only where the heatmap is strong",
    "rest": "all but that",
    "centre": "only the middle",
    "border": "only the border",
    "background": "only the background, which is neither",
}


def shortcut(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """shortcut RUN"""
    with console.bar() as bar:
        report = workbench.shortcuts.check(
            options.run, lambda done, total: bar.show("Looking at pictures in part", done, total)
        )
    console.say(f"{report.headline}.")
    for sentence in report.sentences:
        console.say(sentence)
    for score in report.views:
        console.say(
            f"  {_VIEW_WORDS[score.view]}: {score.right:,} of {score.n:,} right, {score.accuracy:.0%} averaged over "
            f"the classes (95 % interval {score.low:.0%} to {score.high:.0%})"
        )
    console.result(report.model_dump(mode="json"))
