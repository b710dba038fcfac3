"""``python -m clf_core.jobs.insight_worker RUN_DIR PART...``: works out parts of what is known about a finished run.

It runs at low priority, one of a workspace at a time, says in work.json how far it is, and ends by itself. A part that
fails is noted with its reason, and the next one is made all the same.
"""

import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.config import ImportLimits
from clf_core.errors import CancelledError, ClfError
from clf_core.files import remove_unfinished, storage_error
from clf_core.jobs import process
from clf_core.jobs.feature_part import Features
from clf_core.jobs.gallery_part import Gallery
from clf_core.jobs.insights import Part, Work, write_work
from clf_core.jobs.shortcut_part import Shortcut
from clf_core.jobs.unknown_part import Unknown
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    import filelock

    from clf_core.prediction.loaded_model import LoadedModel

_log = logging.getLogger(__name__)

PARTS: tuple[Part, ...] = (Features(), Unknown(), Shortcut(), Gallery())
"""In the order in which they are made: those that others need, and quick ones, first."""

_NICE = 15
_SECONDS_BETWEEN_WORDS = 0.5
_SECONDS_BETWEEN_LOOKS = 0.5


def main(arguments: list[str]) -> int:
    """Make the parts named; the exit status is 0 unless the run cannot be worked on at all."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    parts = [part for part in PARTS if part.name in arguments[1:]]
    if not parts or not Path(arguments[0], "run.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.insight_worker RUN_DIR PART...\n")
        return 2
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    return InsightWorker(RunDirectory(Path(arguments[0]).absolute()), parts).work()


class InsightWorker:
    """Makes parts for one run."""

    def __init__(self, run: RunDirectory, parts: list[Part]) -> None:
        self._run = run
        self._parts = parts
        self._workspace = Workspace(run.path.parent.parent)
        self._folder = run.path / "insights"
        self._model: LoadedModel | None = None
        self._work = Work(worker=process.current())
        self._said = 0.0

    def work(self) -> int:
        """Make the parts, one after another; the last thing written says how it went."""
        import filelock

        try:
            self._folder.mkdir(exist_ok=True)
            remove_unfinished(self._folder)
            self._say(force=True)
            lock = filelock.FileLock(self._workspace.root / "insights.lock", blocking=False)
            with self._our_turn(lock):
                for part in self._parts:
                    self._make(part)
            self._say(state="done", part="", note="", force=True)
        except (CancelledError, ClfError):
            _log.exception("The work ended")
            return 1
        return 0

    def _make(self, part: Part) -> None:
        """Make one part; that it failed is noted, and stops no other.

        Raises:
            CancelledError: the run is gone.
        """
        self._say(part=part.name, done=0, total=0, note="", force=True)
        try:
            if not part.done(self._run):
                part.make(self._run, self._workspace, self._loaded(), self._tell)
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
            _log.exception("The part %s failed", part.name)
            self._say(failed={**self._work.failed, part.name: in_words(error)}, force=True)

    def _loaded(self) -> "LoadedModel":
        """The run's model, loaded when the first part needs it."""
        from clf_core.workspace.starting import model_of

        if self._model is None:
            self._model = model_of(self._workspace, self._run, ImportLimits())
        return self._model

    def _tell(self, done: int, total: int) -> None:
        self._say(done=done, total=total)

    def _our_turn(self, lock: "filelock.BaseFileLock") -> "filelock.AcquireReturnProxy[filelock.BaseFileLock]":
        """Wait for the work on other runs: side by side they would only fill the memory."""
        import filelock

        while True:
            try:
                return lock.acquire(blocking=False)
            except filelock.Timeout:
                self._say(part=self._parts[0].name, note="Waits for the work on another run")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
            except OSError as error:
                raise storage_error(error, Path(lock.lock_file)) from error

    def _say(self, *, force: bool = False, **changes: object) -> None:
        """Write what changed, not oftener than is looked at.

        Raises:
            CancelledError: the run is gone.
            StorageError: the disk refused.
        """
        self._work = self._work.model_copy(update=changes)
        now = time.monotonic()
        if force or now - self._said >= _SECONDS_BETWEEN_WORDS:
            self._said = now
            if not self._folder.is_dir():
                raise CancelledError("The run is gone")
            write_work(self._folder, self._work)


def in_words(error: Exception) -> str:
    """Return an error as it is stored and shown."""
    if isinstance(error, ClfError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Close other programs, then try it again."
    return f"It failed through a fault of the studio ({type(error).__name__}: {error})."


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
