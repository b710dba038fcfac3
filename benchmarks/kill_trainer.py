"""Kills trainings, each in a worker process of its own, at random moments, and lets them go on until they are done.

    python benchmarks/kill_trainer.py [--kills 300] [--at-once 2] [--seed 0]

Each worker is a real one, started by the launcher, and dies by SIGKILL at a random moment between its first line and
about its last. A kill is survived when the run is 'interrupted' with its epoch told, can be resumed, and went on with
at most one epoch repeated; a run, when its network and its figures in the end equal those of the undisturbed one to the
last bit and nothing half written is left. Prints 'N of N survived', by the stage in which the kills happened.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of each worker: several share the cores

sys.path.insert(0, str(Path(__file__).parents[1]))

from clf_core.api import Workbench
from clf_core.config import Convolution, GlobalPooling, NetworkConfig, Pooling, TrainConfig
from clf_core.jobs import process
from clf_core.settings import Settings
from clf_core.workspace.events import EventTail
from clf_core.workspace.run_directory import RunDirectory

CONFIG = TrainConfig(
    preset="scratch",
    network=NetworkConfig(input_size=32, layers=(Convolution(filters=8), Pooling(), GlobalPooling())),
    epochs=20,
    patience=1000,
    batch_size=8,
    average_weights=True,
    device="cpu",
)


class Trial:
    """Kills, counted."""

    def __init__(self, bench: Workbench, seed: int, kills: int) -> None:
        self._bench, self._random, self._left = bench, random.Random(seed), kills  # noqa: S311 - no secret
        self._lock = threading.Lock()
        self.tried: Counter[str] = Counter()
        self.survived: Counter[str] = Counter()
        self.runs = 0
        self.faults: list[str] = []
        began = time.monotonic()
        reference = bench.runs.wait(bench.runs.start("Pets", CONFIG).id)
        self._seconds = time.monotonic() - began
        assert reference.state == "done", reference.error
        self._metrics, self._weights = reference.metrics, _weights(bench.runs.directory(reference.id))
        print(f"An undisturbed run takes {self._seconds:.1f} s.")

    def work(self) -> None:
        """Run after run, each killed again and again until it is done, until there were enough kills."""
        while self._take():
            ref = self._bench.runs.start("Pets", CONFIG).id
            self._wait_until_launched(ref)
            while self._kill(ref) and self._take():
                self._bench.runs.resume(ref)
                self._wait_until_launched(ref)
            self._check(ref)

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def _wait_until_launched(self, ref: str) -> None:
        while self._bench.runs.get(ref).state == "queued" or self._directory(ref).launched() is None:
            time.sleep(0.01)

    def _kill(self, ref: str) -> bool:
        """Kill the worker at a random moment; False where it was done before."""
        run = self._directory(ref)
        child, before = run.launched(), _epochs(run)
        time.sleep(self._random.uniform(0.0, self._seconds * 1.05))
        if child is not None:
            process.kill(child.pid)
        summary = self._bench.runs.wait(ref)
        if summary.state == "done":
            with self._lock:
                self._left += 1  # nothing was killed
            return False
        stage = self._bench.runs.progress(ref).stage
        told = _epochs(run)
        words = summary.error.what if summary.error is not None else ""
        fine = summary.state == "interrupted" and summary.resumable and len(told) >= len(before)
        fine = fine and (f"at epoch {summary.epochs}" if summary.epochs else "interrupted") in words
        fine = fine and max((a - b + 1 for a, b in pairwise(told)), default=0) <= 1
        with self._lock:
            self.tried[stage] += 1
            self.survived[stage] += fine
            if not fine:
                self.faults.append(f"{ref} in {stage}: {summary.state}, {summary.error}, epochs told {told}")
            if self.tried.total() % 20 == 0:
                print(f"{self.survived.total()} of {self.tried.total()} so far", flush=True)
        return summary.resumable

    def _check(self, ref: str) -> None:
        """Let the run end; it must equal the undisturbed one."""
        if self._bench.runs.get(ref).resumable:
            self._bench.runs.resume(ref)
        summary, run = self._bench.runs.wait(ref), self._directory(ref)
        with self._lock:
            self.runs += 1
            if summary.state != "done" or summary.metrics != self._metrics or _weights(run) != self._weights:
                self.faults.append(f"{ref} is {summary.state} and another network: {summary.error}")
            elif list(run.path.rglob(".writing-*")):
                self.faults.append(f"{ref} left something half written")

    def _directory(self, ref: str) -> RunDirectory:
        return self._bench.runs.directory(ref)


def _weights(run: RunDirectory) -> list[bytes]:
    return [(run.model_folder / name).read_bytes() for name in ("head.safetensors", "backbone/weights.safetensors")]


def _epochs(run: RunDirectory) -> list[int]:
    return [event.epoch.epoch for event in EventTail(run.events_path).read_new() if event.epoch is not None]


def _make_dataset(bench: Workbench, folder: Path) -> None:
    noise = np.random.default_rng(0)
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (folder / name).mkdir(parents=True)
        for number in range(60):
            pixels = np.clip(np.array(colour) + noise.normal(0, 60, (40, 40, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    bench.imports.path(folder, "Pets")


def main() -> int:
    """Kill and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Settings(workspace=Path(folder) / "workspace"))
        _make_dataset(bench, Path(folder) / "pictures")
        trial = Trial(bench, options.seed, options.kills)
        bench.runs.set_slots(options.at_once)
        threads = [threading.Thread(target=trial.work) for _ in range(options.at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for stage, tried in trial.tried.items():
        print(f"{stage}: {trial.survived[stage]} of {tried}")
    print(f"{trial.runs} runs, each the same network as the undisturbed one, but for what follows here:")
    print("\n".join(trial.faults) or "nothing")
    print(f"{trial.survived.total()} of {trial.tried.total()} survived")
    return int(bool(trial.faults))


if __name__ == "__main__":
    raise SystemExit(main())
