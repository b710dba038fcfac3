"""What can be typed, with its help."""

import argparse
from typing import get_args

from clf_core.cli import comparing, demo, evaluating, models, networks, run_control, runs, shortcuts
from clf_core.cli.dataset_arguments import add_datasets
from clf_core.cli.doubting import add_doubt
from clf_core.cli.explaining import add_explain
from clf_core.cli.searches import add_searches
from clf_core.cli.typed import Parser, Tasks, path
from clf_core.config import AugmentConfig, TrainConfig
from clf_core.results import BackboneOrder


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; what it yields has ``command`` (the function that does it) and ``json``."""
    parser = Parser(
        prog="python -m clf_core",
        description="Teach a computer to tell your pictures apart. "
        "DATASET and RUN are names or identifiers; the workspace is the folder CLF_WORKSPACE.",
    )
    parser.add_argument(
        "--json", action="store_true", help="last line of stdout is one JSON object, the rest on stderr"
    )
    shared = Parser(add_help=False)
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    tasks = parser.add_subparsers(required=True, metavar="COMMAND")
    add_datasets(tasks, shared)
    _add_train(tasks, shared)
    _add_runs(tasks, shared)
    add_searches(tasks, shared)
    _add_models(tasks, shared)
    _add_networks(tasks, shared)
    whole = tasks.add_parser("demo", parents=[shared], help="the whole path on a built-in sample")
    whole.add_argument("--sample", default="shapes", help="which sample (default: shapes)")
    whole.set_defaults(command=demo.demo)
    return parser


def _add_train(tasks: Tasks, shared: Parser) -> None:
    fields = {**TrainConfig.model_fields}
    fields |= {f"augment.{name}": field for name, field in AugmentConfig.model_fields.items()}
    settings = "\n".join(f"  {name}: {field.description}" for name, field in fields.items())
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
    train.add_argument(
        "--priority", type=int, default=0, help="where it has to wait: higher ones go first (default: 0)"
    )
    train.add_argument("--detach", action="store_true", help="return at once; the training goes on by itself")
    train.set_defaults(command=runs.train)


def _add_runs(tasks: Tasks, shared: Parser) -> None:
    group = tasks.add_parser("runs", parents=[shared], help="list runs, pause, resume, stop, extend and queue them")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("list", parents=[shared], help="all runs, newest first").set_defaults(command=runs.listing)
    made = {}
    for name, command, text in (
        ("show", runs.show, "one run: how far it is, or how it ended"),
        ("pause", run_control.pause, "save everything and leave; 'resume' goes on from there"),
        ("resume", run_control.resume, "go on with a run that was paused, interrupted or failed"),
        ("stop", run_control.stop, "end a run now, and keep the best it has so far"),
        ("cancel", run_control.cancel, "end a run and keep nothing; one that waits leaves the queue"),
        ("extend", run_control.extend, "go on from where a finished run ended, as a new run"),
        ("move", run_control.move, "put a run that waits at another place of the queue"),
        ("prioritise", run_control.prioritise, "let a run that waits go before those of lower priority"),
        ("drop-checkpoints", run_control.drop_checkpoints, "free what a run keeps to go on from"),
    ):
        made[name] = actions.add_parser(name, parents=[shared], help=text)
        made[name].add_argument("run", metavar="RUN")
        made[name].set_defaults(command=command)
    for name in ("resume", "stop", "extend"):
        made[name].add_argument("--detach", action="store_true", help="return at once; it goes on by itself")
    made["extend"].add_argument("epochs", metavar="EPOCHS", type=int, help="how many more")
    made["extend"].add_argument("--name", help="what the new run shall be called")
    made["move"].add_argument("place", metavar="PLACE", type=int, help="counted from 1")
    made["prioritise"].add_argument("priority", metavar="PRIORITY", type=int, help="0 is the usual one")
    side_by_side = actions.add_parser("compare", parents=[shared], help="two runs on the same test pictures")
    side_by_side.add_argument("first", metavar="FIRST")
    side_by_side.add_argument("second", metavar="SECOND")
    side_by_side.set_defaults(command=comparing.compare)
    slots = actions.add_parser("slots", parents=[shared], help="how many runs may be at work at a time")
    slots.add_argument("count", metavar="COUNT", type=int, nargs="?", help="let so many; without it, say how many")
    slots.set_defaults(command=run_control.slots)


def _add_models(tasks: Tasks, shared: Parser) -> None:
    evaluate = tasks.add_parser("evaluate", parents=[shared], help="how a run did on pictures it had never seen")
    evaluate.add_argument("run", metavar="RUN")
    evaluate.add_argument("--slices", action="store_true", help="print every kind of test pictures, not the worst only")
    table = evaluate.add_mutually_exclusive_group()
    table.add_argument("--table", type=path, metavar="FILE", help="a CSV to sort them by; kept with the run")
    table.add_argument("--forget-table", action="store_true", help="remove the table kept with the run")
    evaluate.set_defaults(command=evaluating.evaluate)

    predict = tasks.add_parser("predict", parents=[shared], help="answers for a picture, a folder or a zip archive")
    predict.add_argument("run", metavar="RUN", help="a run, or 'starter' for the pretrained model")
    predict.add_argument("source", metavar="SOURCE", type=path)
    predict.add_argument("--out", required=True, type=path, metavar="FILE.csv", help="where to write the answers")
    predict.add_argument(
        "--unknown", action="store_true", help="first work out what tells a picture of something else, if it is not yet"
    )
    predict.set_defaults(command=models.predict)

    add_explain(tasks, shared)
    add_doubt(tasks, shared)

    shortcut = tasks.add_parser("shortcut", parents=[shared], help="whether a run answers by the background")
    shortcut.add_argument("run", metavar="RUN")
    shortcut.set_defaults(command=shortcuts.shortcut)


def _add_networks(tasks: Tasks, shared: Parser) -> None:
    group = tasks.add_parser("models", parents=[shared], help="pretrained networks to begin from")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list", parents=[shared], help="those worth looking at first, and those on this machine"
    )
    listing.set_defaults(command=networks.listing)
    search = actions.add_parser("search", parents=[shared], help="all of them, by words, family, size and figures")
    search.add_argument("words", metavar="WORD", nargs="*", help="each must occur in the name, family or licence")
    search.add_argument("--family", metavar="KEY", help="such as resnet; 'models families' lists them")
    search.add_argument("--most-parameters", metavar="MILLIONS", type=float, help="the largest size")
    search.add_argument("--on-machine", action="store_true", help="only those that need no download")
    search.add_argument("--commercial", action="store_true", help="only those surely free for commercial use")
    search.add_argument("--order", choices=get_args(BackboneOrder), default="name", help="by what (default: name)")
    search.add_argument("--descending", action="store_true", help="the largest first")
    search.add_argument("--limit", metavar="N", type=int, default=30, help="how many at most (default: 30)")
    search.set_defaults(command=networks.search)
    families = actions.add_parser("families", parents=[shared], help="the families, and how many networks each has")
    families.set_defaults(command=networks.families)
    for name, command, text in (
        ("show", networks.show, "one network: what it is good for, and all its figures"),
        ("measure", networks.measure, "how many pictures a second it takes on this machine"),
    ):
        action = actions.add_parser(name, parents=[shared], help=text)
        action.add_argument("model", metavar="NAME")
        action.set_defaults(command=command)
