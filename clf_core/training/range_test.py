"""The learning-rate range test: a short training at ever higher rates shows which are too low, good, and too high.

Smith, "Cyclical Learning Rates for Training Neural Networks", 2017 (first 2015), with the range and the stopping rule
of fastai's ``lr_find``, and a suggestion near its 'valley'. It trains a copy; the network it is asked about stays as it
is. Imports torch.

A network that begins with a fitted head gains little in a hundred steps, less than one batch differs from the next. So
a second copy sees the same batches at rate 0, and what is smoothed is the difference between both. From such a start
the suggestion is on the careful side: sign digits at 64 px, 60 steps: 5e-5, the least loss at 2e-4, rising from 6e-4
on, where whole runs of four epochs did best with 5e-4 to 1e-3.
"""

import copy
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from clf_core.device import Device
from clf_core.errors import ClfError
from clf_core.results.range_tests import RangeTestReport, RatePoint
from clf_core.training.batches import batches_of, order_of
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.engine import open_engine
from clf_core.training.learner import Learner
from clf_core.training.optimizers import make_optimizer
from clf_core.training.plan import Plan
from clf_core.training.task import ParameterGroup, Task

STEPS = 100
LOWEST, HIGHEST = 1e-7, 10.0
"""Rates it goes through, as in fastai."""

_SMOOTHING = 0.9
"""fastai takes 0.98, which lags fifty steps of a hundred behind."""

_EXPLODED = 4.0
"""Times the least smoothed loss: then it is stopped, as in fastai."""

_SMALL_LOSS = 0.1
"""Nats; four times less than this is no explosion, only a hard batch after a network that knows it all."""

_LEAST_POINTS = 6
_LEAST_FALL = 0.05
_LEAST_RISE = 0.1
"""Shares of the first loss by which it must have changed for that to be more than chance."""

_CAUTION = 3.0
"""Where the loss never falls, as from a head that is fitted already: the rate from which on it rises, over this."""


@dataclass(frozen=True)
class RangeTest:
    """What was found; ``report`` is the same to be stored and shown.

    Attributes:
        points: (rate, smoothed loss) in the order of rising rates.
        suggestion: the learning rate to take.
        report: both, with what else there is to say.
    """

    points: tuple[tuple[float, float], ...]
    suggestion: float
    report: RangeTestReport


def range_test(
    task: Task,
    plan: Plan,
    callbacks: TrainingCallbacks,
    *,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
) -> RangeTest:
    """Train copies of the weights over exponentially rising learning rates.

    Args:
        task: what would be trained; neither its network nor anything else of it is changed.
        plan: how; its learning rate and schedule are not looked at.
        callbacks: told the progress in steps, of a stage the caller has begun; asked whether it is cancelled.
        steps: batches at most.
        lowest, highest: learning rates of the last layer.

    Raises:
        ClfError: the loss is no number from the beginning on.
        CancelledError: from the callbacks.
    """
    random_state = torch.get_rng_state()
    try:
        points, exploded = _rise(task, plan, callbacks, _rates(steps, lowest, highest))
    finally:
        torch.set_rng_state(random_state)
    if len(points) < 2:
        raise ClfError(
            "The learning rate cannot be tested",
            why="The loss is no finite number, even at the lowest rates",
            remedy="Choose precision 'float32', or another network",
        )
    rates, losses = [rate for rate, _ in points], [loss for _, loss in points]
    best, reason = suggest(rates, losses)
    report = RangeTestReport(
        points=tuple(RatePoint(rate=rate, loss=loss) for rate, loss in points),
        suggestion=best,
        steepest=steepest(rates, losses),
        exploded=exploded,
        reason=reason,
    )
    return RangeTest(tuple(points), best, report)


def suggest(rates: Sequence[float], losses: Sequence[float]) -> tuple[float, str]:
    """The rate to take, and why, from the rates tried in rising order and the smoothed losses there."""
    level = _first_level(losses)
    if min(losses) <= level * (1 - _LEAST_FALL):
        return _two_digits(valley(rates, losses)), "It lies in the middle of the stretch on which the loss falls."
    rising = next((r for r, loss in zip(rates, losses, strict=True) if loss > level * (1 + _LEAST_RISE)), rates[-1])
    reason = "The loss hardly falls at any rate, so it is a third of the one from which on it rises."
    return _two_digits(rising / _CAUTION), reason


