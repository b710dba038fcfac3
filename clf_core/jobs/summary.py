"""A run as it is listed, put together from its directory and its state."""

import time

from clf_core.results import FINAL_STATES, ErrorWords, RunState, RunSummary
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory

_INTERRUPTED = ErrorWords(
    what="The training was interrupted",
    why="Its process ended early, perhaps because the machine was restarted or ran out of memory",
    remedy="Train again",
    kind="internal",
)


def summarise(run: RunDirectory, state: RunState) -> RunSummary:
    """Return the summary of a run that is in ``state``.

    Raises:
        StorageError: a file of the run is damaged.
    """
    record, status = run.record, run.status()
    details = {}
    if status is not None:
        details = {
            "seconds": _seconds(run, status, state),
            "images_per_second": status.images_per_second,
            "metrics": status.metrics,
        }
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
        error=_INTERRUPTED if state == "interrupted" else status.error if status is not None else None,
        **details,
    )


def _seconds(run: RunDirectory, status: RunStatus, state: RunState) -> float:
    if status.state in FINAL_STATES:
        return status.seconds
    # Never below zero, whatever was done to the clock.
    until = run.last_sign_of_life() if state in FINAL_STATES else time.time()
    return max(0.0, (until or status.began) - status.began)
