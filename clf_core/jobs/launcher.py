"""What a launcher must do, wherever it runs the workers."""

from typing import Protocol

from clf_core.results import RunState
from clf_core.workspace.run_directory import RunDirectory


class Launcher(Protocol):
    """Starts workers and knows what became of them. It keeps no memory: answers come from the run directory."""

    def submit(self, run: RunDirectory) -> None:
        """Start the worker of a run and return at once.

        Raises:
            StorageError: the disk refused; the run is marked as failed.
        """

    def cancel(self, run: RunDirectory) -> None:
        """Stop the worker of a run and return once it has stopped, within two seconds."""

    def state(self, run: RunDirectory) -> RunState:
        """Return the state of a run as it is now."""
