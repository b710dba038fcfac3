"""The commands that change a dataset: each makes a version, and any version can be returned to."""

import argparse
import math
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.typed import in_words
from clf_core.cli.words import counted, day_and_time
from clf_core.config import SplitConfig
from clf_core.errors import ConfigError
from clf_core.results import VersionDiff, VersionInfo
from clf_core.values import SPLITS

_SHOWN_CHANGES = 20
_ALL = 1_000_000


def versions(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets versions DATASET"""
    history = workbench.editing.versions(options.dataset)
    for version in history:
        when = day_and_time(version.created)
        left_out = f", {version.excluded:,} left out" if version.excluded else ""
        console.say(
            f"{version.version:4}  {when}  {version.who or '?'}: {version.what} "
            f"({counted(version.pictures, 'picture')}{left_out})"
        )
    console.result({"versions": [version.model_dump(mode="json") for version in history]})


def diff(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets diff DATASET OLD NEW"""
    found = workbench.editing.diff(options.dataset, options.old, options.new)
    console.say(f"From version {found.old} to {found.new}: {_diff_words(found)}.")
    for change in found.changes[:_SHOWN_CHANGES]:
        console.say(f"  {change.id} {change.source_name}: {change.before or 'not there'} -> {change.after or 'gone'}")
    if found.truncated or len(found.changes) > _SHOWN_CHANGES:
        console.say("  …")
    console.result(found.model_dump(mode="json"))


def return_to(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets return DATASET VERSION"""
    say_version(workbench.editing.return_to(options.dataset, options.version, who=options.who), console)


def undo(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets undo DATASET"""
    say_version(workbench.editing.undo(options.dataset, who=options.who), console)


def split(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets split DATASET [--train SHARE] [--val SHARE] [--test SHARE] [--seed N] [--group-pattern P]"""
    before = workbench.datasets.get(options.dataset).split_config
    say_version(workbench.editing.divide(options.dataset, _split_config(options, before), who=options.who), console)


def relabel(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets relabel DATASET CLASS PICTURE…"""
    ids = _chosen(options, workbench)
    say_version(workbench.editing.relabel(options.dataset, ids, options.label, who=options.who), console)


def exclude(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets exclude DATASET PICTURE… [--reason TEXT]"""
    ids = _chosen(options, workbench)
    say_version(workbench.editing.exclude(options.dataset, ids, options.reason, who=options.who), console)


def restore(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets restore DATASET PICTURE…"""
    say_version(workbench.editing.restore(options.dataset, _ids(options.pictures), who=options.who), console)


def move(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets move DATASET SPLIT PICTURE… [--unlock-test]"""
    ids = _chosen(options, workbench)
    say_version(
        workbench.editing.move(options.dataset, ids, options.split, unlock=options.unlock_test, who=options.who),
        console,
    )


def rename_class(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets rename-class DATASET OLD NEW"""
    say_version(workbench.editing.rename_class(options.dataset, options.old, options.new, who=options.who), console)


def merge_classes(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets merge-classes DATASET CLASS… --into CLASS"""
    say_version(
        workbench.editing.merge_classes(options.dataset, options.classes, options.into, who=options.who), console
    )


def rename(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """datasets rename DATASET NAME"""
    dataset = workbench.editing.rename(options.dataset, options.name)
    console.say(f"The dataset is called '{dataset.name}' now.")
    console.result({"dataset": dataset.name, "dataset_id": dataset.id})


def say_version(version: VersionInfo, console: Console) -> None:
    """Say what the newest version is, as after every change."""
    left_out = f", {version.excluded:,} left out" if version.excluded else ""
    console.say(f"Version {version.version}: {version.what} ({counted(version.pictures, 'picture')}{left_out}).")
    console.result(version.model_dump(mode="json"))


def _diff_words(found: VersionDiff) -> str:
    kinds = ("added", "removed", "relabelled", "excluded", "restored", "moved")
    words = {"excluded": "left out", "relabelled": "in another class", "moved": "in another split"}
    told = [f"{getattr(found, kind):,} {words.get(kind, kind)}" for kind in kinds if getattr(found, kind)]
    return ", ".join(told) or "no difference"


def _chosen(options: argparse.Namespace, workbench: Workbench) -> list[int]:
    """The pictures typed by their numbers, and those of a finding."""
    ids = _ids(options.pictures)
    if options.finding:
        page, _ = workbench.health.pictures(options.dataset, options.finding, limit=_ALL)
        ids += [picture.id for picture in page.pictures]
    if not ids and not options.finding:
        raise ConfigError(
            "No picture was named",
            field="pictures",
            remedy="Give numbers such as 5 or 7-12, which 'datasets pictures DATASET' lists, or --finding KIND",
        )
    return ids


def _ids(typed: list[str]) -> list[int]:
    """Numbers and ranges such as '5' and '7-12'."""
    ids: list[int] = []
    for text in typed:
        first, dash, last = text.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(f"'{text}' is no number of a picture", field="pictures", remedy="Type 5, or 7-12")
        if dash and int(last) - int(first) > _ALL:
            raise ConfigError(f"'{text}' names too many pictures", field="pictures")
        ids += range(int(first), int(last or first) + 1)
    return ids


def _split_config(options: argparse.Namespace, before: SplitConfig) -> SplitConfig:
    """The settings until now with what was typed; shares that were not typed share the rest as they did before."""
    typed = {name: share for name in SPLITS if (share := getattr(options, name)) is not None}
    shares: dict[str, float] = {name: typed.get(name, getattr(before, name)) for name in SPLITS}
    rest = 1 - math.fsum(typed.values())
    others = [name for name in SPLITS if name not in typed]
    if typed and others:
        together = math.fsum(shares[name] for name in others)
        shares |= {name: rest * shares[name] / together for name in others}
    if not math.isclose(math.fsum(shares.values()), 1.0, abs_tol=1e-6) or min(shares.values()) <= 0:
        raise ConfigError(
            "The shares cannot be used",
            field="train",
            why="Each must be above 0, and together they make 1",
            remedy="For example --train 0.7 --val 0.1 --test 0.2",
        )
    fields: dict[str, Any] = {**before.model_dump(), **shares, "lock_test": not options.unlock_test}
    if options.seed is not None:
        fields["seed"] = options.seed
    if options.group_pattern is not None:
        fields["group_pattern"] = options.group_pattern
    if options.copies is not None:
        fields["keep_copies_together"] = options.copies
    with in_words("The pictures cannot be divided like this"):
        return SplitConfig(**fields)
