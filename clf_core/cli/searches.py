"""The commands about searches for good settings: start, follow, list, stop and go on."""

import argparse
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console, ProgressBar
from clf_core.cli.runs import _settings as typed_settings
from clf_core.cli.typed import Parser, Tasks
from clf_core.cli.waiting import wait_with_bar, why_not_done
from clf_core.config import SearchConfig, search_config
from clf_core.results import SEARCH_FINAL_STATES, SearchProgress, SearchSummary, Trial


def add_searches(tasks: Tasks, shared: Parser) -> None:
    """Add 'search' with its actions to what can be typed."""
    group = tasks.add_parser("search", parents=[shared], help="look for good settings, and train the best")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    settings = "\n".join(f"  {name}: {field.description}" for name, field in SearchConfig.model_fields.items())
    begin = actions.add_parser(
        "start",
        parents=[shared],
        help="try settings out on a dataset",
        epilog=f"settings:\n{settings}\n  base.FIELD: a setting of the training to begin from, as 'train --help' tells",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    begin.add_argument("dataset", metavar="DATASET")
    begin.add_argument("--minutes", type=float, help="how long")
    begin.add_argument("--trials", type=int, help="how many settings")
    begin.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="FIELD=VALUE",
        help="a setting of the search, its value JSON or text; may be repeated",
    )  # fmt: skip
    begin.add_argument("--name", help="what the search shall be called")
    begin.add_argument(
        "--priority", type=int, default=0, help="where it has to wait: higher ones go first (default: 0)"
    )
    begin.add_argument("--detach", action="store_true", help="return at once; the search goes on by itself")
    begin.set_defaults(command=start)
    actions.add_parser("list", parents=[shared], help="all searches, newest first").set_defaults(command=listing)
    for name, command, text in (
        ("show", show, "one search: its best settings and its trials"),
        ("stop", stop, "end a search now, and train the best it has found"),
        ("cancel", cancel, "end a search and train nothing"),
        ("resume", resume, "go on with a search that has ended"),
        ("move", move, "put a search that waits at another place of the queue"),
    ):
        action = actions.add_parser(name, parents=[shared], help=text)
        action.add_argument("search", metavar="SEARCH")
        action.set_defaults(command=command)
        if name == "move":
            action.add_argument("place", metavar="PLACE", type=int, help="counted from 1")
        if name == "resume":
            action.add_argument("--minutes", type=float, help="how long from now on")
            action.add_argument("--trials", type=int, help="how many settings from now on")
            action.add_argument("--detach", action="store_true", help="return at once")


