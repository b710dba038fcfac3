"""The commands about datasets: one call to the facade, then the answer in sentences and as JSON."""

import argparse
from pathlib import Path
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.models import check_output
from clf_core.cli.typed import in_words
from clf_core.cli.words import class_words, counted
from clf_core.config import ImportOptions, SplitConfig
from clf_core.results import DatasetSummary, ImportReport

_SAMPLE = "sample:"
_HUBS = ("hf:", "torchvision:")
_SHOWN_SKIPPED = 10


def import_pictures(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets import SOURCE --name NAME | --into DATASET"""
    imports, source = workbench.imports, options.source
    if source.startswith(_SAMPLE):
        report = imports.sample(source.removeprefix(_SAMPLE), options.name, into=options.into, who=options.who)
    else:
        with console.bar() as bar:
            how: dict[str, Any] = {
                "into": options.into,
                "options": _import_options(options, workbench),
                "who": options.who,
                "progress": lambda done, total, _skipped: bar.show("Reading", done, total, "file"),
            }
            if source.startswith(_HUBS):
                report = imports.hub(source, options.name or "", most=options.most, **how)
            else:
                report = imports.path(Path(source), options.name or "", **how)
    say_import(report, console)
    console.result(report.model_dump(mode="json"))


def _import_options(options: argparse.Namespace, workbench: Workbench) -> ImportOptions:
    """How to read and divide; pictures for a dataset that is there are divided as those in it."""
    split = SplitConfig() if options.into is None else workbench.datasets.get(options.into).split_config
    if options.group_pattern is not None:
        split = split.model_copy(update={"group_pattern": options.group_pattern})
    with in_words("The pictures cannot be read like this"):
        return ImportOptions(split=split, label=options.label, frames_per_second=options.fps)


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


def pictures(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets pictures DATASET [--class NAME] [--split SPLIT] [--find TEXT] [--left-out] [--limit N]"""
    page = workbench.datasets.pictures(
        options.dataset,
        label=options.label,
        split=options.split,
        shown="left out" if options.left_out else "in use",
        text=options.find,
        limit=options.limit,
    )
    for picture in page.pictures:
        reason = f", left out: {picture.excluded}" if picture.excluded else ""
        console.say(f"{picture.id:6}  {picture.label}, {picture.split}{reason}  {picture.source_name}")
    if page.total > len(page.pictures):
        console.say(f"… and {page.total - len(page.pictures):,} more; --limit shows them.")
    elif not page.total:
        console.say("No picture fits.")
    console.result(page.model_dump(mode="json"))


def export(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets export DATASET --kind folders|csv|parquet --out FILE.zip [--version N]"""
    check_output(options.out)
    with console.bar() as bar:
        report = workbench.exporting.write(
            options.dataset,
            options.kind,
            options.out,
            version=options.version,
            split_folders=options.split_folders,
            left_out=options.left_out,
            progress=lambda done, total: bar.show("Writing", done, total),
        )
    console.say(f"'{report.dataset}', version {report.version}: {counted(report.pictures, 'picture')}, {options.out}")
    for notice in report.notices:
        console.say(notice)
    console.result({**report.model_dump(mode="json"), "out": str(options.out)})


def samples(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets samples"""
    cards = workbench.imports.samples()
    for sample in cards:
        console.say(f"{_SAMPLE}{sample.key}: {sample.title}. {sample.description}")
    console.result({"samples": [sample.model_dump(mode="json") for sample in cards]})


def say_import(report: ImportReport, console: Console) -> None:
    """Say what became of every file."""
    added = "" if report.version == 1 else f" added as version {report.version}, now"
    console.say(f"'{report.dataset}': {counted(report.accepted, 'picture')}{added} in {class_words(report.classes)}.")
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