def valley(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The middle between where the loss leaves its first level and where it is least.

    As fastai's ``valley``, which takes the middle of the longest falling sequence; but that begins anywhere in the
    noise of the low rates.
    """
    end = min(range(len(losses)), key=losses.__getitem__)
    level = _first_level(losses) * (1 - _LEAST_FALL)
    start = max((place for place in range(end) if losses[place] > level), default=0)
    return rates[(start + end) // 2]


def _first_level(losses: Sequence[float]) -> float:
    """The loss at rates so low that nothing changes: the median of the first fifth."""
    return statistics.median(losses[: max(1, len(losses) // 5)])


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float:
    """Where the loss falls fastest over the logarithm of the rate."""
    if len(losses) < 3:
        return rates[0]
    slopes = [
        (losses[i + 1] - losses[i - 1]) / (math.log(rates[i + 1]) - math.log(rates[i - 1]))
        for i in range(1, len(losses) - 1)
    ]
    return rates[1 + slopes.index(min(slopes))]


def _rise(
    task: Task, plan: Plan, callbacks: TrainingCallbacks, rates: list[float]
) -> tuple[list[tuple[float, float]], bool]:
    """Learn a batch at each rate; (rate, smoothed loss), and whether it was ended by an exploding loss."""
    learns, still = _Copy(task, plan, callbacks), _Copy(task, plan, callbacks)
    changes: list[float] = []
    average = level = least = 0.0
    exploded = False
    try:
        for step, (rate, batch) in enumerate(zip(rates, _batches(task, plan), strict=False), start=1):
            callbacks.check_cancelled()
            expected, loss = still.learn(batch, 0.0), learns.learn(batch, rate)
            if not math.isfinite(loss):
                exploded = True
                break
            level += (expected - level) / step
            average = _SMOOTHING * average + (1 - _SMOOTHING) * (loss - expected)
            changes.append(average / (1 - _SMOOTHING**step))
            least = min(least, changes[-1])
            callbacks.progress(step)
            if step > _LEAST_POINTS and level + changes[-1] > _EXPLODED * max(level + least, _SMALL_LOSS):
                exploded = True
                break
    finally:
        learns.close()
        still.close()
    return [(rate, level + change) for rate, change in zip(rates, changes, strict=False)], exploded


class _Copy:
    """The task with a network of its own, that learns a batch at a time at whatever rate."""

    def __init__(self, task: Task, plan: Plan, callbacks: TrainingCallbacks) -> None:
        task = _copied(task)
        self._optimizer = make_optimizer(task.groups, plan)
        device: Device = "cuda" if next(task.network.parameters()).device.type == "cuda" else "cpu"
        self._engine = open_engine(task.network, self._optimizer, plan.precision, device)
        self._learner = Learner(task, plan, self._engine, self._optimizer, plan.batch_size, callbacks.message)

    def learn(self, batch: "_Batch", rate: float) -> float:
        """The mean loss of the batch, as it was before learning from it."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group["lr_scale"]
        return float(self._learner.learn(*batch)[0]) / len(batch[0])

    def close(self) -> None:
        self._engine.close()


_Batch = tuple[NDArray[np.int64], int, int]
"""Rows, epoch, place in the epoch."""


def _batches(task: Task, plan: Plan) -> Iterator[_Batch]:
    """Batches without end."""
    epoch = 0
    while True:
        epoch += 1
        order = order_of(task.learn_labels, plan.seed, epoch, balanced=plan.imbalance == "sampler")
        for place, rows in enumerate(batches_of(order, plan.batch_size)):
            yield rows, epoch, place


def _copied(task: Task) -> Task:
    """The same task with a network of its own."""
    network = copy.deepcopy(task.network)
    twin = dict(zip(map(id, task.network.parameters()), network.parameters(), strict=True))
    groups = [
        ParameterGroup(group.name, [twin[id(parameter)] for parameter in group.parameters], group.scale)
        for group in task.groups
    ]
    learning = {id(parameter) for group in groups for parameter in group.parameters}
    for parameter in network.parameters():
        parameter.requires_grad_(id(parameter) in learning)
    return replace(task, network=network, groups=groups)


def _rates(steps: int, lowest: float, highest: float) -> list[float]:
    """``steps`` rates, each the same multiple of the one before."""
    return [lowest * (highest / lowest) ** (step / max(1, steps - 1)) for step in range(steps)]


def _two_digits(rate: float) -> float:
    return float(f"{rate:.1e}")
