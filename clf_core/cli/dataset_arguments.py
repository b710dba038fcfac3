"""What can be typed about datasets, with its help."""

import argparse
from collections.abc import Callable
from typing import get_args

from clf_core.cli import datasets, editing, health
from clf_core.cli.typed import Parser, Tasks, path, source, whole
from clf_core.config import SplitConfig
from clf_core.results import ExportKind, FindingKind
from clf_core.values import SPLITS

Command = Callable[..., None]


def add_datasets(tasks: Tasks, shared: Parser) -> None:
    """Add ``datasets`` and its actions."""
    group = tasks.add_parser("datasets", parents=[shared], help="bring pictures in, look at them, mend them, export")
    adder = _Adder(group.add_subparsers(required=True, metavar="ACTION"), shared)
    _add_import(adder)
    adder.add("list", datasets.listing, "all datasets, newest first")
    adder.add("show", datasets.show, "one dataset", dataset=True)
    adder.add("samples", datasets.samples, "the built-in samples")
    _add_pictures(adder)
    checked = adder.add("health", health.health, "what is wrong with the pictures of a dataset", dataset=True)
    checked.add_argument("--wait", action="store_true", help="make the slow checks too, and wait for them")
    mended = adder.change("fix", health.fix, "mend a finding of the health report")
    mended.add_argument("kind", metavar="KIND", choices=get_args(FindingKind), help="which; 'health' names them")
    _add_history(adder)
    _add_split(adder)
    _add_changes(adder)
    _add_export(adder)


class _Adder:
    """Adds actions that have arguments in common."""

    def __init__(self, actions: Tasks, shared: Parser) -> None:
        self._actions = actions
        self._shared = shared

    def add(self, name: str, command: Command, text: str, *, dataset: bool = False) -> Parser:
        action = self._actions.add_parser(name, parents=[self._shared], help=text, description=text)
        if dataset:
            action.add_argument("dataset", metavar="DATASET")
        action.set_defaults(command=command)
        return action

    def change(self, name: str, command: Command, text: str) -> Parser:
        """An action that makes a version."""
        action = self.add(name, command, text, dataset=True)
        add_who(action)
        return action


def add_who(action: Parser) -> None:
    """Who it was, for the history."""
    action.add_argument("--who", metavar="NAME", help="who made the change, for the history (default: you)")


def _add_import(adder: _Adder) -> None:
    new = adder.add("import", datasets.import_pictures, "make a dataset of pictures, or add them to one")
    new.add_argument(
        "source",
        type=source,
        metavar="SOURCE",
        help="folder, zip or tar of class folders or with a table of labels, a video, sample:KEY, hf:NAME or "
        "torchvision:NAME",
    )
    where = new.add_mutually_exclusive_group(required=True)
    where.add_argument("--name", help="what the new dataset shall be called")
    where.add_argument("--into", metavar="DATASET", help="the dataset to add the pictures to, as a new version")
    new.add_argument("--label", default="", metavar="CLASS", help="class of pictures that say none themselves")
    new.add_argument("--group-pattern", metavar="PATTERN", help=_PATTERN_HELP)
    new.add_argument("--fps", type=float, default=1.0, metavar="N", help="pictures from each second of a video")
    new.add_argument("--most", type=whole, metavar="N", help="with hf: and torchvision:, at most so many pictures")
    add_who(new)


def _add_pictures(adder: _Adder) -> None:
    shown = adder.add("pictures", datasets.pictures, "the pictures of a dataset with their numbers", dataset=True)
    shown.add_argument("--class", dest="label", metavar="CLASS", help="only this class")
    shown.add_argument("--split", choices=SPLITS, help="only this split")
    shown.add_argument("--find", default="", metavar="TEXT", help="only those with this in their name or class")
    shown.add_argument("--left-out", action="store_true", help="those left out of use instead")
    shown.add_argument("--limit", type=whole, default=100, metavar="N", help="at most so many (default: 100)")


