"""The slow health checks of a dataset as a background process: started, followed, started again.

The files it leaves, in ``datasets/<id>/checks/``:

launched.json  the version it was started for, and its process (Launched); written by whoever started it
work.json      how far it is (Work); written by the process itself
work.log       what it printed

A version whose checks are stored is done, whatever these files say; a process that is dead without having
stored them was interrupted. One process per dataset: a newer version ends the work on an older one.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from clf_core.errors import StorageError
from clf_core.files import storage_error, write_json
from clf_core.jobs import process
from clf_core.jobs.background import Background, end, read_note, write_note
from clf_core.results import CheckState
from clf_core.values import Value
from clf_core.workspace.records import ProcessIdentity

if TYPE_CHECKING:
    from clf_core.workspace.health import HealthStore

INTERRUPTED = (
    "The check was interrupted, perhaps because the machine was restarted or ran out of memory. Start it again."
)
_LOCK_SECONDS = 10.0


class Launched(Value):
    """launched.json."""

    version: int
    worker: ProcessIdentity


class Work(Value):
    """work.json."""

    version: int
    worker: ProcessIdentity
    state: Literal["running", "failed", "done"] = "running"
    done: int = Field(0, description="Pictures looked at.")
    total: int = 0
    note: str = Field("", description="What it waits for, or why it failed, in words.")


class HealthJobs:
    """Background checks of the datasets of one workspace. It keeps no memory: all answers come from the files."""

    def __init__(self, root: Path, store: "HealthStore") -> None:
        self._root = root
        self._store = store
        self._background = Background()

    def start(self, identifier: str, version: int) -> None:
        """Start the checks of a version unless they are done or under way; those of another version end.

        Raises:
            NotFoundError: no such dataset.
            StorageError: the disk refused.
        """
        import filelock

        folder = self._store.work_folder(identifier)
        try:
            folder.mkdir(exist_ok=True)
            with filelock.FileLock(folder / ".lock", timeout=_LOCK_SECONDS):
                if self.state(identifier, version)[0] in ("running", "done"):
                    return
                self._end_others(folder)
                self._spawn(folder, identifier, version)
        except filelock.Timeout as error:
            raise StorageError("The check is just being started by somebody else") from error
        except OSError as error:
            raise storage_error(error, folder) from error

    def state(self, identifier: str, version: int) -> tuple[CheckState, Work | None]:
        """Where the checks of a version stand; the work is None where nothing is known of any.

        Raises:
            NotFoundError: no such dataset.
        """
        folder = self._store.work_folder(identifier)
        if self._store.done(identifier, version, "slow"):
            return "done", None
        self._background.reap()
        work, launched = read_work(folder), read_note(folder / "launched.json", Launched)
        if work is not None and (work.version != version or (launched and work.worker != launched.worker)):
            work = None  # of another version, or of an attempt before the one just launched
        if work is not None and work.state == "failed":
            return "failed", work
        worker = work.worker if work else launched.worker if launched and launched.version == version else None
        if worker is None:
            return "waiting", None
        if process.is_alive(worker):
            return "running", work
        if work is not None and work.state == "done":  # it gave way to a newer version
            return "waiting", None
        if self._store.done(identifier, version, "slow"):  # it may have ended since it was looked for
            return "done", None
        return "failed", Work(version=version, worker=worker, state="failed", note=INTERRUPTED)

    def stop(self, identifier: str) -> None:
        """End the process of a dataset, if there is one; what it computed so far is kept."""
        self._end_others(self._store.work_folder(identifier))

    def _end_others(self, folder: Path) -> None:
        launched = read_note(folder / "launched.json", Launched)
        if launched is not None:
            end(launched.worker)

    def _spawn(self, folder: Path, identifier: str, version: int) -> None:
        arguments = [str(self._root), identifier, str(version)]
        worker = self._background.start("clf_core.jobs.health_worker", arguments, folder / "work.log")
        if worker is not None:
            launched = Launched(version=version, worker=worker)
            write_json(folder / "launched.json", launched.model_dump(mode="json"))


def read_work(folder: Path) -> Work | None:
    """What the process of a dataset said last; None where it said nothing yet."""
    return read_note(folder / "work.json", Work)


def write_work(folder: Path, work: Work) -> None:
    """Say how far the process is.

    Raises:
        StorageError: the disk refused, or the dataset is gone.
    """
    write_note(folder / "work.json", work, "dataset")
