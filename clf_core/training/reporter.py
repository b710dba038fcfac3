"""Speaks to whoever started the training, in one process for all. Torch is not imported."""

from clf_core.results import EpochPoint, PanelAnswer, StepPoint
from clf_core.training.callbacks import TrainingCallbacks, Wish
from clf_core.training.trackers import Tracker


class Reporter:
    """The callbacks and the tracker, or nothing in all processes but the first.

    Args:
        callbacks: of the training.
        speaks: whether this is the first process.
    """

    def __init__(self, callbacks: TrainingCallbacks, *, speaks: bool) -> None:
        self._callbacks = callbacks
        self.speaks = speaks
        self.tracker: Tracker | None = None

    def stage(self, batches: int) -> None:
        """The epochs begin."""
        if self.speaks:
            self._callbacks.stage("tune", batches)

    def step(self, done: int, point: StepPoint) -> None:
        """A batch is finished."""
        if self.speaks:
            self._callbacks.step(done, point)

    def epoch(self, point: EpochPoint, answers: tuple[PanelAnswer, ...]) -> None:
        """An epoch is finished."""
        if self.speaks:
            self._callbacks.epoch(point)
            if self.tracker is not None:
                self.tracker.log(point)
            if answers:
                self._callbacks.panel(answers)

    def message(self, text: str) -> None:
        """A sentence for the person."""
        if self.speaks:
            self._callbacks.message(text)

    def save(self, checkpoint: bytes) -> None:
        """Keep a checkpoint."""
        self._callbacks.save(checkpoint)

    def wish(self) -> Wish:
        """What a person asks for."""
        return self._callbacks.wish() if self.speaks else ""

    def look_up(self) -> None:
        """See whether the training is cancelled.

        Raises:
            CancelledError: it is. The other processes end with this one: torchrun sees to that.
        """
        if self.speaks:
            self._callbacks.check_cancelled()

    def close(self) -> None:
        """There is no more to be said."""
        if self.tracker is not None:
            self.tracker.close()
