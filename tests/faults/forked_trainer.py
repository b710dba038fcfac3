"""``python tests/faults/forked_trainer.py WORKSPACE KILLS SEED``: trains, and kills the trainer, again and again.

A process that has loaded everything forks a child per session, so a session costs a fraction of a second; in the child
the real worker's ``main`` does the real thing. It dies by SIGKILL at a random one of ``MOMENTS``, or whenever the
clock says so. Each killed run is resumed, and killed again, until it is done.

The last line is JSON: of each kill its moment and what did not hold, and what did not hold in the end.
"""

import contextlib
import gc
import importlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from clf_core.api.runs import Runs  # noqa: E402 - after the path is set
from clf_core.config import Convolution, GlobalPooling, NetworkConfig, Pooling, TrainConfig  # noqa: E402
from clf_core.jobs import process, worker  # noqa: E402
from clf_core.jobs.event_callbacks import EventCallbacks  # noqa: E402
from clf_core.jobs.local import LocalLauncher  # noqa: E402
from clf_core.models.engine import openvino  # noqa: E402
from clf_core.results import RunSummary  # noqa: E402
from clf_core.workspace import Workspace  # noqa: E402
from clf_core.workspace.events import EventTail  # noqa: E402
from clf_core.workspace.run_directory import RunDirectory  # noqa: E402

CONFIG = TrainConfig(
    preset="scratch",
    network=NetworkConfig(input_size=16, layers=(Convolution(filters=4), Pooling(), GlobalPooling())),
    epochs=9,
    batch_size=8,
    average_weights=True,
    device="cpu",
)


MOMENTS = {"batch": 6, "epoch": 2, "flushing": 6, "renamed": 5, "any time": 1}
"""While it learns: in a batch; between an epoch's figures and its checkpoint; before a file reaches the disk; after it
got its name and before what comes next; by the clock. With how many of each may pass first, at most."""

FIRST, LAST = {"scanning": 30}, {"finishing": 5, "testing": 5}
"""While the pictures are read; while the trained network is written; in the final evaluation."""


_HANGS_SECONDS = 100.0


class Forks(LocalLauncher):
    """Workers as forks of this process.

    Attributes:
        moment: where the next worker dies; empty for nowhere.
        nth: at which of the moments of that kind.
        ended: a file in which a worker that ends by itself leaves what it had loaded.
    """

    def __init__(self, ended: Path) -> None:
        super().__init__()
        self.moment, self.nth = "", 0
        self.ended = ended

    def submit(self, run: RunDirectory, sharing: int = 1) -> None:
        """Fork a worker."""
        pid = os.fork()
        if pid == 0:
            _die_at(self.moment, self.nth)
            with run.log_path.open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            status = worker.main([str(run.path)])
            self.ended.write_text(json.dumps(list(sys.modules)))
            os._exit(status)
        identity = process.identify(pid)
        if identity is not None:
            run.write_launched(identity)


def _die_at(moment: str, nth: int) -> None:
    """Let this process die at the nth moment of a kind."""
    counted: Counter[str] = Counter()
    stage = "prepare"

    def reach(kind: str) -> None:
        counted[kind] += 1
        if kind == moment and counted[kind] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def at(owner: Any, name: str, kind: Callable[[], str], *, after: bool = False) -> None:
        function = getattr(owner, name)

        def reaching(*arguments: Any, **named: Any) -> Any:
            if not after:
                reach(kind())
            result = function(*arguments, **named)
            if after:
                reach(kind())
            return result

        setattr(owner, name, reaching)

    def entering(self: EventCallbacks, name: Any, total: int) -> None:
        nonlocal stage
        stage = name
        enter(self, name, total)

    enter = EventCallbacks.stage
    EventCallbacks.stage = entering  # type: ignore[method-assign]
    of_stage = {"decode": "scanning", "test": "testing"}
    at(EventCallbacks, "progress", lambda: of_stage.get(stage, stage))
    at(EventCallbacks, "step", lambda: "batch")
    at(EventCallbacks, "epoch", lambda: "epoch", after=True)
    at(os, "fsync", lambda: "finishing" if stage == "finish" else "flushing")
    at(Path, "replace", lambda: "renamed", after=True)


def _load(modules: list[str]) -> None:
    """Import here what each fork would import anew."""
    openvino()  # first, and without its usage reports
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def weights_of(run: RunDirectory) -> tuple[bytes, bytes]:
    """The trained network, to the last bit."""
    files = ("head.safetensors", "backbone/weights.safetensors")
    return tuple((run.model_folder / name).read_bytes() for name in files)  # type: ignore[return-value]


