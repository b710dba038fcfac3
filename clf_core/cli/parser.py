"""What can be typed, with its help."""

import argparse
from pathlib import Path
from typing import NoReturn, TypeAlias

from clf_core.cli import datasets, demo, models, runs
from clf_core.config import TrainConfig
from clf_core.errors import InputError


class _Parser(argparse.ArgumentParser):
    """Raises ``InputError`` where argparse would end the process, so that the answer may be JSON too."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, remedy=f"'{self.prog} --help' shows what can be typed")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it yields has ``command`` (the function that does it) and ``json``."""
    parser = _Parser(
        prog="python -m clf_core",
        description="Teach a computer to tell your pictures apart. "
        "DATASET and RUN are names or identifiers; the workspace is the folder CLF_WORKSPACE.",
    )
    parser.add_argument(
        "--json", action="store_true", help="last line of stdout is one JSON object, the rest on stderr"
    )
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    tasks = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_datasets(tasks, shared)
    _add_train(tasks, shared)
    _add_runs(tasks, shared)
    _add_models(tasks, shared)
    whole = tasks.add_parser("demo", parents=[shared], help="the whole path on a built-in sample")
    whole.add_argument("--sample", default="shapes", help="which sample (default: shapes)")
    whole.set_defaults(command=demo.demo)
    return parser


_Tasks: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _add_datasets(tasks: _Tasks, shared: _Parser) -> None:
    group = tasks.add_parser("datasets", parents=[shared], help="bring pictures in and list them")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    new = actions.add_parser("import", parents=[shared], help="make a dataset from a folder, a zip archive or a sample")
    new.add_argument("source", type=_source, metavar="SOURCE", help="folder or zip of class folders, or sample:KEY")
    new.add_argument("--name", required=True, help="what the dataset shall be called")
    new.set_defaults(command=datasets.import_pictures)
    listing = actions.add_parser("list", parents=[shared], help="all datasets, newest first")
    listing.set_defaults(command=datasets.listing)
    show = actions.add_parser("show", parents=[shared], help="one dataset")
    show.add_argument("dataset", metavar="DATASET")
    show.set_defaults(command=datasets.show)
    samples = actions.add_parser("samples", parents=[shared], help="the built-in samples")
    samples.set_defaults(command=datasets.samples)


def _source(text: str) -> str:
    """Refuse the empty text of an unset shell variable, which as a path would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _path(text: str) -> Path:
    return Path(_source(text))


def _add_train(tasks: _Tasks, shared: _Parser) -> None:
    settings = "\n".join(f"  {name}: {field.description}" for name, field in TrainConfig.model_fields.items())
    train = tasks.add_parser(
        "train",
        parents=[shared],
        help="train a classifier on a dataset",
        epilog=f"settings:\n{settings}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("dataset", metavar="DATASET")
    train.add_argument("--preset", default="quick", help="how to train (default: quick)")
    train.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a setting, its value JSON or text; may be repeated",
    )
    train.add_argument("--name", help="what the run shall be called")
    train.add_argument("--detach", action="store_true", help="return at once; the training goes on by itself")
    train.set_defaults(command=runs.train)


def _add_runs(tasks: _Tasks, shared: _Parser) -> None:
    group = tasks.add_parser("runs", parents=[shared], help="list, show and cancel runs")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", parents=[shared], help="all runs, newest first").set_defaults(command=runs.listing)
    for name, command, text in (
        ("show", runs.show, "one run: how far it is, or how it ended"),
        ("cancel", runs.cancel, "stop a run"),
    ):
        action = actions.add_parser(name, parents=[shared], help=text)
        action.add_argument("run", metavar="RUN")
        action.set_defaults(command=command)


def _add_models(tasks: _Tasks, shared: _Parser) -> None:
    evaluate = tasks.add_parser("evaluate", parents=[shared], help="how a run did on pictures it had never seen")
    evaluate.add_argument("run", metavar="RUN")
    evaluate.set_defaults(command=models.evaluate)

    predict = tasks.add_parser("predict", parents=[shared], help="answers for a picture, a folder or a zip archive")
    predict.add_argument("run", metavar="RUN", help="a run, or 'starter' for the pretrained model")
    predict.add_argument("source", metavar="SOURCE", type=_path)
    predict.add_argument("--out", required=True, type=_path, metavar="FILE.csv", help="where to write the answers")
    predict.set_defaults(command=models.predict)

    explain = tasks.add_parser("explain", parents=[shared], help="where a model looked in a picture")
    explain.add_argument("run", metavar="RUN", help="a run, or 'starter' for the pretrained model")
    explain.add_argument("picture", metavar="PICTURE", type=_path)
    explain.add_argument("--out", required=True, type=_path, metavar="FILE.png", help="where to write the picture")
    explain.add_argument("--method", default="gradcam", help="how the heatmap is made (default: gradcam)")
    explain.add_argument("--class", dest="target", metavar="NAME", help="class to explain (default: the answer)")
    explain.set_defaults(command=models.explain)
