"""How training speaks to whoever started it."""

from typing import Protocol

from clf_core.results import CurvePoint, Stage


class TrainingCallbacks(Protocol):
    """Told what happens, in the order it happens, from the thread that trains."""

    def stage(self, stage: Stage, total: int) -> None:
        """A stage begins, with ``total`` steps; 0 when unknown."""

    def progress(self, done: int) -> None:
        """So many steps of the present stage are finished. May come very often."""

    def curve(self, point: CurvePoint) -> None:
        """One more candidate is fitted and judged."""

    def message(self, text: str) -> None:
        """A sentence a person should read."""

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

    def message(self, text: str) -> None:
        """Ignored."""

    def check_cancelled(self) -> None:
        """Never cancelled."""
