"""The command that puts two runs side by side."""

import argparse

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.words import counted
from clf_core.results.comparison import ComparedClass, Comparison, PairedFigures, PairKind

_CLASSES = 12
_PICTURES = 10


def compare(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs compare FIRST SECOND"""
    found = workbench.comparison.compare(options.first, options.second)
    if found.figures is not None:
        _say_figures(found.figures, console)
    for sentence in found.cautions:
        console.say(sentence)
    _say_difference(found, console)
    if found.figures is not None:
        _say_pictures(options, workbench, console)
    console.result(found.model_dump(mode="json"))


def _say_figures(figures: PairedFigures, console: Console) -> None:
    console.say(f"{figures.headline}. {figures.words}")
    console.say(
        f"  {counted(figures.n, 'test picture')}: both right {figures.both:,}, only the first {figures.only_first:,}, "
        f"only the second {figures.only_second:,}, neither {figures.neither:,}"
    )
    console.say(
        f"  difference {100 * figures.difference:+.1f} points, 95 % interval {100 * figures.low:+.1f} to "
        f"{100 * figures.high:+.1f}; McNemar's test (mid-p) p = {figures.p_value:.2g}"
    )
    differing = [score for score in figures.classes if score.only_first or score.only_second]
    for score in differing[:_CLASSES]:
        console.say(f"  {_class_words(score)}")


def _class_words(score: ComparedClass) -> str:
    told = ", clearly" if score.clear else ""
    return (
        f"{score.name}: {score.recall_first:.1%} and {score.recall_second:.1%} of {score.support:,} found, difference "
        f"{100 * score.difference:+.1f} points ({100 * score.low:+.1f} to {100 * score.high:+.1f}){told}"
    )


def _say_difference(found: Comparison, console: Console) -> None:
    console.say(found.data.words)
    if not found.settings:
        console.say("Their settings are the same.")
    for setting in found.settings:
        console.say(f"  {setting.field}: {setting.first} | {setting.second}")


def _say_pictures(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    kinds: tuple[tuple[PairKind, str], ...] = (("only_first", "first"), ("only_second", "second"))
    for kind, name in kinds:
        page = workbench.comparison.pictures(options.first, options.second, kind, limit=_PICTURES)
        if page.total:
            console.say(f"Only the {name} got these right ({page.total:,}):")
        for picture in page.pictures:
            console.say(
                f"  {picture.source_name}: {picture.true}; they said {picture.said_first} "
                f"({picture.probability_first:.0%}) and {picture.said_second} ({picture.probability_second:.0%})"
            )
