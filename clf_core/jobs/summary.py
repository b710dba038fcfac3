"""A run as it is listed, put together from its directory and what its launcher says."""

import time
from typing import Any, Literal

from clf_core.errors import StorageError
from clf_core.jobs import process
from clf_core.jobs.launcher import Launcher
from clf_core.results import FINAL_STATES, RESTING_STATES, RESUMABLE_STATES, ErrorWords, RunState, RunSummary
from clf_core.workspace.records import RunRecord, RunStatus
from clf_core.workspace.run_directory import RunDirectory

_KILLED = -9


def summarise(run: RunDirectory, launcher: Launcher, place: int = 0) -> RunSummary:
    """Return the summary of a run as it stands now; one whose status cannot be read counts as failed.

    Args:
        run: the run.
        launcher: what started it, or is to.
        place: its place in the queue, from 1; 0 where it does not wait.

    Raises:
        StorageError: not even what the run is can be read.
    """
    record = run.record
    try:
        state = "queued" if place else launcher.state(run)
        return _summary(record, state, {**_details(run, state), "place": place})
    except StorageError as error:
        words = ErrorWords(what=error.what, why=error.why, remedy=error.remedy, kind="storage")
        return _summary(record, "failed", {"error": words})


def session_seconds(status: RunStatus) -> float:
    """Return how long the present session has gone on until now; never below zero, whatever was done to the clock."""
    if status.ticks is not None and process.started_in_this_boot(status.worker):
        return max(0.0, time.monotonic() - status.ticks)
    return max(0.0, time.time() - status.began)


def seconds_so_far(run: RunDirectory, status: RunStatus, state: RunState) -> float:
    """Return the seconds a run was at work, over all its sessions."""
    if status.state in RESTING_STATES or status.state == "queued":
        return status.seconds
    if (
        state in FINAL_STATES
    ):  # its worker could not say when it ended; its last event is on the same clock as its start
        until = run.last_sign_of_life() or status.began
        return status.seconds + max(0.0, until - status.began)
    return status.seconds + session_seconds(status)


def _details(run: RunDirectory, state: RunState) -> dict[str, Any]:
    status = run.status()
    checkpoints = 0 if state == "cancelled" else run.checkpoints.size()
    details: dict[str, Any] = {
        "kept_bytes": checkpoints,
        "wish": _wish(run, state),
        "resumable": state in RESUMABLE_STATES and (checkpoints > 0 or state == "interrupted"),
        "error": _interrupted(run, status, checkpoints > 0) if state == "interrupted" else None,
    }
    if status is None:
        return details
    return {
        **details,
        "error": details["error"] or (None if state == "queued" else status.error),
        "seconds": seconds_so_far(run, status, state),
        "images_per_second": status.images_per_second,
        "metrics": status.metrics,
        "epochs": status.epochs,
    }


def _wish(run: RunDirectory, state: RunState) -> Literal["", "pause", "stop"]:
    return "" if state in RESTING_STATES else run.wish()


def _interrupted(run: RunDirectory, status: RunStatus | None, has_checkpoint: bool) -> ErrorWords:
    """Say at which epoch, why, and how to go on."""
    epochs = status.epochs if status is not None else 0
    resume = f"Resume goes on after epoch {epochs}" if has_checkpoint and epochs else "Resume begins again"
    why = "Its process ended early, perhaps because the machine was restarted or ran out of memory"
    if _ran_out_of_memory(run, status):
        why = "The system ended its process at once, as it does when memory runs out"
        if run.record.preset != "quick":
            resume += ". If it happens again, train with a smaller batch"
    return ErrorWords(
        what=f"The training was interrupted at epoch {epochs}" if epochs else "The training was interrupted",
        why=why,
        remedy=resume,
        kind="internal",
    )


def _ran_out_of_memory(run: RunDirectory, status: RunStatus | None) -> bool:
    if run.exit_code() == _KILLED:
        return True
    # Nobody saw it end; but the system counts whom it kills for want of memory.
    if status is None or not process.started_in_this_boot(status.worker):
        return False
    return process.memory_kills() > status.memory_kills


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
        created=record.created if record.clock is None else record.clock,
        **details,
    )
