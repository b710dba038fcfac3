"""A launcher for tests whose workers only say that they are at work."""

import time

from clf_core.jobs import process
from clf_core.jobs.local import LocalLauncher
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory


class PretendedWorkers(LocalLauncher):
    """Each 'worker' is the test's own process.

    Attributes:
        started: names of the runs, in the order they were started.
    """

    def __init__(self) -> None:
        super().__init__()
        self.started: list[str] = []

    def submit(self, run: RunDirectory, sharing: int = 1) -> None:
        """Say that the run is at work, keeping what earlier sessions handed on."""
        self.started.append(run.record.name)
        run.write_launched(process.current())
        earlier = run.status() or RunStatus(state="running", worker=process.current(), began=time.time())
        run.write_status(earlier.model_copy(update={"state": "running", "worker": process.current()}))

    def cancel(self, run: RunDirectory) -> None:
        """Say that it was cancelled."""
        run.request_cancel()
        end(run, "cancelled")


def end(run: RunDirectory, state: str, **details: object) -> None:
    """Let the worker of a run say its last word."""
    status = run.status()
    assert status is not None
    run.write_status(status.model_copy(update={"state": state, **details}))
