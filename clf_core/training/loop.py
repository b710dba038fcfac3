"""The loop of every training in epochs: learn, judge, report, save, and stop in good time. Imports torch."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from clf_core.device import Device
from clf_core.errors import ClfError, PausedError, StorageError
from clf_core.results import EpochPoint, StepPoint
from clf_core.training import checkpoint as saved
from clf_core.training.batches import batches_of, count_batches, order_of
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.checkpoint import Checkpoint, Standing
from clf_core.training.engine import open_engine
from clf_core.training.judging import Verdict, ask_panel, judge
from clf_core.training.learner import Learner
from clf_core.training.memory import memory_bytes
from clf_core.training.optimizers import make_optimizer, set_learning_rate
from clf_core.training.plan import Plan
from clf_core.training.task import Fitted, ParameterGroup, Task
from clf_core.training.timekeeping import Timekeeper
from clf_core.training.trackers import Tracker

__all__ = ["Fitted", "ParameterGroup", "Task", "fit"]

_LOOK_SECONDS = 0.2
"""A graphics card works ahead of the program; reading its sums makes it wait, so they are read this often."""

_SAVE_SECONDS = 300.0
"""Within long epochs a checkpoint is saved this often, too."""

_AVERAGE_DECAY = 0.9998
"""Of the moving average, once the run is long; it begins with less (``timm.utils.ModelEmaV3`` with warm-up)."""


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
    training = _Training(task, plan, callbacks, clock)
    tracker = Tracker(plan, tracker_folder, training.tell) if training.reports else None
    try:
        return training.run(checkpoints, tracker)
    finally:
        if tracker is not None:
            tracker.close()


Next = Literal["learn", "pause", "stop", "time"]
_NEXT: tuple[Next, ...] = ("learn", "pause", "stop", "time")


class _DivergedError(Exception):
    """The loss is no longer a number."""


class _Training:
    def __init__(self, task: Task, plan: Plan, callbacks: TrainingCallbacks, clock: Callable[[], float]) -> None:
        self._task, self._plan, self._callbacks, self._clock = task, plan, callbacks, clock
        learning = {id(p) for group in task.groups for p in group.parameters}
        for parameter in task.network.parameters():
            parameter.requires_grad_(id(parameter) in learning)
        self._average = _average_of(task.network) if plan.average_weights else None
        self._optimizer = make_optimizer(task.groups, plan)
        device: Device = "cuda" if next(task.network.parameters()).device.type == "cuda" else "cpu"
        self._engine = open_engine(task.network, self._optimizer, plan.precision, device)
        self._learner = Learner(task, plan, self._engine, self._optimizer, plan.batch_size, self.tell)
        self._batches = count_batches(len(task.learn_labels), plan.batch_size)
        self._standing = Standing(fingerprint=_fingerprint(task, plan), plan=asdict(plan), micro_batch=plan.batch_size)
        self._best: dict[str, torch.Tensor] = {}
        self._tracker: Tracker | None = None
        self._time = Timekeeper(clock, plan.seconds)
        self._rate = plan.learning_rate
        self._on_device = device == "cuda" and self._engine.count == 1
        self._last_look = self._last_save = clock()

    def run(self, checkpoints: Iterable[bytes], tracker: Tracker | None) -> Fitted:
        self._tracker = tracker
        try:
            resumed = self._resume(checkpoints)
            self._tell_stage()
            if not resumed:
                self._begin()
            try:
                while not self._standing.ended:
                    self._epoch()
            except _DivergedError:
                self._say_diverged()
            saved.fill(saved.changing(self._task.network), self._best)
        finally:
            self._engine.close()
            self._task.network.eval()
        standing = self._standing
        speed = standing.all_seen / max(standing.all_learn_seconds, 1e-9)
        return Fitted(standing.points, standing.best_epoch, speed if standing.all_seen else 0.0)

    @property
    def reports(self) -> bool:
        """Whether this process speaks for all."""
        return self._engine.index == 0

    def tell(self, text: str) -> None:
        """Say a sentence, once for all processes."""
        if self.reports:
            self._callbacks.message(text)

    # Beginning

    def _begin(self) -> None:
        """Judge the state before the first epoch."""
        self._rate = set_learning_rate(self._optimizer, self._plan, self._progress())
        self._close(None, self._time.now())

    def _resume(self, checkpoints: Iterable[bytes]) -> bool:
        tried = False
        for data in checkpoints:
            tried = True
            try:
                self._take(saved.from_bytes(data))
            except StorageError as error:
                self.tell(f"{error.what}; it is not used.")
                continue
            return True
        if tried:
            self.tell("None of the saved states can be used: the training starts from the beginning.")
        return False

    def _take(self, found: Checkpoint) -> None:
        standing = found.standing
        if standing.fingerprint != self._standing.fingerprint:
            raise StorageError("A saved state of the training belongs to other settings or other pictures")
        network, average, best = (found.under(kind) for kind in ("network", "average", "best"))
        here = saved.changing(self._task.network)
        saved.require_same(here, network)
        if self._average is not None:
            saved.require_same(saved.changing(self._average.module), average)
        if best:
            saved.require_same(here, best)
        saved.unpack_optimizer(self._optimizer, found.under("optimizer"), found.optimizer)
        saved.fill(here, network)
        if self._average is not None:
            saved.fill(saved.changing(self._average.module), average)
        self._best = best or average or network
        self._standing = standing
        self._go_on_further(standing)
        self._learner.micro_batch = standing.micro_batch
        self._engine.set_scale(standing.scale)
        self._time = Timekeeper(self._clock, self._plan.seconds, standing.spent)

    def _go_on_further(self, standing: Standing) -> None:
        """Let a run that has ended go on where the plan has more epochs or seconds now."""
        more_epochs = self._plan.epochs > standing.plan["epochs"]
        more_time = self._plan.seconds is not None and self._plan.seconds > (standing.plan["seconds"] or math.inf)
        if standing.ended and (more_epochs or more_time):
            standing.ended, standing.patient_since = "", standing.epoch
        standing.plan = asdict(self._plan)

    def _tell_stage(self) -> None:
        if self.reports:
            total = 0 if self._plan.seconds is not None else self._plan.epochs * self._batches
            self._callbacks.stage("tune", total)

    # An epoch

    def _epoch(self) -> None:
        standing, began = self._standing, self._time.now() - self._standing.epoch_seconds
        epoch = standing.epoch + 1
        labels = self._task.learn_labels
        order = order_of(labels, self._plan.seed, epoch, balanced=self._plan.imbalance == "sampler")
        sums = torch.tensor([standing.loss_sum, standing.correct], dtype=torch.float64)
        sums = sums.to(next(self._task.network.parameters()).device) * (self._engine.index == 0)
        then: Next = "learn"
        batches = batches_of(order, self._plan.batch_size)
        for position in range(standing.batch, len(batches)):
            then = self._what_next()
            if then != "learn":
                break
            self._learn(batches[position], epoch, position, sums)
            standing.epoch_seconds = self._time.now() - began
        if then == "pause":
            self._read(sums)
            self._save()
            raise PausedError("The training is paused")
        if standing.batch:
            self._read(sums)
            self._close(then, began)
        else:
            standing.ended = then

    def _what_next(self) -> Next:
        """What comes before the next batch, and its learning rate; the first process decides for all."""
        answer: Next = "learn" if self._time.leaves_room() or not self._standing.step else "time"
        if self.reports:
            self._callbacks.check_cancelled()
            answer = self._callbacks.wish() or answer
        answered, progress = self._engine.agree([float(_NEXT.index(answer)), self._progress()])
        self._rate = set_learning_rate(self._optimizer, self._plan, progress)
        return _NEXT[int(answered)]

    def _progress(self) -> float:
        timed = self._time.progress()
        if timed is not None:
            return timed
        done = self._standing.epoch * self._batches + self._standing.batch
        return (done + 0.5) / (self._plan.epochs * self._batches)

    def _learn(self, rows: NDArray[np.int64], epoch: int, position: int, sums: torch.Tensor) -> None:
        """One batch, added to the epoch's sums."""
        standing, began = self._standing, self._clock()
        sums += self._learner.learn(rows, epoch, position)
        standing.step += 1
        standing.batch = position + 1
        standing.seen += len(rows)
        standing.micro_batch = self._learner.micro_batch
        if self._average is not None:
            self._average.update(self._task.network, standing.step)
        now = self._clock()
        if not self._on_device or now - self._last_look >= _LOOK_SECONDS or standing.batch == self._batches:
            self._read(sums)
            self._report_step()
            now = self._last_look = self._clock()
        standing.learn_seconds += now - began
        self._time.batches_took(standing.learn_seconds / standing.batch)
        if now - self._last_save >= _SAVE_SECONDS and standing.batch < self._batches:
            self._read(sums)
            self._save()

    def _read(self, sums: torch.Tensor) -> None:
        """Take the sums of all processes from the device.

        Raises:
            _DivergedError: they are not finite.
        """
        total = self._engine.add_up(sums.clone()).cpu()
        self._standing.loss_sum, self._standing.correct = float(total[0]), float(total[1])
        if not math.isfinite(self._standing.loss_sum):
            raise _DivergedError

    def _report_step(self) -> None:
        standing = self._standing
        if self.reports:
            most = self._plan.epochs
            if self._plan.seconds is not None:
                most = self._time.epochs_in_all(standing.epoch, self._epoch_seconds())
            point = StepPoint(
                epoch=standing.epoch + 1,
                epochs=most,
                batch=standing.batch,
                batches=self._batches,
                loss=standing.loss_sum / standing.seen,
                learning_rate=self._rate,
                memory_bytes=memory_bytes(),
            )
            self._callbacks.step(standing.epoch * self._batches + standing.batch, point)

    def _epoch_seconds(self) -> float:
        finished = [point.seconds for point in self._standing.points if point.epoch]
        return finished[-1] if finished else 0.0

    # The end of an epoch

    def _close(self, then: Next | None, began: float) -> None:
        """Judge, report and save; ``then`` is why the epoch ended, None for the state before the first."""
        standing, closing = self._standing, self._time.now()
        verdict = judge(self._judged(), self._task, self._engine, self._learner.micro_batch, self._look_up)
        if verdict is not None and not math.isfinite(verdict.loss):
            raise _DivergedError
        epoch = 0 if then is None else standing.epoch + 1
        loss = verdict.loss if verdict is not None else self._train_loss()
        better = loss is not None and (standing.best_loss is None or loss < standing.best_loss)
        point = self._point(epoch, verdict, began, best=better)
        if better or not self._best:
            standing.best_loss, standing.best_epoch = loss, epoch
            self._best = saved.copied(saved.changing(self._judged()))
        standing.points += (point,)
        standing.epoch, standing.batch, standing.epoch_seconds = epoch, 0, 0.0
        standing.all_seen += standing.seen
        standing.all_learn_seconds += standing.learn_seconds
        standing.loss_sum, standing.correct, standing.seen, standing.learn_seconds = 0.0, 0.0, 0, 0.0
        standing.ended = self._why_ended(then)
        self._report_epoch(point)
        self._save()
        self._time.closing_took(self._time.now() - closing)

    def _judged(self) -> nn.Module:
        return self._task.network if self._average is None else self._average.module

    def _look_up(self) -> None:
        if self.reports:
            self._callbacks.check_cancelled()

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
            images_per_second=standing.seen / max(standing.learn_seconds, 1e-9) if standing.seen else 0.0,
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
        if patience is not None and len(self._task.judge_labels) and waited >= patience:
            self.tell(
                f"Nothing better on the validation pictures for {waited} epochs: it stops here and keeps "
                f"the weights of epoch {standing.best_epoch}."
            )
            return "patience"
        return ""

    def _report_epoch(self, point: EpochPoint) -> None:
        if self.reports:
            self._callbacks.epoch(point)
            if self._tracker is not None:
                self._tracker.log(point)
            answers = ask_panel(self._judged(), self._task, self._engine)
            if answers:
                self._callbacks.panel(answers)

    def _say_diverged(self) -> None:
        """Keep the best of what was finite.

        Raises:
            ClfError: no epoch was.
        """
        slower = f"Choose a smaller learning rate, such as {self._plan.learning_rate / 10:.0e}"
        finished = self._standing.epoch
        if finished == 0:
            raise ClfError(
                "The training went out of bounds",
                why="The loss became infinite or no number at all in the first epoch, so there is nothing to keep",
                remedy=slower,
            )
        self.tell(
            f"The loss became infinite or no number at all in epoch {finished + 1}: it stops here and keeps the "
            f"weights of epoch {self._standing.best_epoch}. {slower}."
        )

    def _save(self) -> None:
        standing = self._standing
        standing.spent, standing.scale = self._time.now(), self._engine.scale()
        self._last_save = self._clock()
        if self._engine.index:
            return
        kinds = {"network": saved.changing(self._task.network)}
        if self._average is not None:
            kinds["average"] = saved.changing(self._average.module)
        if standing.batch or standing.best_epoch != standing.epoch:
            kinds["best"] = self._best
        kinds["optimizer"], rest = saved.pack_optimizer(self._optimizer)
        tensors = {f"{kind}.{name}": value for kind, values in kinds.items() for name, value in values.items()}
        self._callbacks.save(saved.to_bytes(Checkpoint(standing, tensors, rest)))


def _average_of(network: nn.Module) -> Any:
    from timm.utils.model_ema import ModelEmaV3

    return ModelEmaV3(network, decay=_AVERAGE_DECAY, use_warmup=True)


def _fingerprint(task: Task, plan: Plan) -> str:
    """Equal where one training can go on from the other's checkpoint."""
    digest = hashlib.sha256(plan.fingerprint().encode())
    digest.update(json.dumps(task.classes).encode())
    for labels in (task.learn_labels, task.judge_labels):
        digest.update(labels.astype("<i8").tobytes() + b"|")
    return digest.hexdigest()
