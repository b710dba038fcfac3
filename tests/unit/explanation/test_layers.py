"""Filters and feature maps of small networks and of timm's; what cannot be drawn says so in words."""

import numpy as np
import pytest
import torch
from torch import nn

from clf_core.config import (
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
from clf_core.errors import InputError, NotFoundError
from clf_core.explanation.layers import LayerViewer, layer_title
from clf_core.models.backbone import BackboneSpec
from clf_core.models.network import normalise
from clf_core.models.small_cnn import SmallCnn

STACK = (
    Convolution(filters=6, kernel=5),
    BatchNorm(activation="relu"),
    Pooling(),
    Dropout(),
    Residual(filters=8, stride=2),
    GlobalPooling(),
    Dense(),
)


@pytest.fixture
def viewer(explained):
    """``viewer(network)`` looks into a small network, ``viewer("name", size)`` into one of timm's."""

    def make(what, size=None):
        network = what if isinstance(what, NetworkConfig) else None
        side = network.input_size if network else size
        torch.manual_seed(0)
        body = SmallCnn(network) if network else explained.timm_network(what, size if "vit" in what else None)
        spec = BackboneSpec(
            name="looked into",
            weights_sha256="a" * 64,
            feature_dim=1,
            preprocessing=explained.preprocessing(side),
            class_names=(),
            licence="",
            source="",
            parameters=1,
            files={},
            network=network,
        )
        return LayerViewer(body, spec)

    return make


def test_filters_are_the_weights_of_the_first_convolution(viewer):
    view = viewer(NetworkConfig(layers=STACK))
    convolution = view._body.maps[0][0]
    with torch.no_grad():
        convolution.weight.zero_()
        convolution.weight[2, 0, 1, 3] = 0.5  # more red at row 1, column 3
        convolution.weight[4, 2] = -2.0  # less blue anywhere
    filters = view.filters()
    assert filters.pictures.shape == (6, 5, 5, 3)
    assert (filters.total, filters.layer) == (6, "maps.0.0")
    strongest, second, silent = filters.pictures[0], filters.pictures[1], filters.pictures[2]
    assert np.array_equal(strongest[..., 2], np.zeros((5, 5)))
    assert set(np.unique(strongest[..., :2])) == {128}
    assert second[1, 3].tolist() == [255, 128, 128]
    assert set(np.unique(silent)) == {128}
    assert "5 × 5" in filters.note


def test_maps_of_a_small_network_are_what_its_layers_give(viewer, explained):
    view = viewer(NetworkConfig(layers=STACK))
    layers = view.layers()
    assert [layer.name for layer in layers] == ["maps.0", "maps.1", "maps.2", "maps.4"]
    assert [layer.title for layer in layers] == [
        "1. Convolution, 6 filters of 5 × 5, ReLU",
        "2. Batch norm, ReLU",
        "3. Max pooling of 2 × 2",
        "5. Residual block, 8 maps",
    ]
    picture = explained.picture(32)
    seen = view.feature_maps(picture, "maps.2")
    with torch.no_grad():
        expected = view._body.maps[:3](normalise(picture[None], view._spec.preprocessing))[0].numpy()
    assert seen.maps.shape == (6, 16, 16)
    assert seen.maps.max() == pytest.approx(1)
    assert seen.maps.min() >= 0
    for number, channel in enumerate(seen.channels):
        np.testing.assert_allclose(seen.maps[number], expected[channel] / expected.max(), atol=1e-6)
    activity = [expected[channel].mean() for channel in seen.channels]
    assert activity == sorted(activity, reverse=True)
    assert view.feature_maps(picture, "maps.4").maps.shape == (8, 8, 8)


def test_silent_maps_are_counted(viewer, explained):
    view = viewer(NetworkConfig(layers=(Convolution(filters=4), Flatten())))
    with torch.no_grad():
        view._body.maps[0][0].weight[1:3] = 0
    seen = view.feature_maps(explained.picture(32), "maps.0")
    assert (seen.silent, seen.total) == (2, 4)
    assert not seen.maps[2:].any()


@pytest.mark.parametrize(
    ("name", "size", "layers"),
    [
        ("test_resnet", 64, ["conv1.0", "act1", "layer1", "layer2", "layer3", "layer4"]),
        ("convnext_atto", 64, ["stem.0", "stages.0", "stages.1", "stages.2", "stages.3"]),
        ("tf_efficientnet_lite0", 64, ["conv_stem", "blocks.0", "blocks.1", "blocks.2", "blocks.4", "blocks.6"]),
    ],
)
def test_timm_networks_show_their_first_convolution_and_their_stages(viewer, explained, name, size, layers):
    view = viewer(name, size)
    assert [layer.name for layer in view.layers()] == layers
    picture = explained.picture(size)
    kept = []
    handle = view._body.get_submodule(layers[2]).register_forward_hook(lambda *given: kept.append(given[2].clone()))
    seen = view.feature_maps(picture, layers[2])
    handle.remove()
    strongest = kept[-1][0][seen.channels[0]].clamp(min=0).numpy()
    np.testing.assert_allclose(seen.maps[0], strongest / kept[-1].max().item(), atol=1e-5)
    assert len(seen.maps) <= 64
    assert not any(module._forward_hooks for module in view._body.modules())


def test_a_plain_transformer_says_so_but_has_patches_to_look_at(viewer, explained):
    view = viewer("test_vit", 64)
    with pytest.raises(InputError, match="cannot be drawn") as caught:
        view.layers()
    assert "transformer" in caught.value.why
    with pytest.raises(InputError):
        view.feature_maps(explained.picture(64), "blocks.1")
    assert view.filters().pictures.shape[1:] == (16, 16, 3)


def test_a_network_of_dense_layers_has_nothing_to_look_at(viewer):
    view = viewer(NetworkConfig(layers=(Flatten(), Dense())))
    with pytest.raises(InputError, match="no filters"):
        view.filters()
    with pytest.raises(InputError, match="None of its layers gives maps") as caught:
        view.layers()
    assert "transformer" not in str(caught.value)


def test_an_unknown_layer_is_not_looked_for_in_the_network(viewer, explained):
    view = viewer(NetworkConfig(layers=STACK))
    for name in ("maps.3", "tail.1", "", "../maps.0"):
        with pytest.raises(NotFoundError):
            view.feature_maps(explained.picture(32), name)


def test_looking_changes_nothing(viewer, explained):
    view = viewer(NetworkConfig(layers=STACK))
    before = {key: value.clone() for key, value in view._body.state_dict().items()}
    picture = torch.randn(2, 3, 32, 32)
    expected = view._body(picture)
    view.filters()
    view.feature_maps(explained.picture(32), "maps.1")
    assert all(torch.equal(value, before[key]) for key, value in view._body.state_dict().items())
    assert torch.equal(view._body(picture), expected)
    assert not any(isinstance(module, nn.Module) and module.training for module in view._body.modules())


def test_every_layer_has_a_title():
    assert layer_title(Convolution(activation="none")) == "Convolution, 32 filters of 3 × 3"
    assert layer_title(Pooling(mode="average", size=3)) == "Average pooling of 3 × 3"
    assert layer_title(Dropout()) == "Dropout"
