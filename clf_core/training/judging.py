"""What the network says of pictures it does not learn from. Imports torch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import nn

from clf_core.results import PanelAnswer
from clf_core.training.engine import Engine
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
    network: nn.Module, task: Task, engine: Engine, at_a_time: int, look_up: Callable[[], None]
) -> Verdict | None:
    """Ask about every validation picture; None where there are none.

    Args:
        network: in eval mode while it is asked; left so.
        task: ``judge`` and its labels.
        engine: of the training; each process asks about its part.
        at_a_time: pictures.
        look_up: called between any two batches; may raise.
    """
    mine = np.arange(engine.index, len(task.judge_labels), engine.count)
    if not len(task.judge_labels):
        return None
    network.eval()
    sums = [0.0, 0.0]
    for rows in np.array_split(mine, max(1, -(-len(mine) // at_a_time))):
        look_up()
        if len(rows):
            logits = _logits(network, task, engine, rows)
            labels = torch.from_numpy(task.judge_labels[rows]).to(logits.device)
            sums[0] += float(F.cross_entropy(logits, labels, reduction="sum"))
            sums[1] += float((logits.argmax(1) == labels).sum())
    device = next(network.parameters()).device
    loss, correct = (float(s) for s in engine.add_up(torch.tensor(sums, dtype=torch.float64, device=device)))
    return Verdict(loss / len(task.judge_labels), correct / len(task.judge_labels))


def ask_panel(network: nn.Module, task: Task, engine: Engine) -> tuple[PanelAnswer, ...]:
    """What the network says of the few pictures of ``task.panel``."""
    if not task.panel:
        return ()
    network.eval()
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


def _logits(network: nn.Module, task: Task, engine: Engine, rows: np.ndarray) -> torch.Tensor:
    with torch.no_grad(), engine.precisely(network):
        logits: torch.Tensor = network(task.judge.judge(rows))
    return logits.float()
