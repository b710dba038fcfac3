"""The look log of a run: a test split that is looked at again and again is no longer unseen."""

import threading
import time
from pathlib import Path

from clf_core.files import storage_error
from clf_core.workspace.run_directory import RunDirectory

_SAME_LOOK_SECONDS = 600.0
"""A page asks at every rerun; within this time one process is taken to be still at the same look."""


class LookLog:
    """Counts looks at evaluations: one for a visit, not for each rerun of a page.

    Who looks is not known: people who look at the same time through one server make one visit.
    """

    def __init__(self) -> None:
        self._latest: dict[Path, tuple[float, int]] = {}  # when this process last looked, and the count then
        self._lock = threading.Lock()

    def count_look(self, run: RunDirectory) -> int:
        """Note a look at a run's evaluation, and return how often it was looked at, this time included.

        Raises:
            StorageError: the disk refused.
        """
        now = time.monotonic()
        with self._lock:
            latest = self._latest.get(run.path)
            if latest is not None and now - latest[0] < _SAME_LOOK_SECONDS:
                looks = latest[1]
            else:
                looks = _append(run.path / "looks.log")
            self._latest[run.path] = (now, looks)
        return looks

    @staticmethod
    def count(run: RunDirectory) -> int:
        """Return how often a run's evaluation was looked at, without looking; 0 where that cannot be read."""
        try:
            return len((run.path / "looks.log").read_bytes().splitlines())
        except OSError:
            return 0


def _append(path: Path) -> int:
    try:
        with path.open("a", encoding="ascii") as log:
            log.write(f"{time.time():.3f}\n")
        return len(path.read_bytes().splitlines())
    except OSError as error:
        raise storage_error(error, path) from error
