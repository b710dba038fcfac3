"""The quickest arithmetic: what the processor has, and whether the network's convolutions make use of it."""

import pytest
from torch import nn

from clf_core.training.precision_choice import has_depthwise, precision_for

PLAIN = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=2))
DEPTHWISE = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8))


def machine(monkeypatch, quickest, amx):
    monkeypatch.setattr("clf_core.training.precision_choice.quickest", lambda _: quickest)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: amx)


def test_depthwise_convolutions_are_recognised():
    assert has_depthwise(DEPTHWISE)
    assert not has_depthwise(PLAIN)
    assert not has_depthwise(nn.Conv2d(1, 1, 3))  # one channel: an ordinary convolution


@pytest.mark.parametrize(
    ("device", "quickest", "amx", "plain", "depthwise"),
    [
        ("cpu", "bfloat16", False, "bfloat16", "float32"),
        ("cpu", "bfloat16", True, "bfloat16", "bfloat16"),
        ("cpu", "float32", False, "float32", "float32"),
        ("cuda", "bfloat16", False, "bfloat16", "bfloat16"),
        ("cuda", "float32", False, "float32", "float32"),
    ],
)
def test_vector_instructions_do_not_pay_for_depthwise_networks(monkeypatch, device, quickest, amx, plain, depthwise):
    machine(monkeypatch, quickest, amx)
    assert precision_for(PLAIN, device) == plain
    assert precision_for(DEPTHWISE, device) == depthwise
