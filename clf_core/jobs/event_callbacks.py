"""What training says while it works, written into the run directory as events."""

import time
from collections.abc import Callable

from clf_core.errors import CancelledError
from clf_core.results import CurvePoint, EpochPoint, PanelAnswer, RunEvent, Stage, StepPoint
from clf_core.training.callbacks import Wish
from clf_core.workspace.run_directory import RunDirectory

_PROGRESS_SECONDS = 0.1
"""Progress is written at most this often; a person cannot read faster, and the file stays small."""

_CANCEL_SECONDS = 0.05
"""How often the cancel mark is looked for; callers may ask as often as they like."""


class EventCallbacks:
    """The callbacks of training (``TrainingCallbacks``) for a run in its own process.

    Args:
        run: where the events go.
        epoch_done: told how many epochs are finished, after each.

    Attributes:
        pictures_per_second: pictures over the seconds of the features stage, 0 before it.
    """

    def __init__(self, run: RunDirectory, epoch_done: Callable[[int], None] | None = None) -> None:
        self._run = run
        self._epoch_done = epoch_done
        self._clock = time.time() - time.monotonic()
        self._stage: Stage = "prepare"
        self._total = 0
        self._stage_began = time.monotonic()
        self._last_written = 0.0
        self._last_looked = 0.0
        self.pictures_per_second = 0.0

    def stage(self, stage: Stage, total: int) -> None:
        """A stage begins; ``total`` pictures or candidates are to be done in it, 0 if unknown."""
        self._stage, self._total = stage, total
        self._stage_began = time.monotonic()
        self._last_written = 0.0
        self._write(RunEvent(time=self._now(), kind="stage", stage=stage, total=total))

    def progress(self, done: int) -> None:
        """``done`` pictures or candidates of this stage are finished."""
        now = time.monotonic()
        rate = done / max(now - self._stage_began, 1e-6)
        if self._stage == "features":
            self.pictures_per_second = rate
        if done >= self._total or now - self._last_written >= _PROGRESS_SECONDS:
            self._last_written = now
            self._write(
                RunEvent(time=self._now(), kind="progress", stage=self._stage, done=done, total=self._total, rate=rate)
            )
        self.check_cancelled()

    def curve(self, point: CurvePoint) -> None:
        """A candidate was fitted."""
        self._write(RunEvent(time=self._now(), kind="curve", stage=self._stage, point=point))

    def step(self, done: int, point: StepPoint) -> None:
        """A batch was learned from; ``done`` batches of this stage are finished."""
        now = time.monotonic()
        if point.batch >= point.batches or now - self._last_written >= _PROGRESS_SECONDS:
            self._last_written = now
            rate = done / max(now - self._stage_began, 1e-6)
            self._write(
                RunEvent(
                    time=self._now(),
                    kind="step",
                    stage=self._stage,
                    done=done,
                    total=self._total,
                    rate=rate,
                    step=point,
                )
            )
        self.check_cancelled()

    def epoch(self, point: EpochPoint) -> None:
        """An epoch is finished and judged."""
        self._write(RunEvent(time=self._now(), kind="epoch", stage=self._stage, epoch=point))
        if self._epoch_done is not None:
            self._epoch_done(point.epoch)

    def panel(self, answers: tuple[PanelAnswer, ...]) -> None:
        """The network was asked about a few validation pictures."""
        self._write(RunEvent(time=self._now(), kind="panel", stage=self._stage, panel=answers))

    def save(self, checkpoint: bytes) -> None:
        """Keep a checkpoint; see ``Checkpoints.write``."""
        self._run.checkpoints.write(checkpoint)

    def wish(self) -> Wish:
        """What somebody asks of this run."""
        return self._run.wish()

    def message(self, text: str) -> None:
        """Something a person should know, in a sentence."""
        self._write(RunEvent(time=self._now(), kind="message", stage=self._stage, text=text))

    def check_cancelled(self) -> None:
        """Raise if somebody asked to stop.

        Raises:
            CancelledError: somebody did.
        """
        now = time.monotonic()
        if now - self._last_looked >= _CANCEL_SECONDS:
            self._last_looked = now
            if self._run.cancel_requested():
                raise CancelledError("The training was cancelled")

    def _now(self) -> float:
        """Unix seconds by a clock that is not set meanwhile: differences between events are what they seem."""
        return self._clock + time.monotonic()

    def _write(self, event: RunEvent) -> None:
        self._run.append_event(event)
