"""The commands that do something to a run that is there: pause it, go on, stop it, extend it, change its turn."""

import argparse

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.runs import as_json, follow
from clf_core.results import RunSummary


def pause(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs pause RUN"""
    run = workbench.runs.pause(options.run)
    if run.state == "paused":
        _tell(run, f"'{run.name}' is paused. 'runs resume' goes on from there.", console)
    else:
        _tell(run, f"'{run.name}' will pause as soon as it can.", console)


def resume(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs resume RUN [--detach]"""
    follow(workbench.runs.resume(options.run), workbench, console, detach=options.detach)


def stop(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs stop RUN [--detach]"""
    follow(workbench.runs.stop(options.run), workbench, console, detach=options.detach)


def cancel(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs cancel RUN"""
    run = workbench.runs.cancel(options.run)
    _tell(run, f"'{run.name}' is {run.state}.", console)


def extend(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs extend RUN EPOCHS [--name NAME] [--detach]"""
    run = workbench.runs.extend(options.run, options.epochs, name=options.name)
    follow(run, workbench, console, detach=options.detach)


def move(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs move RUN PLACE"""
    run = workbench.runs.move(options.run, options.place)
    _tell(run, f"'{run.name}' waits at place {run.place}.", console)


def prioritise(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs prioritise RUN PRIORITY"""
    run = workbench.runs.prioritise(options.run, options.priority)
    _tell(run, f"'{run.name}' waits at place {run.place}.", console)


def slots(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs slots [COUNT]"""
    if options.count is not None:
        workbench.runs.set_slots(options.count)
    count = workbench.runs.slots
    console.say(f"{count} run{'' if count == 1 else 's'} at a time; the others wait.")
    console.result({"slots": count})


def drop_checkpoints(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs drop-checkpoints RUN"""
    freed = workbench.runs.get(options.run).kept_bytes
    run = workbench.runs.drop_checkpoints(options.run)
    _tell(run, f"{freed / 1e6:.1f} MB are free; '{run.name}' can no longer be extended or resumed.", console)


def _tell(run: RunSummary, sentence: str, console: Console) -> None:
    console.say(sentence)
    console.result(as_json(run))
