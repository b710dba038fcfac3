"""Data parallel training under torchrun: two processes with gloo learn as one does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.unit.training.two_processes import train

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[3]


def test_two_processes_learn_what_one_does(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--rdzv-backend=static"]
    command += ["--master-addr=127.0.0.1", f"--master-port={port}", "-m", "tests.unit.training.two_processes"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    alone, fitted, heard = train()

    assert first["processes"] == "2"
    assert first["heard"] == [len(heard.steps), len(heard.points), len(heard.saved), len(heard.panels), 1]
    assert second["heard"] == [0, 0, 0, 0, 0], "only the first process reports and saves"
    assert first["rows"] + second["rows"] == 4 * 40
    assert abs(first["rows"] - second["rows"]) <= 24, "each took its half"
    assert first["best"] == second["best"] == fitted.best_epoch
    for one, other in zip(first["epochs"], fitted.epochs, strict=True):
        assert one["val_loss"] == pytest.approx(other.val_loss, rel=1e-4)
        assert one["val_accuracy"] == pytest.approx(other.val_accuracy)
        assert one["train_accuracy"] == pytest.approx(other.train_accuracy)
        if other.train_loss is not None:
            assert one["train_loss"] == pytest.approx(other.train_loss, rel=1e-4)
    expected = alone.network.state_dict()
    for rank in (0, 1):
        for name, value in load_file(tmp_path / f"{rank}.safetensors").items():
            assert torch.allclose(value, expected[name], atol=1e-5), (rank, name)
