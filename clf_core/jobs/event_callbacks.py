"""What training says while it works, written into the run directory as events."""

import time

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

    Attributes:
        pictures_per_second: pictures over the seconds of the features stage, 0 before it.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
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
        self._write(RunEvent(time=time.time(), kind="stage", stage=stage, total=total))

    def progress(self, done: int) -> None:
        """``done`` pictures or candidates of this stage are finished."""
        now = time.monotonic()
        rate = done / max(now - self._stage_began, 1e-6)
        if self._stage == "features":
            self.pictures_per_second = rate
        if done >= self._total or now - self._last_written >= _PROGRESS_SECONDS:
            self._last_written = now
            self._write(
                RunEvent(time=time.time(), kind="progress", stage=self._stage, done=done, total=self._total, rate=rate)
            )
        self.check_cancelled()

    def curve(self, point: CurvePoint) -> None:
        """A candidate was fitted."""
        self._write(RunEvent(time=time.time(), kind="curve", stage=self._stage, point=point))

    def step(self, done: int, point: StepPoint) -> None:
        """A batch was learned from; ``done`` batches of this stage are finished."""
        now = time.monotonic()
        if point.batch >= point.batches or now - self._last_written >= _PROGRESS_SECONDS:
            self._last_written = now
            rate = done / max(now - self._stage_began, 1e-6)
            self._write(
                RunEvent(
                    time=time.time(),
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
        self._write(RunEvent(time=time.time(), kind="epoch", stage=self._stage, epoch=point))

    def panel(self, answers: tuple[PanelAnswer, ...]) -> None:
        """The network was asked about a few validation pictures."""
        self._write(RunEvent(time=time.time(), kind="panel", stage=self._stage, panel=answers))

    def save(self, checkpoint: bytes) -> None:
        """Keep a checkpoint; see ``RunDirectory.write_checkpoint``."""
        self._run.write_checkpoint(checkpoint)

    def wish(self) -> Wish:
        """What somebody asks of this run."""
        return self._run.wish()

    def message(self, text: str) -> None:
        """Something a person should know, in a sentence."""
        self._write(RunEvent(time=time.time(), kind="message", stage=self._stage, text=text))

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

    def _write(self, event: RunEvent) -> None:
        self._run.append_event(event)
