"""The batch size that fits: worked out or tried, and nothing is changed by it."""

import copy

import psutil
import pytest
import torch
from torch import nn

from clf_core.training.batch_size import (
    _by_trying,
    bytes_per_picture,
    fitting_batch_size,
    free_memory,
    sensible_batch_size,
)


def small():
    """Keeps its input and its result for the way back: 3,072 bytes of float32 per picture; 296 weights."""
    return nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU())


def give(count):
    return torch.randn(count, 4, 8, 8)


class Filling(nn.Module):
    """Runs out of memory with more pictures than fit, as a graphics card does."""

    def __init__(self, fits):
        super().__init__()
        self.weight, self.fits, self.tried = nn.Parameter(torch.ones(1)), fits, []

    def forward(self, pictures):
        self.tried.append(len(pictures))
        if len(pictures) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return pictures * self.weight


@pytest.mark.parametrize(
    ("pictures", "device", "size"),
    [(10_000, "cpu", 32), (10_000, "cuda", 128), (245, "cpu", 16), (600, "cuda", 64), (9, "cpu", 4), (260, "cpu", 32)],
)
def test_a_sensible_size_leaves_steps_in_an_epoch(pictures, device, size):
    assert sensible_batch_size(pictures, device) == size


def test_what_is_kept_for_the_way_back_is_counted():
    assert bytes_per_picture(small(), give) == 4 * (4 * 64 + 8 * 64)


@pytest.mark.parametrize(("free", "size"), [(10**12, 32), (256_000, 32), (255_000, 16), (60_000, 4), (1, 1)])
def test_half_as_many_until_it_fits(free, size):
    """0.6 of the free memory, for 20 bytes per weight, and one and a half times what each picture keeps."""
    assert fitting_batch_size(small(), give, 32, free=free) == size


@pytest.mark.parametrize(
    ("fits", "found", "tried"), [(20, 8, [2, 4, 8, 16, 32]), (1000, 64, [2, 4, 8, 16, 32, 64]), (1, 1, [2])]
)
def test_a_card_is_tried_until_it_is_full_and_then_half_is_taken(fits, found, tried):
    network = Filling(fits)
    assert _by_trying(network, give, 64) == found
    assert network.tried == tried


def test_other_faults_are_not_taken_for_want_of_memory():
    with pytest.raises(RuntimeError, match="shape"):
        _by_trying(nn.Conv2d(5, 8, 3), lambda count: torch.randn(count, 4, 8, 8).view(count, 7, -1), 64)


def test_nothing_of_the_network_is_changed():
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8)).eval()
    before = copy.deepcopy(network.state_dict())
    assert fitting_batch_size(network, give, 32) == 32
    assert not network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_free_memory_is_that_of_this_machine():
    assert 0 < free_memory() <= psutil.virtual_memory().total
