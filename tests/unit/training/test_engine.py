"""Where a batch is learned from. Several processes: test_processes.py; graphics cards cannot be tested without one."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from clf_core.training import engine
from clf_core.training.loop import fit
from tests.unit.training.small_task import PLAN, Listener, same_weights, small_task, weights

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_accelerate_learns_what_torch_alone_does(precision, monkeypatch):
    plan = replace(PLAN, precision=precision, epochs=2)
    alone = small_task()
    expected = fit(alone, plan, Listener())

    def through_accelerate(network, optimizer, wanted, device):
        return engine.AccelerateEngine(network, optimizer, wanted, device)

    monkeypatch.setattr("clf_core.training.state.open_engine", through_accelerate)
    task = small_task()
    kinds = [type(m) for m in task.network.modules()]
    fitted = fit(task, plan, Listener())
    assert [p.val_loss for p in fitted.epochs] == [p.val_loss for p in expected.epochs]
    assert same_weights(weights(task.network), weights(alone.network))
    assert [type(m) for m in task.network.modules()] == kinds
    assert "forward" not in task.network.__dict__, "the network is given back as it was"


def test_nothing_is_imported_that_is_not_needed():
    """Neither torch for planning, nor what costs seconds for one process on a processor."""
    code = (
        "import sys; from clf_core.config import TrainConfig; from clf_core.training.plan import make_plan;"
        "make_plan(TrainConfig(preset='full', precision='float32'), {}, 9, 'cpu');"
        "import clf_core.training.coach;"
        "assert 'torch' not in sys.modules;"
        "import tests.unit.training.small_task as s; from clf_core.training.loop import fit;"
        "fit(s.small_task(), s.PLAN, s.Listener());"
        "assert not {'accelerate', 'timm', 'torchvision', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_float16_scaling_is_remembered():
    network = nn.Linear(2, 2)
    made = engine.Engine(network, torch.optim.SGD(network.parameters(), lr=0.1), "float32")
    assert made.scale() == {}
    made.set_scale({"scale": 2.0})
    assert made.agree([1.0, 2.0]) == [1.0, 2.0]
