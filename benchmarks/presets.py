"""Seconds and test accuracy of the presets, each run a worker process as the studio starts it.

    python benchmarks/presets.py PICTURES.zip [--presets quick balanced ...] [--seeds 0 1 2] [--set FIELD=VALUE ...]

Each seed is that of the split and of the run. Seconds are wall-clock from the start of the worker process to its end,
the look at the test split included; beside them stand the processor seconds over the number of cores, which is what a
quiet machine would take where another program disturbs this one. A first run of each preset, not reported, prepares the
networks. Accuracy is that on the test split with its 95 % interval (Wilson), and the best on the validation split.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, from any folder

from clf_core.api import open_workbench
from clf_core.config import ImportOptions, SplitConfig, train_config
from clf_core.device import cpu_count
from clf_core.jobs import process
from clf_core.settings import Settings
from clf_core.training.allocator import worker_environment
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

ROOT = Path(__file__).parents[1]


class Outcome(NamedTuple):
    """One run."""

    seconds: float
    processor: float
    accuracy: float
    low: float
    high: float
    best_val: float | None
    chosen: dict[str, Any]


def run_once(workspace: Workspace, dataset: str, config: dict[str, Any]) -> Outcome:
    """Start the worker as the studio does, and wait for it."""
    run = workspace.runs.create(workspace.datasets.find(dataset), train_config(config), None, process.current())
    started = time.perf_counter()
    with run.log_path.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "clf_core.jobs.worker", str(run.path)],
            cwd=ROOT,
            env={**os.environ, **worker_environment(run.config.preset)},
            stdout=log,
            stderr=log,
        )
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"the worker failed:\n{run.log_path.read_text()[-2000:]}")
    return read_outcome(run, seconds, (usage.ru_utime + usage.ru_stime) / cpu_count())


def read_outcome(run: RunDirectory, seconds: float, processor: float) -> Outcome:
    """What the run's directory says of it."""
    status = run.status()
    metrics = status.metrics if status is not None else {}
    lines = run.events_path.read_text("utf-8").splitlines()
    import json

    points = [event["epoch"] for event in map(json.loads, lines) if event.get("kind") == "epoch"]
    judged = [point["val_accuracy"] for point in points if point.get("best") and point.get("val_accuracy") is not None]
    return Outcome(
        seconds,
        processor,
        metrics["accuracy"],
        metrics["accuracy_low"],
        metrics["accuracy_high"],
        judged[-1] if judged else None,
        status.chosen if status is not None else {},
    )


def settings_from(words: list[str]) -> dict[str, Any]:
    """Turn 'learning_rate=3e-4' and 'augment.rotate=20' into fields."""
    fields: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        group, _, inner = name.partition(".")
        if inner:
            fields.setdefault(group, {})[inner] = value
        else:
            fields[name] = value
    return fields


def main() -> None:
    """Run all and print a line for each, then a summary for each preset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--presets", nargs="+", default=["quick", "balanced", "thorough"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="*", default=[], dest="words", metavar="FIELD=VALUE")
    parser.add_argument("--cold", action="store_true", help="report the first runs too: networks are not yet prepared")
    options = parser.parse_args()
    extra = settings_from(options.words)
    with tempfile.TemporaryDirectory() as folder:
        workbench, workspace = open_workbench(Settings(workspace=Path(folder))), Workspace(Path(folder))
        for seed in options.seeds:
            split = ImportOptions(split=SplitConfig(seed=seed))
            workbench.imports.path(options.pictures.absolute(), name=f"set {seed}", options=split)
        for preset in options.presets:
            if not options.cold:
                short = {} if preset == "quick" else {"epochs": 1, "learning_rate": 1e-4, "refit": False}
                run_once(workspace, f"set {options.seeds[0]}", {"preset": preset, **extra, **short})
            outcomes = []
            for seed in options.seeds:
                found = run_once(workspace, f"set {seed}", {"preset": preset, "seed": seed, **extra})
                outcomes.append(found)
                best = "" if found.best_val is None else f", validation {found.best_val:.4f}"
                print(
                    f"{preset} seed {seed}: {found.seconds:.1f} s (processor {found.processor:.1f} s), test "
                    f"{found.accuracy:.4f} ({found.low:.3f} to {found.high:.3f}){best} {found.chosen}",
                    flush=True,
                )
            print(
                f"{preset}: median {statistics.median(one.seconds for one in outcomes):.1f} s "
                f"(processor {statistics.median(one.processor for one in outcomes):.1f} s), "
                f"mean accuracy {statistics.mean(one.accuracy for one in outcomes):.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
