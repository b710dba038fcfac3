"""``python -m clf_core.jobs.trial_worker SEARCH_DIR SLOT SLOTS``: trains one trial of a search after the other.

It reads what to do from its standard input (a ``TrialOrder`` on each line) and says on its standard output how it goes
(``TrialNote``). It ends when its input does, so it never outlives the search. What it learns is judged by the
validation pictures and thrown away: pictures of the test split cannot be read here.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO

from pydantic import ValidationError

from clf_core.config import TrainConfig, settings_of
from clf_core.errors import CancelledError, ClfError, InternalError
from clf_core.jobs.trial_notes import TrialNote, TrialOrder
from clf_core.results import CurvePoint, EpochPoint, Stage, StepPoint
from clf_core.training import search_judgement
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.search_judgement import Judgement
from clf_core.workspace import Workspace
from clf_core.workspace.search_directory import SearchDirectory

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest
    from clf_core.device import Device
    from clf_core.models.backbone import Backbone
    from clf_core.models.runtime import FeatureRuntime
    from clf_core.training.result import Resources

_log = logging.getLogger(__name__)

_DECIDE_WHAT_IS_CACHED = ("preset", "backbone", "continue_from", "input_size", "fit", "augment", "views", "seed")
_CACHES_KEPT = 4
_SHARED = frozenset({"activations", "pixels", "measured"})
"""What trainings keep in their scratch folder that depends on the settings above alone."""


def main(arguments: list[str]) -> int:
    """Train trials until there are no more orders."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 3 or not Path(arguments[0], "search.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.trial_worker SEARCH_DIR SLOT SLOTS\n")
        return 2
    _keep_to_own_cores(int(arguments[1]), int(arguments[2]))
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes into the log, not among the notes
    return _TrialWorker(SearchDirectory(Path(arguments[0]).absolute()), channel, int(arguments[1])).work()


class _TrialWorker:
    """Takes orders, trains, tells."""

    def __init__(self, search: SearchDirectory, channel: TextIO, slot: int) -> None:
        self._search = search
        self._caches = _Caches(search.shared_folder / f"slot-{slot}")
        self._workspace = Workspace(search.path.parent.parent)
        self._channel = channel
        self._orders: SimpleQueue[int] = SimpleQueue()
        self._loaded: FeatureRuntime | None = None
        self._cut = -1  # number of the trial to break off

    def work(self) -> int:
        """Train until the input ends, which ends this process at once, whatever it does."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            number = self._orders.get()
            try:
                self._tell(self._trial(number))
            except (BrokenPipeError, ValueError):  # nobody listens any more
                return 0

    def _listen(self) -> None:
        for line in sys.stdin:
            with contextlib.suppress(ValidationError):
                order = TrialOrder.model_validate_json(line)
                if order.cut:
                    self._cut = order.number
                else:
                    self._orders.put(order.number)
        os._exit(0)  # the search is gone: nobody wants what is being learned here

    def _trial(self, number: int) -> TrialNote:
        """Train and judge; whatever happens comes back as a note."""
        callbacks = _TrialCallbacks(number, self._tell, lambda: self._cut == number)
        try:
            judgement = self._train(self._search.trial_config(number), callbacks)
        except CancelledError:
            return TrialNote(kind="ended", number=number, state="cut")
        except Exception as error:  # noqa: BLE001 - the last stop: a trial that fails must not end the search
            _log.exception("Trial %d failed", number)
            return TrialNote(kind="ended", number=number, state="failed", reason=_in_words(error))
        if judgement is None:
            reason = "It could not be judged: there was nothing to compare."
            return TrialNote(kind="ended", number=number, state="failed", reason=reason)
        return TrialNote(kind="ended", number=number, state="done", **judgement._asdict())

    def _train(self, config: TrainConfig, callbacks: "_TrialCallbacks") -> Judgement | None:
        from clf_core.jobs.presets import train_by_preset

        record = self._search.record
        manifest = self._workspace.datasets.manifest(record.dataset_id, record.version)
        self._search.shared_folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="trial-", dir=self._search.shared_folder) as folder:
            resources = self._resources(config, manifest, callbacks, Path(folder))
            try:
                result = train_by_preset(as_trial(config), manifest, callbacks, resources)
            except _JudgedError:
                return search_judgement.of_epochs(callbacks.epochs)
        if result.epochs:
            return search_judgement.of_epochs(result.epochs)
        return search_judgement.of_head(result.curve, result.strength)

    def _resources(
        self, config: TrainConfig, manifest: "Manifest", callbacks: "_TrialCallbacks", folder: Path
    ) -> "Resources":
        from clf_core import device
        from clf_core.jobs.presets import beginning
        from clf_core.training.result import Resources

        chosen = device.choose(config.device)
        backbone = beginning(config, self._workspace, callbacks)
        return Resources(
            read=_reader(self._workspace, manifest),
            device=chosen,
            scratch_folder=self._caches.folder(config),
            model_folder=folder,
            backbone=backbone,
            runtime=None if backbone is None else self._runtime(backbone, chosen),
        )

    def _runtime(self, backbone: "Backbone", chosen: "Device") -> "FeatureRuntime":
        """The network loaded; the one of the trial before is still there, and what it said of which picture."""
        from clf_core.jobs.remembering import RememberingRuntime
        from clf_core.models.runtime import open_runtime

        if self._loaded is None or self._loaded.spec != backbone.spec:
            self._loaded = RememberingRuntime(open_runtime(backbone, chosen))
        return self._loaded

    def _tell(self, note: TrialNote) -> None:
        self._channel.write(note.model_dump_json(exclude_defaults=True) + "\n")


class _Caches:
    """Where trials of one process keep pixels and activations: those that need the same ones share a folder.

    Each process has folders of its own, so no two write the same file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recent: OrderedDict[str, None] = OrderedDict()

    def folder(self, config: TrainConfig) -> Path:
        """Return the folder for a trial; the one unused longest makes room."""
        told = config.model_dump(mode="json", include=set(_DECIDE_WHAT_IS_CACHED))
        told["network"] = config.network.input_size
        name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
        self._recent[name] = None
        self._recent.move_to_end(name)
        while len(self._recent) > _CACHES_KEPT:
            oldest, _ = self._recent.popitem(last=False)
            shutil.rmtree(self._folder / oldest, ignore_errors=True)
        made = self._folder / name
        made.mkdir(parents=True, exist_ok=True)
        for path in made.iterdir():
            if path.name not in _SHARED:  # what a trial noted of itself, which the next one must not take for its own
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return made


