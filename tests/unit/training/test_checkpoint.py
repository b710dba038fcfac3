"""Checkpoints as bytes: whole or refused, and never code."""

import contextlib
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from clf_core.errors import StorageError
from clf_core.training.checkpoint import (
    Checkpoint,
    Standing,
    from_bytes,
    pack_optimizer,
    stored_plan,
    to_bytes,
    unpack_optimizer,
)
from clf_core.training.loop import fit
from clf_core.training.optimizers import make_optimizer
from clf_core.training.task import ParameterGroup
from tests.unit.training.small_task import PLAN, Listener, small_task

pytestmark = pytest.mark.usefixtures("one_thread")


def example():
    tensors = {
        "network.a": torch.randn(3, 4),
        "network.b": torch.tensor(5),
        "best.a": torch.randn(2, 2).to(torch.bfloat16),
        "optimizer.0.step": torch.tensor(3.0),
        "network.empty": torch.zeros(0),
        "network.last": torch.randn(1, 2, 3, 3).to(memory_format=torch.channels_last),
    }
    standing = Standing(fingerprint="f", plan={"epochs": 1}, micro_batch=2, loss_sum=0.1 + 0.2, best_loss=1e-300)
    return Checkpoint(standing, tensors, {"groups": [{"betas": [0.9, 0.999]}], "state": {}})


DATA = to_bytes(example())


def test_all_of_it_comes_back():
    whole = example()
    again = from_bytes(to_bytes(whole))
    assert again.standing == whole.standing
    assert again.optimizer == whole.optimizer
    assert again.tensors.keys() == whole.tensors.keys()
    for name, value in whole.tensors.items():
        assert again.tensors[name].dtype == value.dtype
        assert torch.equal(again.tensors[name], value)
    assert set(again.under("network")) == {"a", "b", "empty", "last"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_harm_is_noticed(data):
    place = data.draw(st.integers(0, len(DATA) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    if how == "flip":
        bad = DATA[:place] + bytes([DATA[place] ^ data.draw(st.integers(1, 255))]) + DATA[place + 1 :]
    elif how == "cut":
        bad = DATA[:place]
    else:
        bad = DATA[:place] + b"x" + DATA[place:]
    with contextlib.suppress(StorageError):
        read = from_bytes(bad)  # harm that does no harm, such as a blank more in the header
        assert read.standing == from_bytes(DATA).standing
        assert all(torch.equal(read.tensors[n], t) for n, t in from_bytes(DATA).tensors.items())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300))
def test_anything_else_is_refused(data):
    with pytest.raises(StorageError):
        from_bytes(data)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    import pickle

    class Bad:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    with pytest.raises(StorageError):
        from_bytes(pickle.dumps(Bad()))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd", "lamb", "lion"])
def test_any_optimizer_goes_on_the_same(name):
    def made():
        torch.manual_seed(0)
        layer = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
        groups = [ParameterGroup("all", list(layer.parameters()))]
        return layer, make_optimizer(groups, replace(PLAN, optimizer=name))

    def step(layer, optimizer, seed):
        pictures = torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(seed))
        optimizer.zero_grad()
        layer(pictures).square().mean().backward()
        optimizer.step()

    layer, optimizer = made()
    step(layer, optimizer, 1)
    tensors, rest = pack_optimizer(optimizer)
    kept = Checkpoint(example().standing, {f"optimizer.{n}": t for n, t in tensors.items()}, rest)
    again = from_bytes(to_bytes(kept))
    other, fresh = made()
    other.load_state_dict(layer.state_dict())
    unpack_optimizer(fresh, again.under("optimizer"), again.optimizer)
    for one, two in zip(fresh.param_groups, optimizer.param_groups, strict=True):
        assert {k: v for k, v in one.items() if k != "params"} == {k: v for k, v in two.items() if k != "params"}
    step(layer, optimizer, 2)
    step(other, fresh, 2)
    assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), other.parameters(), strict=True))


def test_another_optimizers_state_is_refused():
    groups = [ParameterGroup("all", [nn.Parameter(torch.zeros(2, 2))])]
    optimizer = make_optimizer(groups, PLAN)
    with pytest.raises(StorageError):
        unpack_optimizer(optimizer, {}, {"groups": [], "state": {}})
    with pytest.raises(StorageError):
        unpack_optimizer(optimizer, {"0.exp_avg": torch.zeros(3, 3)}, {"groups": [{}], "state": {}})
    with pytest.raises(StorageError):
        unpack_optimizer(optimizer, {"7.exp_avg": torch.zeros(2, 2)}, {"groups": [{}], "state": {}})


def test_the_plan_of_a_run_can_be_read_from_its_checkpoints():
    heard = Listener()
    fit(small_task(), replace(PLAN, epochs=1), heard)
    assert stored_plan([b"bad", heard.saved[-1]]) == replace(PLAN, epochs=1)
    assert stored_plan([b"bad"]) is None
    assert stored_plan([]) is None


def test_frozen_weights_are_not_stored():
    task, heard = small_task(), Listener()
    head = [ParameterGroup("head", list(task.network[7].parameters()))]
    fit(replace(task, groups=head), replace(PLAN, epochs=1), heard)
    names = set(from_bytes(heard.saved[0]).under("network"))
    assert names == {"7.weight", "7.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}
