"""The loop of every training in epochs: learn, judge, report, save, and stop in good time. Imports torch."""

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from clf_core.errors import ClfError, PausedError, StorageError
from clf_core.results import EpochPoint, StepPoint
from clf_core.training.batches import batches_of, count_batches, order_of
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.judging import Verdict, ask_panel, judge
from clf_core.training.learner import Learner
from clf_core.training.memory import memory_bytes
from clf_core.training.optimizers import set_learning_rate
from clf_core.training.plan import Plan
from clf_core.training.reporter import Reporter
from clf_core.training.state import State
from clf_core.training.task import Fitted, ParameterGroup, Task
from clf_core.training.timekeeping import Timekeeper
from clf_core.training.trackers import Tracker

__all__ = ["Fitted", "ParameterGroup", "Task", "fit"]

_LOOK_SECONDS = 0.2
"""A graphics card works ahead of the program; reading its sums makes it wait, so they are read this often."""

_SAVE_SECONDS = 300.0
"""Within long epochs a checkpoint is saved this often, too."""


def fit(
    task: Task,
    plan: Plan,
    callbacks: TrainingCallbacks,
    checkpoints: Iterable[bytes] = (),
    *,
    tracker_folder: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Fitted:
    """Train, and leave the best weights in the network.

    It tells ``callbacks`` the stage 'tune' with its number of batches (0 under a time limit), each batch, each epoch
    from the state before the first on, and the answers for the panel. A checkpoint is saved after each epoch, every
    five minutes within one, and before a pause. An epoch that was lost with a crash is told again when it is repeated.

    On a processor, going on from a checkpoint gives the same weights, optimizer state and figures, to the last bit, as
    if nothing had happened. A run that has ended goes on where the plan has more epochs, or more seconds, than it
    had: the schedule is then that of the longer run, so the learning rate rises again to where it would have been,
    and the patience counts anew.

    Args:
        task: what to train, on what.
        plan: how.
        callbacks: told what happens; asked for wishes between batches.
        checkpoints: of this run, the latest first; the first that is sound and belongs to the task and plan is used.
        tracker_folder: where ``plan.tracker`` writes; without it none is used.
        clock: seconds that never go back.

    Raises:
        PausedError: a pause was wished for; everything is saved.
        CancelledError: from the callbacks.
        ClfError: the loss was not finite before any epoch was finished, or the memory is too small for one picture.
        StorageError: a checkpoint could not be saved.
    """
    began = clock()
    state = State(task, plan)
    reporter = Reporter(callbacks, speaks=state.engine.index == 0)
    try:
        _resume(state, checkpoints, reporter)
        if reporter.speaks:
            reporter.tracker = Tracker(plan, tracker_folder, reporter.message)
        spent = state.standing.spent + clock() - began
        timekeeper = Timekeeper(clock, state.seconds, spent, state.standing.closing_seconds)
        _Loop(task, plan, state, reporter, timekeeper).run()
    finally:
        reporter.close()
        state.close()
    standing = state.standing
    speed = standing.all_seen / standing.all_learn_seconds if standing.all_learn_seconds else 0.0
    return Fitted(standing.points, standing.best_epoch, speed)


def _resume(state: State, checkpoints: Iterable[bytes], reporter: Reporter) -> None:
    refused = False
    for data in checkpoints:
        try:
            state.take(data)
        except StorageError as error:
            refused = True
            reporter.message(f"{error.what}; it is not used.")
        else:
            return
    if refused:
        reporter.message("None of the saved states can be used: the training starts from the beginning.")


Next = Literal["learn", "judge", "pause", "stop", "time"]
_NEXT: tuple[Next, ...] = get_args(Next)


class _DivergedError(Exception):
    """The loss is no longer a number."""


class _Loop:
    def __init__(self, task: Task, plan: Plan, state: State, reporter: Reporter, timekeeper: Timekeeper) -> None:
        self._task, self._plan, self._state, self._reporter = task, plan, state, reporter
        self._standing = state.standing
        self._learner = Learner(task, plan, state.engine, state.optimizer, state.standing.micro_batch, reporter.message)
        self._batches = count_batches(len(task.learn_labels), plan.batch_size)
        self._time = timekeeper
        self._rate = plan.learning_rate
        # Several processes read together, so they do so after each batch, whatever their clocks say.
        self._works_ahead = state.device.type == "cuda" and state.engine.count == 1
        self._last_look = self._last_save = self._time.now()

    def run(self) -> None:
        self._reporter.stage(0 if self._plan.seconds is not None else self._plan.epochs * self._batches)
        try:
            if not self._standing.points:
                self._rate = set_learning_rate(self._state.optimizer, self._plan, self._progress())
                self._close(None, self._time.now())
            while not self._standing.ended:
                self._epoch()
        except _DivergedError:
            self._say_diverged()
        self._state.restore_best()

    def _epoch(self) -> None:
        standing = self._standing
        began = self._time.now() - standing.epoch_seconds
        sums = self._sums_so_far()
        # The last epoch under a time limit may go through the pictures more than once; each time has its own order.
        batches: list[NDArray[np.int64]] = []
        while (then := self._what_next()) == "learn":
            turn, position = divmod(standing.batch, self._batches)
            if not batches or position == 0:
                batches = self._turn(standing.epoch + 1 + turn)
            self._learn(batches[position], standing.epoch + 1 + turn, position, sums)
            standing.epoch_seconds = self._time.now() - began
        self._read(sums)
        if then == "pause":
            self._save()
            raise PausedError("The training is paused")
        if standing.batch:
            self._close(then, began)
        else:
            standing.ended = then

    def _sums_so_far(self) -> torch.Tensor:
        """[2] float64 on the device: what ``_read`` read before a pause, in the first process; zeros in the others."""
        standing = self._standing
        sums = torch.tensor([standing.loss_sum, standing.correct], dtype=torch.float64, device=self._state.device)
        return sums if self._reporter.speaks else torch.zeros_like(sums)

    def _turn(self, epoch: int) -> list[NDArray[np.int64]]:
        """The batches of one time through the pictures."""
        balanced = self._plan.imbalance == "sampler"
        order = order_of(self._task.learn_labels, self._plan.seed, epoch, balanced=balanced)
        return batches_of(order, self._plan.batch_size)

    def _what_next(self) -> Next:
        """What comes before the next batch, and its learning rate; the first process decides for all."""
        self._reporter.look_up()
        standing = self._standing
        answer: Next = "learn" if self._time.leaves_room() or not standing.step else "time"
        full = standing.batch > 0 and standing.batch % self._batches == 0
        if full and answer == "learn" and self._time.allows_two_judgements():
            answer = "judge"
        answer = self._reporter.wish() or answer
        answered, progress = self._state.engine.agree([float(_NEXT.index(answer)), self._progress()])
        self._rate = set_learning_rate(self._state.optimizer, self._plan, progress)
        return _NEXT[int(answered)]

    def _progress(self) -> float:
        timed = self._time.progress()
        if timed is not None:
            return timed
        done = self._standing.epoch * self._batches + self._standing.batch
        return (done + 0.5) / (self._plan.epochs * self._batches)

    def _learn(self, rows: NDArray[np.int64], epoch: int, position: int, sums: torch.Tensor) -> None:
        """One batch, added to the epoch's sums; ``epoch`` and ``position`` say which draws it gets."""
        standing, began = self._standing, self._time.now()
        sums += self._learner.learn(rows, epoch, position)
        self._state.count_step()
        standing.batch += 1
        standing.seen += len(rows)
        standing.micro_batch = self._learner.micro_batch
        now = self._time.now()
        looks = not self._works_ahead or now - self._last_look >= _LOOK_SECONDS or standing.batch >= self._batches
        if looks:
            self._read(sums)
            now = self._last_look = self._time.now()
        standing.learn_seconds += now - began
        self._time.batches_took(standing.learn_seconds / standing.batch)
        if looks:
            self._report_step()
        if now - self._last_save >= _SAVE_SECONDS and standing.batch < self._batches:
            if not looks:
                self._read(sums)
            self._save()

    def _read(self, sums: torch.Tensor) -> None:
        """Take the sums of all processes from the device.

        Raises:
            _DivergedError: they are not finite.
        """
        total = self._state.engine.add_up(sums.clone()).cpu()
        self._standing.loss_sum, self._standing.correct = float(total[0]), float(total[1])
        if not math.isfinite(self._standing.loss_sum):
            raise _DivergedError

    def _report_step(self) -> None:
        standing = self._standing
        most = self._plan.epochs
        if self._plan.seconds is not None:
            took = standing.points[-1].seconds if standing.epoch else 0.0
            most = self._time.epochs_in_all(standing.epoch, took, standing.epoch_seconds)
        point = StepPoint(
            epoch=standing.epoch + 1,
            epochs=most,
            batch=standing.batch,
            batches=max(self._batches, standing.batch),
            loss=standing.loss_sum / standing.seen,
            learning_rate=self._rate,
            memory_bytes=memory_bytes(),
        )
        self._reporter.step(standing.epoch * self._batches + standing.batch, point)

    def _close(self, then: Next | None, began: float) -> None:
        """Judge, report and save; ``then`` is why the epoch ended, None for the state before the first."""
        standing, closing = self._standing, self._time.now()
        verdict = judge(self._state.judged, self._task, self._state.engine, self._learner, self._reporter.look_up)
        if verdict is not None and not math.isfinite(verdict.loss):
            raise _DivergedError
        epoch = 0 if then is None else standing.epoch + 1
        better = self._state.remember(epoch, self._train_loss() if verdict is None else verdict.loss)
        point = self._point(epoch, verdict, began, best=better)
        standing.points += (point,)
        standing.all_seen += standing.seen
        standing.all_learn_seconds += standing.learn_seconds
        standing.epoch, standing.batch, standing.epoch_seconds = epoch, 0, 0.0
        standing.loss_sum, standing.correct, standing.seen, standing.learn_seconds = 0.0, 0.0, 0, 0.0
        standing.ended = self._why_ended(then)
        answers = ask_panel(self._state.judged, self._task, self._state.engine) if self._reporter.speaks else ()
        self._reporter.epoch(point, answers)
        standing.closing_seconds = self._time.now() - closing
        self._save()
        standing.closing_seconds = self._time.now() - closing
        self._time.closing_took(standing.closing_seconds)

    def _train_loss(self) -> float | None:
        return self._standing.loss_sum / self._standing.seen if self._standing.seen else None

    def _point(self, epoch: int, verdict: Verdict | None, began: float, *, best: bool) -> EpochPoint:
        standing = self._standing
        return EpochPoint(
            epoch=epoch,
            train_loss=self._train_loss(),
            train_accuracy=standing.correct / standing.seen if standing.seen else None,
            val_loss=None if verdict is None else verdict.loss,
            val_accuracy=None if verdict is None else verdict.accuracy,
            learning_rate=self._rate,
            seconds=self._time.now() - began,
            images_per_second=standing.seen / max(standing.learn_seconds, 1e-9),
            memory_bytes=memory_bytes(),
            best=best,
        )

    def _why_ended(self, then: Next | None) -> str:
        standing, patience = self._standing, self._plan.patience
        if then in ("stop", "time"):
            return then
        if standing.epoch >= self._plan.epochs:
            return "epochs"
        waited = standing.epoch - max(standing.best_epoch, standing.patient_since)
        if patience is None or not len(self._task.judge_labels) or waited < patience:
            return ""
        self._reporter.message(
            f"{'1 epoch' if waited == 1 else f'{waited} epochs'} brought nothing better on the validation pictures: "
            f"it stops here and keeps the weights of epoch {standing.best_epoch}."
        )
        return "patience"

    def _save(self) -> None:
        self._last_save = self._standing.spent = self._time.now()
        if self._reporter.speaks:
            self._reporter.save(self._state.to_bytes())

    def _say_diverged(self) -> None:
        """Keep the best of what was finite.

        Raises:
            ClfError: no epoch was.
        """
        standing = self._standing
        remedy = f"Choose a smaller learning rate, such as {self._plan.learning_rate / 10:.0e}"
        if standing.epoch == 0:
            raise ClfError(
                "The training went out of bounds",
                why="The loss became infinite, or no number at all, in the first epoch: there is nothing to keep",
                remedy=remedy,
            )
        self._reporter.message(
            f"The loss became infinite, or no number at all, in epoch {standing.epoch + 1}: it stops here and keeps "
            f"the weights of epoch {standing.best_epoch}. {remedy}."
        )
