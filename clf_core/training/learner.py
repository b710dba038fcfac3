"""One batch at a time: its forward and backward pass, in as many parts as the memory wants. Imports torch."""

import gc
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from clf_core.errors import ClfError
from clf_core.training.batches import batch_seed, part_of
from clf_core.training.engine import Engine
from clf_core.training.losses import Loss, Targets, plain_loss
from clf_core.training.memory import is_out_of_memory
from clf_core.training.plan import Plan
from clf_core.training.task import Task


class Learner:
    """Learns from batches.

    Attributes:
        micro_batch: pictures at a time in each process; halved whenever the memory runs out.

    Args:
        task: what is trained.
        plan: how.
        engine: where.
        optimizer: whose gradients are cleared; ``engine`` steps it.
        micro_batch: to begin with.
        tell: takes a sentence for the person.
    """

    def __init__(
        self,
        task: Task,
        plan: Plan,
        engine: Engine,
        optimizer: torch.optim.Optimizer,
        micro_batch: int,
        tell: Callable[[str], None],
    ) -> None:
        self._task, self._plan, self._engine, self._optimizer = task, plan, engine, optimizer
        self._device = next(task.network.parameters()).device
        self._targets = Targets(plan, len(task.classes))
        self._loss = Loss(plan, task.learn_labels, len(task.classes), self._device)
        self._paired = plan.mixup > 0 or plan.cutmix > 0
        self._tell = tell
        self.micro_batch = micro_batch

    def learn(self, rows: NDArray[np.int64], epoch: int, batch: int) -> torch.Tensor:
        """Change the weights once.

        Args:
            rows: [B] of the whole batch, in every process alike.
            epoch: counted from 1.
            batch: its place in the epoch.

        Returns:
            [2] float64 on the device: summed loss and number of right answers of this process's part.

        Raises:
            ClfError: the memory is too small for a single picture, or ran out in one of several processes.
        """
        while True:
            try:
                return self._attempt(rows, epoch, batch)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            self.halve()  # not inside the except: the error holds on to the tensors of the failed attempt

    def halve(self) -> None:
        """Take half as many pictures at a time from now on.

        Raises:
            ClfError: it cannot be less.
        """
        self._optimizer.zero_grad(set_to_none=True)
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if self.micro_batch <= (2 if self._paired else 1) or self._engine.count > 1:
            raise ClfError(
                "There is not enough memory for this training",
                why=f"It ran out with {_pictures(self.micro_batch)} at a time",
                remedy="Choose a smaller batch, smaller pictures or a smaller network, or close other programs",
            )
        before, self.micro_batch = self.micro_batch, max(1, self.micro_batch // 2)
        self._tell(
            f"The memory was too small for {_pictures(before)} at a time; it goes on with {self.micro_batch}. "
            f"It still changes the weights once per {_pictures(self._plan.batch_size)}."
        )

    def _attempt(self, rows: NDArray[np.int64], epoch: int, batch: int) -> torch.Tensor:
        engine, parts = self._engine, self._parts(len(rows))
        self._draw_from(batch_seed(self._plan.seed, epoch, batch, engine.index))
        self._optimizer.zero_grad(set_to_none=True)
        self._set_modes(alone=len(rows) // parts < 2)
        sums = torch.zeros(2, dtype=torch.float64, device=self._device)
        for part in range(engine.index, parts, engine.count):
            places = part_of(len(rows), part, parts, paired=self._paired)
            if len(places) or engine.count > 1:
                with engine.gathering(last=part + engine.count >= parts):
                    sums += self._part(rows, places, epoch, batch)
        engine.step()
        return sums

    def _draw_from(self, seed: int) -> None:
        """Set torch's random state. Not ``torch.manual_seed``: it spends a millisecond on devices that are not used."""
        torch.default_generator.manual_seed(seed)
        if self._device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def _part(self, rows: NDArray[np.int64], places: NDArray[np.int64], epoch: int, batch: int) -> torch.Tensor:
        # Gradients are exchanged in step: a process without a picture of its own takes one that does not count.
        counts, places = float(len(places) > 0), places if len(places) else np.zeros(1, dtype=np.int64)
        pictures = self._task.learn.learn(rows[places], epoch)
        labels = torch.from_numpy(self._task.learn_labels[rows[places]]).to(pictures.device)
        pictures, targets = self._targets(pictures, labels, batch_seed(self._plan.seed, epoch, batch))
        with self._engine.precisely(self._task.network):
            logits = self._engine.learner(pictures)
        logits = logits.float()
        loss = self._loss(logits, targets).sum() * (counts * self._engine.count / len(rows))
        self._engine.backward(loss)
        with torch.no_grad():
            found = (logits.argmax(1) == targets.argmax(1)).sum()
            # Not finite where what is made small is not: infinite weights of an infinite loss must not go unseen.
            shown = plain_loss(logits, targets).sum() + 0.0 * loss
            return torch.stack([shown, found]).double() * counts

    def _parts(self, size: int) -> int:
        at_a_time = self.micro_batch * self._engine.count
        if self._paired:
            at_a_time = max(2, at_a_time - at_a_time % 2)
        return -(-size // at_a_time) * self._engine.count

    def _set_modes(self, *, alone: bool) -> None:
        """Learning, but for normalisation whose statistics are to stay as they are, or cannot be taken.

        A picture ``alone`` has none to be normalised by; torch refuses it.
        """
        frozen = alone or self._plan.batch_norm == "frozen"
        self._task.network.train()
        for module in self._task.network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and (
                frozen or not any(p.requires_grad for p in module.parameters())
            ):
                module.eval()


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
