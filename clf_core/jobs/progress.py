"""Where a run stands: its events read as they come, and how much time is left."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from clf_core.results import FINAL_STATES, STAGES, CurvePoint, RunEvent, RunProgress, RunSummary, Stage
from clf_core.workspace.events import EventTail
from clf_core.workspace.run_directory import RunDirectory

_FOLLOWED_RUNS = 64
_HEAD_SECONDS = 1.5
"""Fitting the head before it has begun: a second or two on two cores whatever the number of pictures (measured)."""


@dataclass
class _Follower:
    """What the events of one run have said so far."""

    tail: EventTail
    stage: Stage = "prepare"
    done: int = 0
    total: int = 0
    rate: float = 0.0
    stage_began: float = 0.0
    latest: float = 0.0
    pictures_per_second: float = 0.0  # of the features stage; the test stage does the same work
    curve: list[CurvePoint] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def catch_up(self) -> None:
        for event in self.tail.read_new():
            self._take(event)

    def _take(self, event: RunEvent) -> None:
        self.latest = event.time
        if event.kind == "stage":
            self.stage, self.done, self.total, self.rate = event.stage, 0, event.total, 0.0
            self.stage_began = event.time
        elif event.kind == "progress":
            self.done, self.total, self.rate = event.done, event.total, event.rate
            if event.stage == "features":
                self.pictures_per_second = event.rate
        elif event.kind == "curve" and event.point is not None:
            self.curve.append(event.point)
        elif event.kind == "message":
            self.messages.append(event.text)


class ProgressReader:
    """Reads progress; remembers how far it has read in the runs last asked for. Safe to call from several threads."""

    def __init__(self) -> None:
        self._followers: OrderedDict[str, _Follower] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, run: RunDirectory, summary: RunSummary) -> RunProgress:
        """Return where ``run`` stands; ``summary`` is what is listed of it now."""
        with self._lock:
            follower = self._followers.setdefault(run.record.id, _Follower(EventTail(run.events_path)))
            self._followers.move_to_end(run.record.id)
            while len(self._followers) > _FOLLOWED_RUNS:
                self._followers.popitem(last=False)
            follower.catch_up()
            return RunProgress(
                run=summary,
                stage=follower.stage,
                done=follower.done,
                total=follower.total,
                rate=follower.rate,
                eta_seconds=None if summary.state in FINAL_STATES else _eta(follower, run.record.test_pictures),
                curve=tuple(follower.curve),
                messages=tuple(follower.messages),
            )


def _eta(follower: _Follower, test_pictures: int) -> float | None:
    """Seconds left: the rest of this stage at its own pace, then the stages after it; None before there is a pace."""
    speed = follower.pictures_per_second
    if speed <= 0:
        return None
    left = _rest_of_stage(follower)
    for stage in STAGES[STAGES.index(follower.stage) + 1 :]:
        left += _HEAD_SECONDS if stage == "head" else test_pictures / speed if stage == "test" else 0.0
    return left


def _rest_of_stage(follower: _Follower) -> float:
    if follower.done <= 0:
        return _HEAD_SECONDS if follower.stage == "head" else max(0, follower.total) / follower.pictures_per_second
    # The worker's own times on both ends: the clock of whoever reads does not matter.
    elapsed = max(0.0, follower.latest - follower.stage_began)
    return elapsed * max(0, follower.total - follower.done) / follower.done
