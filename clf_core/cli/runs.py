"""The commands that start a run, follow it and list runs; what is done to one is in ``run_control``."""

import argparse
import json
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console, ProgressBar
from clf_core.cli.waiting import wait_with_bar, why_not_done
from clf_core.config import train_config
from clf_core.errors import ConfigError, PausedError
from clf_core.results import RunProgress, RunSummary, Stage

_STAGE_WORDS: dict[Stage, str] = {
    "prepare": "Preparing",
    "decode": "Reading the pictures",
    "features": "Looking at the pictures",
    "head": "Fitting to your classes",
    "rates": "Trying learning rates",
    "tune": "Learning",
    "finish": "Making the network quick",
    "test": "Testing",
}

_UNITS: dict[Stage, str] = {"head": "candidate", "rates": "step", "tune": "step"}
"""What is counted in a stage; elsewhere pictures."""


def train(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """train DATASET --preset quick [--set field=value …]"""
    config = train_config({"preset": options.preset, **_settings(options.settings)})
    for item in workbench.plans.advice(options.dataset, config):
        console.note(f"Unusual: {item.text}")
    run = workbench.runs.start(options.dataset, config, name=options.name, priority=options.priority)
    follow(run, workbench, console, detach=options.detach)


def follow(run: RunSummary, workbench: Workbench, console: Console, *, detach: bool) -> None:
    """Stay with a run that was just started, or gone on with, until it is done, or say how to find it again.

    Raises:
        ClfError: the run ended without a model; the error says why.
    """
    if detach:
        if run.state == "queued":
            console.say(f"'{run.name}' waits for its turn at place {run.place}.")
        else:
            console.say(f"'{run.name}' has started. 'runs show' tells how far it is.")
        console.result(as_json(run))
        return
    run = wait_until_done(run, workbench, console)
    console.say(f"'{run.name}' is done after {run.seconds:.1f} s.")
    if run.metrics:
        console.say(workbench.evaluation.report(run.id).verdict)
    console.result(as_json(run))


def wait_until_done(run: RunSummary, workbench: Workbench, console: Console) -> RunSummary:
    """Wait for a run with a bar and its messages on a terminal; Ctrl-C leaves the run going and says so.

    Raises:
        ClfError: the run ended without a model; the error says why.
    """
    started = run
    run = wait_with_bar(console, started, lambda bar: workbench.runs.wait(started.id, _Teller(bar).look), "runs cancel")
    if run.state == "paused":
        raise PausedError(f"'{run.name}' is paused after epoch {run.epochs}", remedy="'runs resume' goes on from there")
    if run.state != "done":
        raise why_not_done(run)
    return run


class _Teller:
    """Says on a terminal where a run stands, and each sentence once."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        self._told = 0
        self._coached: tuple[str, ...] = ()

    def look(self, progress: RunProgress) -> None:
        """Tell what is new."""
        for message in progress.messages[self._told :]:
            self._bar.tell(message)
        self._told = len(progress.messages)
        for sentence in progress.coach:
            if sentence not in self._coached:
                self._bar.tell(sentence)
        self._coached = progress.coach
        if progress.run.state == "queued":
            self._bar.show(f"Waiting at place {progress.run.place}", 0, 0, "picture")
            return
        self._bar.show(_task(progress), progress.done, progress.total, _UNITS.get(progress.stage, "picture"))


def _task(progress: RunProgress) -> str:
    words, step = _STAGE_WORDS[progress.stage], progress.step
    if progress.stage != "tune" or step is None:
        return words
    of = f" of {step.epochs}" if progress.total else ""  # none under a limit of time
    return f"{words}, epoch {step.epoch}{of}"


def listing(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs list"""
    runs = workbench.runs.list()
    for run in runs:
        place = f" (place {run.place})" if run.place else ""
        console.say(f"{run.name}: {run.state}{place}{_accuracy(run)}, {run.seconds:.1f} s")
    if not runs:
        console.say("There are no runs yet. 'train DATASET' makes one.")
    console.result({"runs": [as_json(run) for run in runs]})


def show(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs show RUN"""
    progress = workbench.runs.progress(options.run)
    run = progress.run
    console.say(f"'{run.name}' on '{run.dataset}' version {run.version}: {run.state}")
    if progress.eta_seconds is not None:
        done = f"{_STAGE_WORDS[progress.stage]}: {progress.done} of {progress.total}"
        console.say(f"{done}, about {progress.eta_seconds:.0f} s left")
    for name, value in run.metrics.items():
        console.say(f"  {name}: {value:.4f}")
    if run.error is not None:
        console.say(str(why_not_done(run)))
    chosen = workbench.runs.chosen(run.id)
    if chosen:
        console.say("  chosen by the studio: " + ", ".join(f"{name} {value}" for name, value in chosen.items()))
    if run.kept_bytes:
        console.say(f"  keeps {run.kept_bytes / 1e6:.1f} MB to go on from")
    details = progress.model_dump(mode="json", exclude={"run"})
    config = workbench.runs.config(run.id).model_dump(mode="json")
    console.result({**as_json(run), **details, "chosen": chosen, "config": config})


def _accuracy(run: RunSummary) -> str:
    """The headline with its interval, as it is never told without."""
    metrics = run.metrics
    if "accuracy" not in metrics:
        return ""
    low, high = metrics["accuracy_low"], metrics["accuracy_high"]
    return f", accuracy {metrics['accuracy']:.1%} (95 % interval {low:.1%} to {high:.1%})"


def _settings(pairs: list[str]) -> dict[str, Any]:
    """Read FIELD=VALUE pairs; a value that is no JSON is text, and GROUP.FIELD sets a field of a group."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(
                f"The setting '{pair}' cannot be used", field=field, remedy="Write it as --set field=value"
            )
        group, dot, inner = field.strip().partition(".")
        place, name = (settings.setdefault(group, {}), inner) if dot else (settings, group)
        if not isinstance(place, dict):
            raise ConfigError(
                f"The setting '{field.strip()}' cannot be used",
                field=field.strip(),
                why=f"'{group}' was given as a whole before",
                remedy=f"Give the fields of '{group}' one by one, or all of them together",
            )
        place[name] = _value(value)
    return settings


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def as_json(run: RunSummary) -> dict[str, Any]:
    """A run as programs read it."""
    fields = run.model_dump(mode="json", exclude={"id", "name", "state"})
    return {"run": run.name, "run_id": run.id, "status": run.state, **fields}
