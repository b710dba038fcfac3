"""What the network says of pictures it does not learn from. Imports torch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from numpy.typing import NDArray
from torch import nn

from clf_core.results import PanelAnswer
from clf_core.training.engine import Engine
from clf_core.training.learner import Learner
from clf_core.training.memory import is_out_of_memory
from clf_core.training.task import Task


@dataclass(frozen=True)
class Verdict:
    """Over the validation pictures.

    Attributes:
        loss: mean cross-entropy, nats.
        accuracy: 0 to 1.
    """

    loss: float
    accuracy: float


def judge(
    network: nn.Module, task: Task, engine: Engine, learner: Learner, look_up: Callable[[], None]
) -> Verdict | None:
    """Ask about every validation picture; None where there are none.

    Args:
        network: is in eval mode afterwards.
        task: ``judge`` and its labels.
        engine: of the training; each process asks about its part.
        learner: knows how many pictures fit the memory; told where that many did not.
        look_up: called between any two batches; may raise.
    """
    if not len(task.judge_labels):
        return None
    mine = np.arange(engine.index, len(task.judge_labels), engine.count)
    sums = torch.zeros(2, dtype=torch.float64, device=next(network.parameters()).device)
    done = 0
    while done < len(mine):
        look_up()
        rows = mine[done : done + learner.micro_batch]
        try:
            sums += _right_and_wrong(network, task, engine, rows)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        else:
            done += len(rows)
            continue
        learner.halve()  # not inside the except: the error holds on to the tensors of the failed attempt
    loss, correct = (float(value) for value in engine.add_up(sums))
    return Verdict(loss / len(task.judge_labels), correct / len(task.judge_labels))


def _right_and_wrong(network: nn.Module, task: Task, engine: Engine, rows: NDArray[np.int64]) -> torch.Tensor:
    """[2] float64: summed loss and number of right answers."""
    logits = _logits(network, task, engine, rows)
    labels = torch.from_numpy(task.judge_labels[rows]).to(logits.device)
    loss = F.cross_entropy(logits, labels, reduction="sum")
    return torch.stack([loss, (logits.argmax(1) == labels).sum()]).double()


def ask_panel(network: nn.Module, task: Task, engine: Engine) -> tuple[PanelAnswer, ...]:
    """What the network says of the few pictures of ``task.panel``."""
    if not task.panel:
        return ()
    rows = np.array([row for row, _ in task.panel], dtype=np.int64)
    probabilities = _logits(network, task, engine, rows).softmax(1).cpu()
    return tuple(
        PanelAnswer(
            sha256=sha256,
            true=task.classes[int(task.judge_labels[row])],
            predicted=task.classes[int(says.argmax())],
            probability=float(says.max()),
        )
        for (row, sha256), says in zip(task.panel, probabilities, strict=True)
    )


def _logits(network: nn.Module, task: Task, engine: Engine, rows: NDArray[np.int64]) -> torch.Tensor:
    network.eval()
    with torch.no_grad(), engine.precisely(network):
        logits: torch.Tensor = network(task.judge.judge(rows))
    return logits.float()
