"""Optimizers and schedules."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from clf_core.training.optimizers import make_optimizer, schedule_at, set_learning_rate
from clf_core.training.task import ParameterGroup
from tests.unit.training.small_task import PLAN

OPTIMIZERS = ("adamw", "adam", "sgd", "lamb", "lion")


def groups():
    torch.manual_seed(0)
    early, head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(4, 2)
    return [ParameterGroup("early", list(early.parameters()), 0.5), ParameterGroup("head", list(head.parameters()))]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_groups_have_their_pace_and_one_dimensional_parameters_no_decay(name):
    optimizer = make_optimizer(groups(), replace(PLAN, optimizer=name, weight_decay=0.1, learning_rate=0.02))
    assert len(optimizer.param_groups) == 4
    for group in optimizer.param_groups:
        flat = {p.ndim <= 1 for p in group["params"]}
        assert len(flat) == 1
        assert group["weight_decay"] == (0.0 if flat == {True} else 0.1)
        assert group["lr"] == pytest.approx(0.02 * group["lr_scale"])
    assert sorted(g["lr_scale"] for g in optimizer.param_groups) == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_makes_a_loss_smaller(name):
    torch.manual_seed(0)
    layer = nn.Linear(4, 1)
    optimizer = make_optimizer(
        [ParameterGroup("all", list(layer.parameters()))], replace(PLAN, optimizer=name, learning_rate=0.02)
    )
    inputs, wanted = torch.randn(64, 4), torch.randn(64, 1)
    losses = []
    for _ in range(30):
        loss = (layer(inputs) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_those_made_here_are_as_timm_makes_them(name):
    from timm.optim import create_optimizer_v2

    plan = replace(PLAN, optimizer=name)
    ours = make_optimizer(groups(), plan)
    parts = [{"params": [torch.zeros(2, 2, requires_grad=True)]}]
    theirs = create_optimizer_v2(parts, name, lr=plan.learning_rate, weight_decay=plan.weight_decay)
    assert type(ours) is type(theirs)
    # 'decoupled_weight_decay' only says which of the two classes it is
    for key in set(theirs.defaults) - {"lr", "weight_decay"}:
        assert ours.defaults[key] == theirs.defaults[key], key


@given(st.sampled_from(["cosine", "one-cycle", "constant"]), st.floats(0, 0.9), st.floats(-0.5, 1.5))
def test_a_schedule_is_a_positive_share(schedule, warmup, progress):
    share = schedule_at(replace(PLAN, schedule=schedule, warmup=warmup), progress)
    assert 0 < share <= 1


def test_schedules_go_as_they_are_described():
    cosine, constant, cycle = (replace(PLAN, schedule=s, warmup=0.1) for s in ("cosine", "constant", "one-cycle"))
    assert schedule_at(cosine, 0.0) == pytest.approx(0.01)
    assert schedule_at(cosine, 0.05) == pytest.approx(0.505)
    assert schedule_at(cosine, 0.1) == pytest.approx(1)
    assert schedule_at(cosine, 0.55) == pytest.approx(0.5)
    assert schedule_at(cosine, 1.0) < 1e-3
    assert schedule_at(constant, 0.05) < 1
    assert schedule_at(constant, 0.1) == schedule_at(constant, 1.0) == 1
    assert schedule_at(cycle, 0.15) == pytest.approx(0.505)
    assert schedule_at(cycle, 0.3) == pytest.approx(1)
    assert schedule_at(cycle, 1.0) < 1e-3
    assert schedule_at(replace(cosine, warmup=0.0), 0.0) == 1


def test_the_rate_reaches_each_group():
    plan = replace(PLAN, warmup=0.0)
    optimizer = make_optimizer(groups(), plan)
    rate = set_learning_rate(optimizer, plan, 0.5)
    assert rate == pytest.approx(plan.learning_rate / 2)
    assert [g["lr"] for g in optimizer.param_groups] == [rate / 2, rate / 2, rate, rate]