def _add_history(adder: _Adder) -> None:
    adder.add("versions", editing.versions, "the history of a dataset, newest first", dataset=True)
    compared = adder.add("diff", editing.diff, "what differs between two versions", dataset=True)
    compared.add_argument("old", type=whole, metavar="OLD", help="number of a version")
    compared.add_argument("new", type=whole, metavar="NEW", help="number of a version")
    back = adder.change("return", editing.return_to, "make a new version with the content of an earlier one")
    back.add_argument("version", type=whole, metavar="VERSION", help="number of the version to return to")
    adder.change("undo", editing.undo, "return to the version before the newest one")


def _add_split(adder: _Adder) -> None:
    divided = adder.change("split", editing.split, "divide the pictures anew into train, val and test")
    for name in SPLITS:
        field = SplitConfig.model_fields[name]
        divided.add_argument(f"--{name}", type=float, metavar="SHARE", help=f"{field.description} (0 to 1)")
    divided.add_argument("--seed", type=int, metavar="N", help=SplitConfig.model_fields["seed"].description)
    divided.add_argument("--group-pattern", metavar="PATTERN", help=_PATTERN_HELP)
    divided.add_argument(
        "--copies-together",
        dest="copies",
        action=argparse.BooleanOptionalAction,
        help=SplitConfig.model_fields["keep_copies_together"].description,
    )
    divided.add_argument("--unlock-test", action="store_true", help="divide the test pictures anew as well")


def _add_changes(adder: _Adder) -> None:
    relabelled = adder.change("relabel", editing.relabel, "put pictures into another class")
    relabelled.add_argument("label", metavar="CLASS", help="a class, which need not exist yet")
    _add_chosen(relabelled)
    out = adder.change("exclude", editing.exclude, "leave pictures out of use; nothing is deleted")
    _add_chosen(out)
    out.add_argument("--reason", default="", metavar="TEXT", help="why, for the history")
    restored = adder.change("restore", editing.restore, "take pictures back into use")
    restored.add_argument("pictures", nargs="+", metavar="PICTURE", help=_PICTURE_HELP)
    moved = adder.change("move", editing.move, "move pictures, with their copies, into another split")
    moved.add_argument("split", choices=SPLITS, metavar="SPLIT", help="train, val or test")
    _add_chosen(moved)
    moved.add_argument("--unlock-test", action="store_true", help="the test split may change")
    renamed = adder.change("rename-class", editing.rename_class, "give a class another name")
    renamed.add_argument("old", metavar="OLD")
    renamed.add_argument("new", metavar="NEW")
    merged = adder.change("merge-classes", editing.merge_classes, "make one class of several")
    merged.add_argument("classes", nargs="+", metavar="CLASS")
    merged.add_argument("--into", required=True, metavar="CLASS", help="one of them, another class or a new name")
    called = adder.add("rename", editing.rename, "give a dataset another name", dataset=True)
    called.add_argument("name", metavar="NAME")


def _add_chosen(action: Parser) -> None:
    action.add_argument("pictures", nargs="*", metavar="PICTURE", help=_PICTURE_HELP)
    action.add_argument(
        "--finding", choices=get_args(FindingKind), metavar="KIND", help="all pictures of this finding of 'health'"
    )


def _add_export(adder: _Adder) -> None:
    written = adder.add("export", datasets.export, "write a dataset as a zip archive", dataset=True)
    written.add_argument(
        "--kind",
        choices=get_args(ExportKind),
        default="folders",
        help="folders: class/picture; csv: pictures and labels.csv; parquet: for Hugging Face datasets "
        "(default: folders)",
    )
    written.add_argument("--out", required=True, type=path, metavar="FILE.zip", help="where to write it")
    written.add_argument("--version", type=whole, metavar="N", help="which version (default: the newest)")
    written.add_argument("--split-folders", action="store_true", help="with folders: train, val and test above them")
    written.add_argument("--left-out", action="store_true", help="also pictures that are left out of use")


_PATTERN_HELP = f"{SplitConfig.model_fields['group_pattern'].description}"
_PICTURE_HELP = "number of a picture such as 5, or a range such as 7-12; 'datasets pictures' lists them"
