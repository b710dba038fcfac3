"""The commands about datasets: one call to the facade, then the answer in sentences and as JSON."""

import argparse
from pathlib import Path
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.words import class_words, counted
from clf_core.results import DatasetSummary, ImportReport

_SAMPLE = "sample:"
_SHOWN_SKIPPED = 10


def import_pictures(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets import SOURCE --name NAME"""
    if options.source.startswith(_SAMPLE):
        report = workbench.imports.sample(options.source.removeprefix(_SAMPLE), options.name)
    else:
        with console.bar() as bar:
            report = workbench.imports.path(
                Path(options.source),
                options.name,
                progress=lambda done, total, _skipped: bar.show("Reading", done, total, "file"),
            )
    say_import(report, console)
    console.result(report.model_dump(mode="json"))


def listing(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets list"""
    datasets = workbench.datasets.list()
    for dataset in datasets:
        console.say(f"{dataset.name}: {counted(dataset.pictures, 'picture')} in {class_words(dataset.classes)}")
    if not datasets:
        console.say("There are no datasets yet. 'datasets import SOURCE --name NAME' makes one.")
    console.result({"datasets": [_as_json(dataset) for dataset in datasets]})


def show(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets show NAME"""
    dataset = workbench.datasets.get(options.dataset)
    console.say(f"'{dataset.name}', version {dataset.version}: {counted(dataset.pictures, 'picture')}")
    for name, splits in dataset.class_splits.items():
        console.say(f"  {name}: " + ", ".join(f"{count} {split}" for split, count in splits.items()))
    for notice in (*dataset.notices, *workbench.datasets.problems_before_training(dataset.id)):
        console.say(notice)
    console.result(_as_json(dataset))


def samples(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets samples"""
    cards = workbench.imports.samples()
    for sample in cards:
        console.say(f"{_SAMPLE}{sample.key}: {sample.title}. {sample.description}")
    console.result({"samples": [sample.model_dump(mode="json") for sample in cards]})


def say_import(report: ImportReport, console: Console) -> None:
    """Say what became of every file."""
    console.say(f"'{report.dataset}': {counted(report.accepted, 'picture')} in {class_words(report.classes)}.")
    for notice in report.notices:
        console.say(notice)
    if report.ignored_count:
        console.say(f"{counted(report.ignored_count, 'system file')} such as __MACOSX or dot files left aside.")
    if report.skipped:
        console.say(f"{counted(report.skipped_count, 'file')} skipped:")
        for skipped in report.skipped[:_SHOWN_SKIPPED]:
            console.say(f"  {skipped.name}: {skipped.reason}")
        if report.skipped_count > _SHOWN_SKIPPED:
            console.say(f"  … and {report.skipped_count - _SHOWN_SKIPPED} more")


def _as_json(dataset: DatasetSummary) -> dict[str, Any]:
    fields = dataset.model_dump(mode="json", exclude={"id", "name"})
    return {
        "dataset": dataset.name,
        "dataset_id": dataset.id,
        **fields,
        "skipped_count": len(dataset.skipped),
    }
