"""A run as it is listed, put together from its directory and what its launcher says."""

import time
from typing import Any

from clf_core.errors import StorageError
from clf_core.jobs.launcher import Launcher
from clf_core.results import FINAL_STATES, ErrorWords, RunState, RunSummary
from clf_core.workspace.records import RunRecord, RunStatus
from clf_core.workspace.run_directory import RunDirectory

_INTERRUPTED = ErrorWords(
    what="The training was interrupted",
    why="Its process ended early, perhaps because the machine was restarted or ran out of memory",
    remedy="Train again",
    kind="internal",
)


def summarise(run: RunDirectory, launcher: Launcher) -> RunSummary:
    """Return the summary of a run as it stands now; one whose status cannot be read counts as failed.

    Raises:
        StorageError: not even what the run is can be read.
    """
    record = run.record
    try:
        state = launcher.state(run)
        return _summary(record, state, _details(run, state))
    except StorageError as error:
        words = ErrorWords(what=error.what, why=error.why, remedy=error.remedy, kind="storage")
        return _summary(record, "failed", {"error": words})


def _details(run: RunDirectory, state: RunState) -> dict[str, Any]:
    status = run.status()
    details: dict[str, Any] = {"error": _INTERRUPTED} if state == "interrupted" else {}
    if status is None:
        return details
    return {
        "error": status.error,
        "seconds": _seconds(run, status, state),
        "images_per_second": status.images_per_second,
        "metrics": status.metrics,
        **details,
    }


def _summary(record: RunRecord, state: RunState, details: dict[str, Any]) -> RunSummary:
    return RunSummary(
        id=record.id,
        name=record.name,
        dataset=record.dataset,
        dataset_id=record.dataset_id,
        version=record.version,
        preset=record.preset,
        backbone=record.backbone,
        state=state,
        created=record.created,
        **details,
    )


def _seconds(run: RunDirectory, status: RunStatus, state: RunState) -> float:
    if status.state in FINAL_STATES:
        return status.seconds
    # Never below zero, whatever was done to the clock.
    until = run.last_sign_of_life() if state in FINAL_STATES else time.time()
    return max(0.0, (until or status.began) - status.began)
