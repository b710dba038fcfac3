"""The commands about runs: start, follow, list and cancel."""

import argparse
import json
from typing import Any

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.config import train_config
from clf_core.errors import CancelledError, ClfError, ConfigError, InputError, InternalError, StorageError
from clf_core.results import RunProgress, RunSummary, Stage

_STAGE_WORDS: dict[Stage, str] = {
    "prepare": "Preparing",
    "features": "Looking at the pictures",
    "head": "Fitting to your classes",
    "test": "Testing",
}


def train(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """train DATASET --preset quick [--set field=value …]"""
    config = train_config({"preset": options.preset, **_settings(options.settings)})
    run = workbench.runs.start(options.dataset, config, name=options.name)
    if options.detach:
        console.say(f"'{run.name}' has started. 'runs show' tells how far it is.")
        console.result(_as_json(run))
        return
    run = wait_until_done(run, workbench, console)
    console.say(f"'{run.name}' is done after {run.seconds:.1f} s.")
    if run.metrics:
        console.say(workbench.evaluation.report(run.id).verdict)
    console.result(_as_json(run))


def wait_until_done(run: RunSummary, workbench: Workbench, console: Console) -> RunSummary:
    """Wait for a run with a bar and its messages on a terminal; Ctrl-C leaves the run going and says so.

    Raises:
        ClfError: the run ended without a model; the error says why.
    """
    told = 0
    with console.bar() as bar:

        def follow(progress: RunProgress) -> None:
            nonlocal told
            for message in progress.messages[told:]:
                bar.tell(message)
            told = len(progress.messages)
            unit = "candidate" if progress.stage == "head" else "picture"
            bar.show(_STAGE_WORDS[progress.stage], progress.done, progress.total, unit)

        try:
            run = workbench.runs.wait(run.id, follow)
        except KeyboardInterrupt:
            console.note(f"'{run.name}' goes on by itself. 'runs cancel {run.id}' stops it.")
            raise
    if run.state != "done":
        raise _not_done(run)
    return run


def listing(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs list"""
    runs = workbench.runs.list()
    for run in runs:
        console.say(f"{run.name}: {run.state}{_accuracy(run)}, {run.seconds:.1f} s")
    if not runs:
        console.say("There are no runs yet. 'train DATASET' makes one.")
    console.result({"runs": [_as_json(run) for run in runs]})


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
        console.say(str(_not_done(run)))
    details = progress.model_dump(mode="json", exclude={"run"})
    console.result({**_as_json(run), **details, "config": workbench.runs.config(run.id).model_dump(mode="json")})


def cancel(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """runs cancel RUN"""
    run = workbench.runs.cancel(options.run)
    console.say(f"'{run.name}' is {run.state}.")
    console.result(_as_json(run))


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


def _not_done(run: RunSummary) -> ClfError:
    """Return the error that says why a run has no model."""
    if run.error is None:
        return CancelledError(f"'{run.name}' was cancelled")
    kinds: dict[str, type[ClfError]] = {"input": InputError, "storage": StorageError, "internal": InternalError}
    return kinds[run.error.kind](run.error.what, why=run.error.why, remedy=run.error.remedy)


def _as_json(run: RunSummary) -> dict[str, Any]:
    fields = run.model_dump(mode="json", exclude={"id", "name", "state"})
    return {"run": run.name, "run_id": run.id, "status": run.state, **fields}
