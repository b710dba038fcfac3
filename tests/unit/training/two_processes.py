"""What torchrun starts twice: each process learns from its half of each batch. ``python -m`` it with a folder."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from clf_core.training.loop import fit
from tests.unit.training.small_task import PLAN, Listener, small_task

TOGETHER = replace(
    PLAN, batch_norm="frozen", mixup=0.3, cutmix=0.5, imbalance="weights", optimizer="sgd", batch_size=15
)
"""No dropout, and statistics that stay as they are: these would differ, as each process sees only its half."""


def train():
    """One training; returns the task, what came of it and what was heard."""
    task, heard = small_task(dropout=0.0), Listener()
    fitted = fit(task, TOGETHER, heard)
    return task, fitted, heard


if __name__ == "__main__":
    torch.set_num_threads(1)
    train()  # presets train more than once in a process
    task, fitted, heard = train()
    folder, rank = Path(sys.argv[1]), os.environ["RANK"]
    save_file(dict(task.network.state_dict()), folder / f"{rank}.safetensors")
    told = {
        "processes": os.environ["WORLD_SIZE"],
        "epochs": [p.model_dump() for p in fitted.epochs],
        "best": fitted.best_epoch,
        "heard": [len(heard.steps), len(heard.points), len(heard.saved), len(heard.panels), len(heard.stages)],
        "rows": sum(len(rows) for _, rows in task.learn.asked),
    }
    (folder / f"{rank}.json").write_text(json.dumps(told))