class _JudgedError(Exception):
    """All there is to learn about these settings is known; what is left would only make a model ready for use."""


class _TrialCallbacks(SilentCallbacks):
    """Tells of each epoch, and ends the training once it has been judged."""

    def __init__(self, number: int, tell: Callable[[TrialNote], None], is_cut: Callable[[], bool]) -> None:
        self._number = number
        self._tell = tell
        self._is_cut = is_cut
        self._planned = 0
        self.curve_points: list[CurvePoint] = []
        self.epochs: list[EpochPoint] = []

    def stage(self, stage: Stage, total: int) -> None:
        """Look whether anything is left that could change the judgement."""
        super().stage(stage, total)
        self.check_cancelled()
        if stage in ("finish", "test"):
            raise _JudgedError

    def progress(self, done: int) -> None:
        """Give way if asked to."""
        super().progress(done)
        self.check_cancelled()

    def step(self, done: int, point: StepPoint) -> None:
        """Learn how many epochs there will be."""
        super().step(done, point)
        self._planned = point.epochs
        self.check_cancelled()

    def epoch(self, point: EpochPoint) -> None:
        """Tell how good it is by now."""
        self.epochs.append(point)
        judgement = search_judgement.of_epochs(self.epochs)
        if judgement is not None and point.epoch > 0:
            share = min(1.0, point.epoch / self._planned) if self._planned else 0.0
            told = judgement._asdict() | {"epochs": point.epoch}
            self._tell(TrialNote(kind="judged", number=self._number, share=share, **told))

    def check_cancelled(self) -> None:
        """Raise once the search has broken this trial off.

        Raises:
            CancelledError: it has.
        """
        if self._is_cut():
            raise CancelledError("The trial was broken off")


def as_trial(config: TrainConfig) -> TrainConfig:
    """The same settings, judged by the validation pictures alone, which are not learned from."""
    used = settings_of(config.preset)
    judged_alone = {"refit": False, "selection": "validation"}
    return config.model_copy(update={name: value for name, value in judged_alone.items() if name in used})


def _reader(workspace: Workspace, manifest: "Manifest") -> Callable[[str], bytes]:
    """Give the files of training and validation pictures, and of no others."""
    allowed = {*manifest.select("train").sha256, *manifest.select("val").sha256}

    def read(sha256: str) -> bytes:
        if sha256 not in allowed:
            raise InternalError("A trial asked for a picture of the test split", why="Trials must never see one")
        return workspace.pictures.read(sha256)

    return read


def _keep_to_own_cores(slot: int, slots: int) -> None:
    """Trials side by side that all use all cores only get in each other's way."""
    if slots < 2:
        return
    with contextlib.suppress(AttributeError, OSError):  # not on macOS and Windows, where OMP_NUM_THREADS has to do
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[slot::slots] or cores)


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "The machine ran out of memory."
    return str(error) if isinstance(error, ClfError) else f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
