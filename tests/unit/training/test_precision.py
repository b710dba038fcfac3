"""Fewer bits, but not for depthwise convolutions on a processor."""

import copy

import pytest
import torch
from torch import nn

from clf_core.training.precision import autocast, keep_depthwise_in_float32, quickest, release_depthwise
from tests.unit.training.small_task import small_network

pytestmark = pytest.mark.usefixtures("one_thread")


class Padded(nn.Conv2d):
    """A convolution of somebody else's making, as timm's with 'same' padding."""

    def forward(self, maps):
        return super().forward(nn.functional.pad(maps, (0, 1, 0, 1)))


def kinds_of_results(network, pictures):
    seen = []
    hooks = [
        m.register_forward_hook(lambda _m, _i, out: seen.append(out.dtype)) for m in network if list(m.parameters())
    ]
    network(pictures)
    for hook in hooks:
        hook.remove()
    return seen


def test_depthwise_convolutions_stay_in_float32():
    network, pictures = small_network(), torch.randn(2, 3, 8, 8)
    with autocast(network, "cpu", "bfloat16"):
        first, norm, depthwise, last = kinds_of_results(network, pictures)
    assert (first, norm, depthwise, last) == (torch.bfloat16, torch.bfloat16, torch.float32, torch.bfloat16)
    release_depthwise(network)
    assert [type(m) for m in network] == [type(m) for m in small_network()]


def test_float32_changes_nothing():
    network = small_network()
    with autocast(network, "cpu", "float32"):
        assert set(kinds_of_results(network, torch.randn(2, 3, 8, 8))) == {torch.float32}
    assert type(network[3]) is nn.Conv2d


def test_it_may_be_kept_twice_copied_and_loaded():
    network = nn.Sequential(Padded(4, 4, 2, groups=4), nn.Conv2d(4, 1, 1), nn.Conv2d(1, 1, 3))
    pictures = torch.randn(1, 4, 6, 6)
    before, state = network(pictures), network.state_dict()
    assert keep_depthwise_in_float32(network) == keep_depthwise_in_float32(network) == 1
    assert isinstance(network[0], Padded)
    assert torch.equal(network(pictures), before)
    copied = copy.deepcopy(network)
    assert torch.equal(copied(pictures), before)
    copied.load_state_dict(state)
    release_depthwise(copied)
    release_depthwise(network)
    assert type(network[0]) is type(copied[0]) is Padded


def test_gradients_come_through():
    network = small_network(dropout=0.0)
    with autocast(network, "cpu", "bfloat16"):
        network(torch.randn(4, 3, 8, 8)).float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in network.parameters())


def test_the_quickest_is_known():
    assert quickest("cpu") in ("float32", "bfloat16")