def start(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search start DATASET --minutes 5 [--set field=value …]"""
    fields = typed_settings(options.settings)
    fields |= {name: value for name in ("minutes", "trials") if (value := getattr(options, name)) is not None}
    config = search_config(fields)
    forecast = workbench.searches.forecast(options.dataset, config)
    console.note(f"About {forecast.trials} sets of settings in {forecast.seconds:.0f} s, {forecast.at_once} at a time.")
    search = workbench.searches.start(options.dataset, config, name=options.name, priority=options.priority)
    _follow(search, workbench, console, detach=options.detach)


def listing(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search list"""
    searches = workbench.searches.list()
    for search in searches:
        best = "" if search.accuracy is None else f", best {search.accuracy:.1%} of the validation pictures"
        console.say(f"{search.name}: {search.state}, {search.trials} tried{best}, {search.seconds:.0f} s")
    if not searches:
        console.say("There are no searches yet. 'search start DATASET' makes one.")
    console.result({"searches": [_as_json(search) for search in searches]})


def show(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search show SEARCH"""
    progress = workbench.searches.progress(options.search)
    search = progress.search
    console.say(f"'{search.name}' on '{search.dataset}' version {search.version}: {search.state}")
    if progress.eta_seconds is not None:
        console.say(f"{search.trials} tried, about {progress.eta_seconds:.0f} s left")
    for trial in progress.trials:
        mark = "*" if trial.number == progress.best else " "
        console.say(f"{mark} {trial.number + 1}. {_trial(trial)}")
    for name, share in progress.importances:
        console.say(f"  {name} explains {share:.0%}")
    for message in progress.messages:
        console.say(message)
    winner = workbench.searches.winner(search.id)
    if winner is not None:
        console.say(f"The best was trained as '{winner.name}': {winner.state}")
    if search.error is not None:
        console.say(str(why_not_done(search)))
    details = progress.model_dump(mode="json", exclude={"search"})
    config = workbench.searches.config(search.id).model_dump(mode="json")
    console.result({**_as_json(search), **details, "config": config})


def stop(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search stop SEARCH"""
    search = workbench.searches.stop(options.search)
    _follow(search, workbench, console, detach=False)


def cancel(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search cancel SEARCH"""
    search = workbench.searches.cancel(options.search)
    console.say(f"'{search.name}' is {search.state}; {search.trials} trials are kept.")
    console.result(_as_json(search))


def move(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search move SEARCH PLACE"""
    search = workbench.searches.move(options.search, options.place)
    console.say(f"'{search.name}' waits at place {search.place}.")
    console.result(_as_json(search))


def resume(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """search resume SEARCH [--minutes 5]"""
    search = workbench.searches.resume(options.search, minutes=options.minutes, trials=options.trials)
    _follow(search, workbench, console, detach=options.detach)


def _follow(search: SearchSummary, workbench: Workbench, console: Console, *, detach: bool) -> None:
    """Stay with a search until it has ended, or say how to find it again.

    Raises:
        ClfError: it ended without a result; the error says why.
    """
    if detach:
        if search.state == "queued":
            console.say(f"'{search.name}' waits for its turn at place {search.place}.")
        else:
            console.say(f"'{search.name}' has started. 'search show' tells how far it is.")
        console.result(_as_json(search))
        return
    started = search
    search = wait_with_bar(
        console,
        started,
        lambda bar: workbench.searches.wait(started.id, lambda progress: _draw(bar, progress)),
        "search cancel",
    )
    if search.state != "done":
        raise why_not_done(search)
    progress = workbench.searches.progress(search.id)
    best = next(trial for trial in progress.trials if trial.number == progress.best)
    console.say(f"'{search.name}' is done after {search.seconds:.0f} s and {search.trials} trials.")
    console.say(f"Best: {_trial(best)}")
    winner = workbench.searches.winner(search.id)
    if winner is not None:
        console.say(f"It is trained as '{winner.name}'. 'evaluate' tells how good it is.")
    console.result({**_as_json(search), "best": best.model_dump(mode="json")})


def _draw(bar: ProgressBar, progress: SearchProgress) -> None:
    if progress.search.state == "queued":
        bar.show(f"Waiting at place {progress.search.place}", 0, 0, "trial")
        return
    if progress.search.state not in SEARCH_FINAL_STATES:
        best = "" if progress.search.accuracy is None else f", best {progress.search.accuracy:.1%}"
        bar.show(f"Searching{best}", progress.search.trials, 0, "trial")


def _trial(trial: Trial) -> str:
    values = ((name, f"{value:.2g}" if isinstance(value, float) else value) for name, value in trial.drawn.items())
    drawn = ", ".join(f"{name} {value}" for name, value in values)
    if trial.accuracy is None or trial.accuracy_low is None or trial.accuracy_high is None:
        return f"{drawn}: {trial.state}" + (f", {trial.reason}" if trial.reason else "")
    interval = f"95 % interval {trial.accuracy_low:.1%} to {trial.accuracy_high:.1%}"
    return f"{drawn}: {trial.accuracy:.1%} of the validation pictures right ({interval}), {trial.state}"


def _as_json(search: SearchSummary) -> dict[str, Any]:
    fields = search.model_dump(mode="json", exclude={"id", "name", "state"})
    return {"search": search.name, "search_id": search.id, "status": search.state, **fields}
