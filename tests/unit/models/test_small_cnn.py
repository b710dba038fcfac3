"""The module a person's layers become: what was worked out, the same each time, compiled, explained."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

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
    Preprocessing,
    Residual,
)
from clf_core.errors import ConfigError
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.models.backbone_files import Origin
from clf_core.models.network import build_network, load_body, normalise
from clf_core.models.pooled import PooledNetwork
from clf_core.models.runtime import OpenVinoRuntime
from clf_core.models.small_cnn import ResidualBlock, SmallCnn
from clf_core.models.small_cnn_shapes import network_shape
from clf_core.models.trained import own_backbone, save_trained

LAYERS = st.one_of(
    st.builds(
        Convolution,
        filters=st.integers(1, 4),
        kernel=st.integers(1, 5),
        stride=st.integers(1, 2),
        padding=st.sampled_from(["same", "none"]),
        activation=st.sampled_from(["relu", "gelu", "silu", "tanh", "none"]),
    ),
    st.builds(Pooling, mode=st.sampled_from(["max", "average"])),
    st.builds(Residual, filters=st.integers(1, 4), stride=st.integers(1, 2)),
    st.sampled_from([BatchNorm(activation="relu"), Dropout()]),
)
NETWORKS = st.builds(
    lambda size, maps, listing, tail: NetworkConfig(input_size=size, layers=(*maps, listing, *tail)),
    st.integers(16, 24),
    st.lists(LAYERS, max_size=4),
    st.sampled_from([Flatten(), GlobalPooling()]),
    st.lists(st.sampled_from([Dense(units=5), BatchNorm(), Dropout(), Flatten()]), max_size=3),
)


@given(network=NETWORKS)
@settings(max_examples=30)
def test_every_layer_gives_what_was_worked_out(network):
    shape = network_shape(network, 2)
    if shape.fault is not None:
        with pytest.raises(ConfigError):
            SmallCnn(network)
        return
    body = SmallCnn(network).eval()
    numbers = torch.randn(2, 3, network.input_size, network.input_size)
    for module, layer in zip([*body.maps, *body.tail], shape.layers, strict=False):
        numbers = module(numbers)
        assert numbers.shape[1:] == ((layer.maps, layer.side, layer.side) if layer.side else (layer.maps,))
        assert sum(parameter.numel() for parameter in module.parameters()) == layer.parameters
    assert numbers.shape == (2, body.num_features)


def test_the_same_seed_gives_the_same_network():
    def made(seed):
        torch.manual_seed(seed)
        return SmallCnn(NETWORK_PRESETS["resnet"].network).state_dict()

    first, again, other = made(1), made(1), made(2)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["maps.0.0.weight"], other["maps.0.0.weight"])


def test_weights_begin_so_that_signals_neither_fade_nor_grow():
    torch.manual_seed(0)
    deep = (Convolution(filters=64),) * 10
    body = SmallCnn(NetworkConfig(layers=(*deep, GlobalPooling())))
    with torch.no_grad():
        seen = body.forward_features(torch.randn(4, 3, 32, 32))
    assert 0.3 < float(seen.pow(2).mean()) < 3
    assert all(not module.bias.any() for module in body.modules() if isinstance(module, nn.Conv2d))


def test_a_residual_block_with_silent_convolutions_changes_nothing():
    block = ResidualBlock(4, Residual(filters=4)).eval()
    nn.init.zeros_(block.second.weight)
    maps = torch.rand(2, 4, 6, 6)
    assert torch.equal(block(maps), maps)


def test_dropout_and_batch_norm_act_only_while_learning():
    body = SmallCnn(NetworkConfig(layers=(Convolution(), BatchNorm(), Flatten(), Dropout())))
    pictures = torch.randn(4, 3, 32, 32)
    assert not torch.equal(body(pictures), body(pictures))
    body.eval()
    assert torch.equal(body(pictures), body(pictures))


@pytest.mark.parametrize(
    "network",
    [
        NetworkConfig(),
        NETWORK_PRESETS["resnet"].network.model_copy(update={"input_size": 32}),
        NetworkConfig(layers=(Convolution(kernel=4, stride=2), Flatten())),
        NetworkConfig(layers=(Flatten(),)),
    ],
    ids=["textbook", "resnet", "even kernel", "pixels alone"],
)
def test_saved_opened_and_compiled_it_is_the_same_network(network, tmp_path):
    torch.manual_seed(0)
    body = SmallCnn(network).eval()
    head = np.random.default_rng(0).normal(size=(3, body.num_features)).astype(np.float32), np.zeros(3, np.float32)
    size = network.input_size
    preprocessing = Preprocessing(input_size=size, resize_size=size, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.2))
    origin = Origin("small", preprocessing, licence="own", source="trained here", network=network)
    _, classifier = save_trained(tmp_path, body, head, origin, ("a", "b", "c"))
    backbone = own_backbone(tmp_path)
    opened = load_body(backbone)
    pictures = torch.randn(2, 3, size, size)
    with torch.no_grad():
        assert torch.equal(opened(pictures), body(pictures))
        assert torch.equal(PooledNetwork(opened)(pictures), body(pictures))
    picture = np.random.default_rng(1).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    compiled = OpenVinoRuntime(backbone, "float32").features(picture)
    with torch.no_grad():
        expected = body(normalise(picture, preprocessing))
    np.testing.assert_allclose(compiled, expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
    if len(network.layers) > 1:  # among pixels alone there is no layer to look into
        maps = HeatmapMaker(build_network(backbone, classifier), preprocessing)
        assert maps.heatmap(picture[0], 0).shape == (size, size)
        assert maps.layer.startswith("body.maps")
