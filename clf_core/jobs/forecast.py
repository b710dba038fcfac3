"""How much time a run has left: what was expected of each stage, corrected by how it goes.

Pure: events in, seconds out. Only differences between neighbouring events count, and one that a clock set forward or
back would explain is passed over, so that no clock makes nonsense of it.
"""

import math
from collections.abc import Mapping

from clf_core.results import STAGES, RunEvent, Stage

_LONGEST_PAUSE = 3600.0
"""Seconds between two events beyond which the clock was set, or the machine slept; a step takes less."""

_PRIOR = 0.02
"""Weight of the expectation, as a share of the work: a fiftieth of it done counts as much as what was expected."""

_MEMORY = 0.3
"""Share of a stage's work after which its early pace is mostly forgotten: a machine may become busy or idle."""

_UNCERTAIN: frozenset[Stage] = frozenset({"prepare", "head"})
"""Stages that are no measure of the others: they hardly depend on the number of pictures."""


class Forecast:
    """Follows one run.

    Args:
        expected: seconds expected of each stage the run goes through, in their order; may be empty.
        budget: seconds its epochs are limited to; None for none.
        courses: how often it may go through its epochs; what is expected of 'tune' is all of them together.
    """

    _spent: float
    _open: float
    _judging: float
    _epochs_left: int
    _units: float
    _seconds: float

    def __init__(self, expected: Mapping[Stage, float], budget: float | None = None, courses: int = 1) -> None:
        self._expected = dict(expected)
        self._budget = budget
        self._time: float | None = None  # of the latest event
        self._finished: dict[Stage, float] = {}
        self._gone_on = False
        self._courses, self._courses_left = courses, courses - 1
        self._begin("prepare", 0)

    def take(self, event: RunEvent) -> None:
        """Look at the next event of the run."""
        passed = 0.0 if self._time is None else event.time - self._time
        self._time = event.time
        passed = passed if 0 <= passed <= _LONGEST_PAUSE else 0.0
        self._spent += passed
        self._open += passed
        if event.kind == "stage":
            self._next_stage(event)
        elif event.kind in ("progress", "step"):
            self._advance(event)
        elif event.kind == "epoch":
            self._judging, self._open = self._open, 0.0
            self._epochs_left = max(0, self._epochs_left - 1)

    def left(self, waited: float = 0.0) -> float | None:
        """Return the seconds left; None while there is nothing to go by.

        Args:
            waited: seconds since the last event came.
        """
        if self._time is None or not (self._expected or self._units):
            return None
        later = [stage for stage in self._expected if STAGES.index(stage) > STAGES.index(self._stage)]
        factor = self._factor()
        rest = self._rest(factor, waited)
        if self._stage == "tune":  # the courses to come take as long as this one, which is the most they can
            rest += self._courses_left * (self._spent + rest)
        return rest + sum(self._expected[stage] * (1.0 if stage in _UNCERTAIN else factor) for stage in later)

    def _begin(self, stage: Stage, total: int) -> None:
        self._stage = stage
        self._total = total
        self._done = self._before = 0  # steps finished; of those, by an earlier process
        self._spent = 0.0
        self._open = 0.0  # since the last step or epoch
        self._judging = 0.0  # of the latest epoch
        self._epochs_left = 0
        self._units = 0.0
        self._seconds = 0.0  # of steps of this stage; older ones count less

    def _next_stage(self, event: RunEvent) -> None:
        self._finished[self._stage] = self._finished.get(self._stage, 0.0) + self._spent
        if event.stage == self._stage == "tune":  # once more, with other pictures
            self._courses_left = max(0, self._courses_left - 1)
        elif STAGES.index(event.stage) < STAGES.index(self._stage):  # it goes on in a new process
            self._finished, self._gone_on = {}, True
            self._courses_left = self._courses - 1
        self._begin(event.stage, event.total)

    def _advance(self, event: RunEvent) -> None:
        if self._gone_on and not self._done:
            # What it counts first was done by the process before it; nothing is known of its own pace yet.
            self._done = self._before = max(0, event.done - 1)
        step = event.done - self._done
        self._done, self._total = event.done, event.total
        if event.step is not None:
            self._epochs_left = max(0, event.step.epochs - event.step.epoch + 1)
        if step <= 0:
            return
        keep = math.exp(-step / max(1.0, self._total * _MEMORY))
        self._seconds = self._seconds * keep + self._open
        self._units = self._units * keep + step
        self._open = 0.0

    def _factor(self) -> float:
        """How many times longer things take than expected."""
        whole = sum(self._expected.values())
        took, meant = _PRIOR * whole, _PRIOR * whole
        for stage, seconds in self._finished.items():
            if self._is_telling(stage) and stage != self._stage:
                took, meant = took + seconds, meant + self._expected[stage]
        if self._is_telling(self._stage) and self._units and self._total:
            share = min(1.0, (self._done - self._before) / self._total)
            of_all = share / self._courses if self._stage == "tune" else share
            took, meant = took + self._spent, meant + of_all * self._expected[self._stage]
        return took / meant if meant > 0 else 1.0

    def _is_telling(self, stage: Stage) -> bool:
        """Whether the length of a stage says how fast this machine is today; one with a time limit does not."""
        limited = stage == "tune" and self._budget is not None
        return stage in self._expected and stage not in _UNCERTAIN and not limited

    def _rest(self, factor: float, waited: float) -> float:
        if self._stage == "tune" and self._budget is not None:
            return max(0.0, self._budget - self._spent - waited)
        expected = self._expected.get(self._stage, 0.0) * (factor if self._stage not in _UNCERTAIN else 1.0)
        if self._stage == "tune":
            expected /= self._courses
        if not self._total or not self._units or (self._stage == "head" and self._done >= self._total):
            # Nothing is counted here, or nothing yet: what was expected, never quite used up before the stage is.
            return max(expected - self._spent - waited, 0.1 * expected)
        prior = _PRIOR * self._total if expected else 0.0
        judging = self._judging * self._epochs_left
        per_unit = (max(0.0, expected - judging) / self._total * prior + self._seconds) / (prior + self._units)
        rest = max(0, self._total - self._done) * per_unit + judging
        return max(0.0, rest - min(waited, per_unit + self._judging))
