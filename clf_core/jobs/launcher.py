"""What a launcher must do, wherever it runs the workers: the seam at which a cluster is joined on.

``LocalLauncher`` starts processes of this machine. A launcher for a cluster would submit
``python -m clf_core.jobs.worker RUN_DIR`` to it, the workspace being a folder that all its machines share: a worker
reads the workspace and writes only into its run's directory, so nothing else has to be told to it. The queue
(``jobs.queue``) decides when a run may begin, the launcher how.
"""

from typing import Protocol

from clf_core.results import RunState
from clf_core.workspace.run_directory import RunDirectory


class Launcher(Protocol):
    """Starts workers and knows what became of them. It keeps no memory: answers come from the run directory."""

    def submit(self, run: RunDirectory, sharing: int = 1) -> None:
        """Start the worker of a run and return at once.

        Args:
            run: what to do.
            sharing: how many runs may be at work on the machine at a time, this one included.

        Raises:
            StorageError: the disk refused; the run is marked as failed.
        """

    def cancel(self, run: RunDirectory) -> None:
        """Stop the worker of a run and return once it has stopped, within two seconds."""

    def state(self, run: RunDirectory) -> RunState:
        """Return the state of a run as it is now; that it waits in the queue is not the launcher's matter."""
