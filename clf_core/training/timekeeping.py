"""Seconds spent, and whether a time limit leaves room for more."""

import math
from collections.abc import Callable


class Timekeeper:
    """The clock of one training, over all its sittings.

    Args:
        clock: seconds that never go back, such as ``time.monotonic``; a changed wall clock must not matter.
        limit: seconds for everything; None for no limit.
        spent: in earlier sittings.
        closing: see ``closing_took``; as far as an earlier sitting knew.
    """

    def __init__(
        self, clock: Callable[[], float], limit: float | None, spent: float = 0.0, closing: float = 0.0
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._began = clock() - spent
        self._batch = 0.0
        self._closing = closing

    def now(self) -> float:
        """Seconds spent so far."""
        return self._clock() - self._began

    def batches_took(self, seconds: float) -> None:
        """Note the mean seconds of a batch."""
        self._batch = seconds

    def closing_took(self, seconds: float) -> None:
        """Note what judging, reporting and saving took after an epoch; as long is kept free at the end."""
        self._closing = seconds

    def progress(self) -> float | None:
        """Share of the time for learning that is spent, up to 1; None without a limit."""
        if self._limit is None:
            return None
        return min(self.now() / max(self._limit - self._closing, 1e-6), 1.0)

    def leaves_room(self) -> bool:
        """Whether one more batch and the judging after it end closer to the limit than stopping now would."""
        return self._limit is None or self.now() + self._batch / 2 + self._closing <= self._limit

    def allows_two_judgements(self) -> bool:
        """Whether judging now leaves room for at least one more batch and judging again.

        Where it does not, judging now would end the training with time left over.
        """
        return self._limit is None or self.now() + self._batch / 2 + 2 * self._closing <= self._limit

    def epochs_in_all(self, finished: int, epoch_seconds: float, under_way: float) -> int:
        """Epochs that the limit leaves room for, the last of them perhaps in part; as far as is known yet.

        Args:
            finished: epochs.
            epoch_seconds: of the last one finished; 0 while there is none.
            under_way: seconds of the one under way.
        """
        if self._limit is None or epoch_seconds <= 0:
            return finished + 1
        return finished + max(1, math.ceil((self._limit - self.now() + under_way) / epoch_seconds - 0.1))
