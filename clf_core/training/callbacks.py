"""How training speaks to whoever started it."""

from typing import Literal, Protocol

from clf_core.results import CurvePoint, EpochPoint, PanelAnswer, Stage, StepPoint

Wish = Literal["", "pause", "stop"]
"""What a person asks of a training under way: nothing; pause: save everything and leave; stop: keep the best so far."""


class TrainingCallbacks(Protocol):
    """Told what happens, in the order it happens, from the thread that trains."""

    def stage(self, stage: Stage, total: int) -> None:
        """A stage begins, with ``total`` steps; 0 when unknown."""

    def progress(self, done: int) -> None:
        """So many steps of the present stage are finished. May come very often."""

    def curve(self, point: CurvePoint) -> None:
        """One more candidate is fitted and judged."""

    def step(self, done: int, point: StepPoint) -> None:
        """One more batch is learned from; ``done`` batches of the stage are finished. May come very often."""

    def epoch(self, point: EpochPoint) -> None:
        """One more epoch is finished and judged."""

    def panel(self, answers: tuple[PanelAnswer, ...]) -> None:
        """What the network now says of a few validation pictures."""

    def message(self, text: str) -> None:
        """A sentence a person should read."""

    def save(self, checkpoint: bytes) -> None:
        """Keep this checkpoint (``training.checkpoint``), in place of the one before, all or nothing.

        Raises:
            StorageError: the disk refused; the one before is still there.
        """

    def wish(self) -> Wish:
        """What a person asks for; looked at between batches."""

    def check_cancelled(self) -> None:
        """Called many times a second, but not while principal axes are computed.

        That takes half a second for 1,280 features and up to three seconds for 2,048 (one thread).

        Raises:
            CancelledError: to stop the training; nothing of it is kept.
        """


class SilentCallbacks:
    """Callbacks for which nobody listens; a base for those that need only a few."""

    def stage(self, stage: Stage, total: int) -> None:
        """Ignored."""

    def progress(self, done: int) -> None:
        """Ignored."""

    def curve(self, point: CurvePoint) -> None:
        """Ignored."""

    def step(self, done: int, point: StepPoint) -> None:
        """Ignored."""

    def epoch(self, point: EpochPoint) -> None:
        """Ignored."""

    def panel(self, answers: tuple[PanelAnswer, ...]) -> None:
        """Ignored."""

    def message(self, text: str) -> None:
        """Ignored."""

    def save(self, checkpoint: bytes) -> None:
        """Not kept."""

    def wish(self) -> Wish:
        """Nothing."""
        return ""

    def check_cancelled(self) -> None:
        """Never cancelled."""
