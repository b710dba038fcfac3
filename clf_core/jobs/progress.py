"""Where a run stands: its events read as they come, how much time is left, and what the coach makes of it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clf_core.config import TUNED_PRESETS, settings_of
from clf_core.jobs.forecast import Forecast
from clf_core.results import (
    FINAL_STATES,
    STAGES,
    CurvePoint,
    EpochPoint,
    PanelAnswer,
    RunEvent,
    RunProgress,
    RunSummary,
    Stage,
    StepPoint,
)
from clf_core.training.coach import coach
from clf_core.training.estimate import Work, courses, stage_seconds
from clf_core.workspace.events import EventTail
from clf_core.workspace.run_directory import RunDirectory

_FOLLOWED_RUNS = 64

_VAL_SHARE = 0.2
"""Of the pictures fitted with, where only their sum is known; as datasets are divided unless told otherwise."""

Expect = Callable[[RunDirectory], Mapping[Stage, float]]
"""Gives the seconds expected of each stage of a run."""


@dataclass
class _Follower:
    """What the events of one run have said so far."""

    tail: EventTail
    forecast: Forecast
    classes: int
    patience: int | None  # epochs without anything better until it stops; None for never
    stages: tuple[Stage, ...]  # those it goes through
    stage: Stage = "prepare"
    done: int = 0
    total: int = 0
    rate: float = 0.0
    curve: dict[float, CurvePoint] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    step: StepPoint | None = None
    epochs: dict[int, EpochPoint] = field(default_factory=dict)
    panel: tuple[PanelAnswer, ...] = ()
    coach: tuple[str, ...] = ()
    read_at: float = 0.0  # when the latest events were found here, by a clock that never jumps

    def catch_up(self) -> None:
        added = self.tail.read_new()
        if added:
            self.read_at = time.monotonic()
        known = tuple(self.epochs.values())
        for event in added:
            self.forecast.take(event)
            self._take(event)
        if (epochs := tuple(self.epochs.values())) != known:
            self.coach = coach(epochs, self.classes, self.patience)

    def seconds_left(self) -> float | None:
        return self.forecast.left(time.monotonic() - self.read_at)

    def _take(self, event: RunEvent) -> None:
        if event.kind == "stage":
            self.stage, self.done, self.total, self.rate = event.stage, 0, event.total, 0.0
            self.stages = tuple(stage for stage in STAGES if stage in self.stages or stage == event.stage)
        elif event.kind in ("progress", "step"):
            self.done, self.total, self.rate = event.done, event.total, event.rate
            self.step = event.step or self.step
        elif event.kind == "curve" and event.point is not None:
            self.curve[event.point.strength] = event.point
        elif event.kind == "epoch" and event.epoch is not None:
            self._epoch(event.epoch)
        elif event.kind == "panel":
            self.panel = event.panel
        elif event.kind == "message" and event.text not in self.messages[-1:]:
            self.messages.append(event.text)

    def _epoch(self, point: EpochPoint) -> None:
        """An epoch that is told again was gone on from an earlier checkpoint: what came after it is no more."""
        self.epochs = {number: known for number, known in self.epochs.items() if number < point.epoch}
        self.epochs[point.epoch] = point


class ProgressReader:
    """Reads progress; remembers how far it has read in the runs last asked for. Safe to call from several threads.

    Args:
        expect: gives the seconds expected of each stage of a run; None goes by a rule of thumb.
        classes: gives how many classes a run tells apart, which the coach judges by.
    """

    def __init__(self, expect: Expect | None = None, classes: Callable[[RunDirectory], int] = lambda _run: 2) -> None:
        self._expect = expect or by_rule_of_thumb
        self._classes = classes
        self._followers: OrderedDict[str, _Follower] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, run: RunDirectory, summary: RunSummary) -> RunProgress:
        """Return where ``run`` stands; ``summary`` is what is listed of it now."""
        with self._lock:
            follower = self._followers.get(run.record.id) or self._follow(run)
            self._followers[run.record.id] = follower
            self._followers.move_to_end(run.record.id)
            while len(self._followers) > _FOLLOWED_RUNS:
                self._followers.popitem(last=False)
            follower.catch_up()
            resting = summary.state in FINAL_STATES or summary.state in ("paused", "queued")
            return RunProgress(
                run=summary,
                stage=follower.stage,
                stages=follower.stages,
                done=follower.done,
                total=follower.total,
                rate=follower.rate,
                eta_seconds=None if resting else follower.seconds_left(),
                at_most=_may_end_early(run, follower.stage),
                curve=tuple(follower.curve.values()),
                messages=tuple(follower.messages),
                step=follower.step,
                epochs=tuple(follower.epochs.values()),
                panel=follower.panel,
                coach=follower.coach,
            )

    def _follow(self, run: RunDirectory) -> _Follower:
        minutes = run.config.minutes
        expected = self._expect(run)
        forecast = Forecast(expected, None if minutes is None else 60 * minutes, courses(_work(run)))
        patience = run.config.patience if minutes is None else None
        return _Follower(EventTail(run.events_path), forecast, self._classes(run), patience, tuple(expected))


def by_rule_of_thumb(run: RunDirectory) -> dict[Stage, float]:
    """Return the seconds expected of each stage of a run, from its own record alone."""
    return stage_seconds(_work(run))


def _work(run: RunDirectory) -> Work:
    record, config = run.record, run.config
    views = config.view_count if config.augment.active and "views" in settings_of(config.preset) else 0
    val = round(_VAL_SHARE * record.fitted_pictures)
    return Work(
        preset=config.preset,
        train=record.fitted_pictures - val,
        val=val,
        test=record.test_pictures,
        views=views,
        epochs=config.epochs,
        refit=config.refit,
        rate_given=config.learning_rate is not None,
        budget=None if config.minutes is None else 60 * config.minutes,
    )


def _may_end_early(run: RunDirectory, stage: Stage) -> bool:
    """Whether learning may stop before its last epoch, so that the time left is the most there can be."""
    ahead = stage not in ("finish", "test")
    return ahead and run.config.preset in TUNED_PRESETS and run.config.minutes is None
