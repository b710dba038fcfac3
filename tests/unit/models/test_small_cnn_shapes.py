"""Shapes, weights and work against torch for random stacks; what cannot be is exactly what torch refuses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from clf_core.config import (
    NETWORK_PRESETS,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    NetworkConfig,
    Pooling,
    Residual,
)
from clf_core.errors import ConfigError
from clf_core.models.small_cnn_shapes import MOST_PARAMETERS, layer_name, network_shape, require_possible

MAPS = st.one_of(
    st.builds(
        Convolution,
        filters=st.integers(1, 5),
        kernel=st.integers(1, 9),
        stride=st.integers(1, 3),
        padding=st.sampled_from(["same", "none"]),
    ),
    st.builds(Pooling, mode=st.sampled_from(["max", "average"]), size=st.integers(2, 5)),
    st.builds(Residual, filters=st.integers(1, 5), stride=st.integers(1, 3)),
)
ANYWHERE = st.sampled_from([BatchNorm(), Dropout()])
DENSE = st.builds(Dense, units=st.integers(1, 6))
LISTING = st.sampled_from([Flatten(), GlobalPooling()])
ANY = st.one_of(MAPS, ANYWHERE, DENSE, LISTING)
SIZES = st.integers(16, 40)
# Mostly what people would stack, so that many of them can be built; the rest is anything at all.
SENSIBLE = st.builds(
    lambda size, maps, listing, tail: NetworkConfig(input_size=size, layers=(*maps, listing, *tail)),
    SIZES,
    st.lists(st.one_of(MAPS, ANYWHERE), max_size=5),
    LISTING,
    st.lists(st.one_of(DENSE, ANYWHERE), max_size=2),
)
STACKS = st.one_of(SENSIBLE, st.builds(NetworkConfig, input_size=SIZES, layers=st.lists(ANY, max_size=6).map(tuple)))


class Listed(nn.Module):
    """A dense layer as mathematics has it: a list times a matrix. torch's own would take the rows of maps as lists."""

    def __init__(self, units):
        super().__init__()
        self.units, self.inner = units, None

    def forward(self, numbers):
        self.inner = self.inner or nn.Linear(numbers.shape[-1], self.units)
        return torch.addmm(self.inner.bias, numbers, self.inner.weight.T)