class Trial:
    """Kills of runs of one dataset, compared with a run that nobody disturbed."""

    def __init__(self, root: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self.kills: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self._forks = Forks(root / "steps")
        self._runs = Runs(Workspace(root), self._forks)
        reference = self._run_to_the_end(self._runs.start("Pets", CONFIG).id)
        _load(json.loads(self._forks.ended.read_text()))
        began = time.monotonic()
        self._run_to_the_end(self._runs.start("Pets", CONFIG).id)
        self._seconds = time.monotonic() - began
        self._weights, self._metrics = weights_of(reference), self._runs.get(reference.record.id).metrics

    def kill(self, kills: int) -> None:
        """Start runs, and kill each of them several times on its way, until there were so many kills."""
        while len(self.kills) < kills:
            ref = ""
            while_it_learns = self._random.sample(list(MOMENTS), len(MOMENTS))
            for moment in [*FIRST, *while_it_learns, *LAST]:
                run, killed = self._session(ref, moment)
                ref = run.record.id
                if not killed or len(self.kills) >= kills:
                    break
            self._check_end(ref)

    def _session(self, ref: str, moment: str) -> tuple[RunDirectory, bool]:
        """Start or resume a run and kill it; False where it was done before."""
        most = {**FIRST, **MOMENTS, **LAST}[moment]
        self._forks.moment, self._forks.nth = moment, self._random.randint(1, most)
        before = self._epochs(ref)
        run = self._runs.directory((self._runs.resume(ref) if ref else self._runs.start("Pets", CONFIG)).id)
        child = run.launched()
        if moment == "any time":
            time.sleep(self._random.uniform(0, self._seconds / 2))
            if child is not None:
                process.kill(child.pid)
        self._wait(run)
        summary = self._runs.get(run.record.id)
        if summary.state == "done":
            return run, False
        self.kills.append((moment, self._fault(summary, before, self._epochs(run.record.id))))
        return run, True

    def _fault(self, summary: RunSummary, before: list[int], told: list[int]) -> str:
        """What does not hold of a killed run; empty where all does. ``told`` are the epochs in its events."""
        words = summary.error.what if summary.error is not None else ""
        lost = max((earlier - later + 1 for earlier, later in pairwise(told)), default=0)
        wrong = {
            f"it is {summary.state}": summary.state != "interrupted",
            "it cannot be resumed": not summary.resumable,
            f"it says '{words}'": (f"interrupted at epoch {summary.epochs}" if summary.epochs else "interrupted")
            not in words,
            f"epochs were lost: {told}": lost > 1 or len(told) < len(before),
        }
        return ", ".join(what for what, holds in wrong.items() if holds)

    def _check_end(self, ref: str) -> None:
        """Let the run end undisturbed; it must equal the one nobody disturbed."""
        self._forks.moment = ""
        if self._runs.get(ref).state != "done":
            self._runs.resume(ref)
        run = self._run_to_the_end(ref)
        if weights_of(run) != self._weights or self._runs.get(ref).metrics != self._metrics:
            self.faults.append(f"{ref} gave another network")
        left = [path.name for path in run.path.rglob(".writing-*")]
        if left or run.scratch_folder.exists():
            self.faults.append(f"{ref} left {left or 'its caches'}")

    def _run_to_the_end(self, ref: str) -> RunDirectory:
        run = self._runs.directory(ref)
        self._wait(run)
        summary = self._runs.get(ref)
        if summary.state != "done":
            self.faults.append(f"{ref} is {summary.state}: {summary.error}")
        return run

    def _wait(self, run: RunDirectory) -> None:
        """Wait until the worker has ended, and kill one that hangs."""
        child, deadline = run.launched(), time.monotonic() + _HANGS_SECONDS
        with contextlib.suppress(ChildProcessError):  # waited for before
            while child is not None and os.waitpid(child.pid, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    self.faults.append(f"{run.record.id} hung")
                    process.kill(child.pid)
                time.sleep(0.002)

    def _epochs(self, ref: str) -> list[int]:
        if not ref:
            return []
        events = EventTail(self._runs.directory(ref).events_path).read_new()
        return [event.epoch.epoch for event in events if event.epoch is not None]


def main(arguments: list[str]) -> int:
    """Load everything, then kill and count."""
    import torch

    torch.set_num_threads(1)
    root, kills, seed = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    trial = Trial(root, seed)
    gc.freeze()  # what is here stays, and need not be copied for each fork
    trial.kill(kills)
    sys.stdout.write(json.dumps({"kills": trial.kills, "faults": trial.faults}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
