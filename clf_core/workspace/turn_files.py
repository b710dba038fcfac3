"""What a run's and a search's directory note alike of waiting for a turn and of being started.

waiting        there while it waits for its turn; the queue is filled again from these marks
starter.json   the process that is to start its worker, where that is not the one that made it (ProcessIdentity)
launch.json    the worker that was started for it (ProcessIdentity)
"""

from pathlib import Path

from clf_core.files import storage_error
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.value_files import ValueFiles


class TurnFiles:
    """A directory of work that waits, is started and goes on in another process. A base for such directories."""

    path: Path
    _values: ValueFiles

    def launched(self) -> ProcessIdentity | None:
        """Return the process started for it, None before that."""
        return self._values.find("launch.json", ProcessIdentity)

    def write_launched(self, worker: ProcessIdentity) -> None:
        """Note the process started for it."""
        self._values.write("launch.json", worker)

    def starter(self) -> ProcessIdentity:
        """Return the process that starts its worker, or has started it."""
        return self._values.find("starter.json", ProcessIdentity) or self._maker()

    def write_starter(self, starter: ProcessIdentity) -> None:
        """Note the process that is to start its worker; a worker of an earlier session counts no more."""
        (self.path / "launch.json").unlink(missing_ok=True)
        self._values.write("starter.json", starter)

    def mark_waiting(self) -> None:
        """Note that it waits for its turn.

        Raises:
            StorageError: the disk refuses.
        """
        touch(self.path / "waiting")

    def is_waiting(self) -> bool:
        """True while it is marked as waiting."""
        return (self.path / "waiting").exists()

    def clear_waiting(self) -> None:
        """It waits no longer."""
        (self.path / "waiting").unlink(missing_ok=True)

    def _maker(self) -> ProcessIdentity:
        """The process that made it."""
        raise NotImplementedError


def touch(path: Path) -> None:
    """Leave an empty file as a mark.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        path.touch()
    except OSError as error:
        raise storage_error(error, path) from error