class Block(nn.Module):
    """A residual block, written down a second time."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.ways = layer, None

    def forward(self, maps):
        if self.ways is None:
            into, out, stride = maps.shape[1], self.layer.filters, self.layer.stride
            long = [nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)]
            long += [nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)]
            short = [nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out)]
            same = into == out and stride == 1
            self.ways = nn.ModuleList([nn.Sequential(*long), nn.Sequential(*([] if same else short))])
        return self.ways[0](maps) + self.ways[1](maps)


class Norm(nn.Module):
    def forward(self, numbers):
        kind = nn.BatchNorm2d if numbers.ndim == 4 else nn.BatchNorm1d
        if not hasattr(self, "inner"):
            self.inner = kind(numbers.shape[1])
        return self.inner(numbers)


def same(layer):
    """torch's padding 'same' in steps of 1, then every so many-th answer: what a stride is by definition."""

    class Strided(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = None

        def forward(self, maps):
            self.inner = self.inner or nn.Conv2d(maps.shape[1], layer.filters, layer.kernel, padding="same")
            return self.inner(maps)[..., :: layer.stride, :: layer.stride]

    return Strided()


TORCH = {
    Convolution: lambda layer: (
        same(layer) if layer.padding == "same" else nn.LazyConv2d(layer.filters, layer.kernel, layer.stride)
    ),
    Pooling: lambda layer: (nn.MaxPool2d if layer.mode == "max" else nn.AvgPool2d)(layer.size),
    BatchNorm: lambda _: Norm(),
    Dropout: lambda layer: nn.Dropout(layer.share),
    Residual: Block,
    GlobalPooling: lambda _: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    Flatten: lambda _: nn.Flatten(),
    Dense: lambda layer: Listed(layer.units),
}


def by_torch(layer):
    return TORCH[type(layer)](layer)


def torch_says(network, classes):
    """What torch makes of a stack: (shape, weights, multiply-adds) of each layer up to the first it refuses."""
    numbers, found = torch.zeros(2, 3, network.input_size, network.input_size, device="meta"), []
    for layer in (*network.layers, Dense(units=classes)):
        try:
            with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
                module = by_torch(layer)
                numbers = module(numbers)
        except (RuntimeError, ValueError, IndexError):
            break
        if len(numbers) != 2:  # torch pools over two lists as if they were one map; it means nothing
            break
        weights = sum(parameter.numel() for parameter in module.parameters())
        found.append((tuple(numbers.shape[1:]), weights, counter.get_total_flops() // 4))  # 2 pictures, 2 a pair
    return found


@given(network=STACKS, classes=st.integers(2, 7))
@settings(max_examples=100)
def test_random_stacks_come_to_what_torch_says(network, classes):
    expected = torch_says(network, classes)
    shape = network_shape(network, classes)
    strided = {i for i, layer in enumerate(network.layers) if isinstance(layer, Convolution) and layer.stride > 1}
    for index, (layer, (size, weights, work)) in enumerate(zip(shape.layers, expected, strict=True)):
        assert ((layer.maps, layer.side, layer.side) if layer.side else (layer.maps,)) == size
        assert layer.parameters == weights
        if index not in strided:  # there the reference computes more answers than it keeps
            assert layer.multiply_adds == work
    refused_at = None if len(expected) == len(network.layers) + 1 else len(expected)
    assert (shape.fault.index if shape.fault else None) == refused_at


@pytest.mark.parametrize("name", NETWORK_PRESETS)
def test_networks_to_start_from_can_be_built(name):
    shape = require_possible(NETWORK_PRESETS[name].network, 10)
    assert [(layer.parameters, layer.multiply_adds) for layer in shape.layers] == [
        found[1:] for found in torch_says(NETWORK_PRESETS[name].network, 10)
    ]


def test_the_textbook_network_in_its_figures():
    shape = network_shape(NetworkConfig(), 10)
    assert [(layer.maps, layer.side, layer.parameters) for layer in shape.layers] == [
        (32, 32, 896),
        (32, 16, 0),
        (8192, 0, 0),
        (128, 0, 1_048_704),
        (10, 0, 1290),
    ]
    assert [layer.receptive_field for layer in shape.layers] == [3, 4, 32, 32, 32]
    assert shape.parameters == 1_050_890
    assert shape.layers[0].numbers == 32 * 32 * 32


@given(maps=st.lists(MAPS, min_size=1, max_size=3))
@settings(max_examples=20)
def test_the_receptive_field_is_what_one_number_depends_on(maps):
    """With weights of one, the gradient of a number far from the border is more than zero just there."""
    network = NetworkConfig(input_size=128, layers=(*maps, GlobalPooling()))
    shape = network_shape(network, 2)
    if shape.fault is not None:
        return
    modules = nn.Sequential(*(by_torch(layer) for layer in _averaging(maps)))
    picture = torch.ones(1, 3, 128, 128, requires_grad=True)
    with torch.no_grad():
        modules(picture)  # finds how many numbers reach each layer
        for parameter in modules.parameters():
            parameter.fill_(1.0)
    seen = modules(picture)
    middle = seen.shape[-1] // 2
    (gradient,) = torch.autograd.grad(seen[0, 0, middle, middle], picture)
    rows = torch.nonzero(gradient[0, 0].sum(1)).flatten()
    depends = int(rows[-1] - rows[0]) + 1
    reach = shape.layers[len(maps) - 1].receptive_field
    assert depends <= reach
    if reach < 56:  # nothing is cut off at the border, and strides leave no gap at the ends
        assert depends == reach


def _averaging(maps):
    """The same sizes with layers whose every input counts."""
    for layer in maps:
        if isinstance(layer, Pooling):
            yield layer.model_copy(update={"mode": "average"})
        elif isinstance(layer, Residual):
            yield Convolution(filters=2, stride=layer.stride)
            yield Convolution(filters=2)
        else:
            yield layer


@pytest.mark.parametrize(
    ("layers", "index", "problem", "remedy"),
    [
        ((Pooling(size=8), Pooling(size=8), Flatten()), 1, "left maps of 4 × 4", "Take one pooling away, or make"),
        ((Convolution(kernel=15, padding="none"),) * 3, 2, "only 4 × 4", "padding 'same' or a smaller kernel"),
        ((Flatten(), Convolution()), 1, "layer 1 (flatten) has made a list of 3,072", "Move it before layer 1"),
        ((Convolution(), Dense()), 1, "32 maps of 32 × 32 reach it", "flatten or global pooling before it"),
        ((Convolution(),), 1, "32 maps of 32 × 32 reach it", "flatten or global pooling at the end"),
        ((), 0, "3 maps of 32 × 32", "at the end"),
        ((Flatten(), GlobalPooling()), 1, "needs maps", "take it away"),
        ((Convolution(filters=1024), Flatten(), Dense()), 2, f"more than the {MOST_PARAMETERS:,}", "fewer units"),
    ],
)
def test_a_stack_that_cannot_be_says_why_and_what_to_do(layers, index, problem, remedy):
    network = NetworkConfig(layers=layers)
    fault = network_shape(network, 4).fault
    assert fault.index == index
    assert problem in fault.problem
    assert remedy in fault.remedy
    with pytest.raises(ConfigError, match="cannot be built") as caught:
        require_possible(network, 4)
    assert (caught.value.field, caught.value.why) == ("network", fault.problem)
    assert layer_name(network, index) in caught.value.what


@given(network=STACKS)
@settings(max_examples=60)
def test_a_size_that_is_recommended_helps(network):
    fault = network_shape(network, 3).fault
    if fault is None or "make the picture at least" not in fault.remedy:
        return
    size = int(fault.remedy.rsplit(" × ", 1)[1])
    larger = network_shape(network.model_copy(update={"input_size": size}), 3)
    assert larger.fault is None or larger.fault.index > fault.index
    smaller = network_shape(network.model_copy(update={"input_size": size - 1}), 3)
    assert smaller.fault is not None
    assert smaller.fault.index <= fault.index


def test_too_many_numbers_for_the_memory_are_refused():
    fault = network_shape(NetworkConfig(input_size=256, layers=(Convolution(filters=1024), GlobalPooling())), 2).fault
    assert fault.index == 0
    assert "fit the memory" in fault.problem
