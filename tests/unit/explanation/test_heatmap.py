import copy
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM, HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from clf_core.errors import ConfigError
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import METHODS
from clf_core.models.network import normalise

SIZE = 96


def usual_call(network, layer, picture, preprocessing, target, reshape_transform=None):
    """The package as its README shows it, on a network with all its gradients."""
    network = copy.deepcopy(network).requires_grad_(True)
    with GradCAM(network, [network.get_submodule(layer)], reshape_transform) as cam:
        return cam(normalise(picture[None], preprocessing), [ClassifierOutputTarget(target)])[0]


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "test_resnet"])
def test_equal_to_the_package_called_the_usual_way(explained, name):
    network, preprocessing = explained.timm_network(name), explained.preprocessing(SIZE)
    original = copy.deepcopy(network)
    maker = HeatmapMaker(network, preprocessing)
    for target in range(3):
        picture = explained.picture(SIZE, seed=target)
        expected = usual_call(original, maker.layer, picture, preprocessing, target)
        heatmap = maker.heatmap(picture, target)
        assert expected.max() > 0.9
        np.testing.assert_allclose(heatmap, expected, rtol=0, atol=1e-5)


def test_equal_to_the_package_on_a_vision_transformer(explained):
    network, preprocessing = explained.timm_network("test_vit", 64), explained.preprocessing(64)
    original, picture = copy.deepcopy(network), explained.picture(64)

    def as_in_its_readme(tokens):  # 64 pixels in patches of 16
        return tokens[:, 1:].reshape(len(tokens), 4, 4, -1).transpose(2, 3).transpose(1, 2)

    expected = usual_call(original, "blocks.5.norm1", picture, preprocessing, 1, as_in_its_readme)
    np.testing.assert_allclose(HeatmapMaker(network, preprocessing).heatmap(picture, 1), expected, rtol=0, atol=1e-5)


def test_equal_to_the_closed_form_where_pooling_and_a_linear_head_follow(explained):
    """There Grad-CAM is CAM (Zhou et al. 2016): the head's weights times the activations, what is negative cut."""
    network, preprocessing = explained.timm_network("test_resnet"), explained.preprocessing(64)
    picture = explained.picture(64)
    with torch.no_grad():
        maps = network.forward_features(normalise(picture[None], preprocessing))[0]  # [C, h, w]
        cam = torch.relu(torch.einsum("c,chw->hw", network.get_classifier().weight[2], maps)).numpy()
    expected = cv2.resize((cam - cam.min()) / (cam.max() - cam.min()), (64, 64))
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    heatmap = HeatmapMaker(network, preprocessing).heatmap(picture, 2)
    np.testing.assert_allclose(heatmap, expected, rtol=0, atol=1e-4)


def test_the_backward_pass_stops_at_the_target_layer(explained):
    network = explained.timm_network("tf_efficientnet_lite0")
    wants_gradient = {}
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: wants_gradient.update({name: output.requires_grad})
        )
    maker = HeatmapMaker(network, explained.preprocessing(SIZE))
    wants_gradient.clear()  # the search for the layer does look at all of them
    assert maker.heatmap(explained.picture(SIZE), 0).any()
    # Our own watch on bn2 came before the maker's hook, so it too saw an output without a graph.
    assert {name for name, wants in wants_gradient.items() if wants} == {
        "global_pool.pool",
        "global_pool.flatten",
        "global_pool",
        "classifier",
        "",
    }
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_evidence_lies_where_the_class_is(colours, red_and_green):
    red, green = colours.heatmap(red_and_green, 0), colours.heatmap(red_and_green, 1)
    for heatmap, inside in ((red, np.s_[8:40, 8:40]), (green, np.s_[56:88, 56:88])):
        assert heatmap.shape == (SIZE, SIZE)
        assert heatmap.dtype == np.float32
        assert heatmap.min() >= 0
        assert heatmap.max() == pytest.approx(1, abs=1e-5)
        assert heatmap[inside].sum() > 0.7 * heatmap.sum()  # the rest is the blur of the enlargement
    assert colours.layer == "maps"


def test_without_evidence_the_map_is_all_zero(colours, red_and_green):
    assert not colours.heatmap(red_and_green, 2).any()


def test_threads_take_turns(explained):
    maker = HeatmapMaker(explained.timm_network("test_resnet"), explained.preprocessing(64))
    pictures = [explained.picture(64, seed) for seed in range(8)]
    alone = [maker.heatmap(picture, index % 5) for index, picture in enumerate(pictures)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda index: maker.heatmap(pictures[index], index % 5), range(8)))
    np.testing.assert_array_equal(together, alone)
    assert len({heatmap.tobytes() for heatmap in alone}) == 8


def test_a_caller_that_has_switched_gradients_off_gets_its_map(colours, red_and_green):
    with torch.no_grad():
        heatmap = colours.heatmap(red_and_green, 0)
    np.testing.assert_array_equal(heatmap, colours.heatmap(red_and_green, 0))


def test_an_unknown_method_is_the_persons_mistake(colours, red_and_green):
    with pytest.raises(ConfigError, match="no heatmap method 'x'") as caught:
        colours.heatmap(red_and_green, 0, method="x")
    assert caught.value.field == "method"
    assert all(method in caught.value.remedy for method in METHODS)


def test_another_layer_gives_a_finer_map_and_one_without_places_is_refused(explained):
    network = explained.timm_network("test_resnet")
    maker = HeatmapMaker(network, explained.preprocessing(SIZE))
    assert {layer.name: layer.side for layer in maker.layers()}["layer2"] == SIZE // 8
    picture = explained.picture(SIZE)
    finer = maker.heatmap(picture, 0, layer="layer2")
    assert finer.any()
    assert not np.array_equal(finer, maker.heatmap(picture, 0))
    expected = usual_call(network, "layer2", picture, explained.preprocessing(SIZE), 0)
    np.testing.assert_allclose(finer, expected, rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="layer 'fc'") as caught:
        maker.heatmap(picture, 0, layer="fc")
    assert caught.value.field == "layer"
    assert "layer2" in caught.value.remedy


def test_a_copy_with_other_weights_leaves_the_network_as_it_is(explained):
    maker = HeatmapMaker(explained.timm_network("test_resnet"), explained.preprocessing(64))
    picture = explained.picture(64)
    before = maker.heatmap(picture, 0)

    def forget(network):
        torch.nn.init.normal_(network.get_classifier().weight, generator=torch.Generator().manual_seed(1))

    other = maker.copy_with(forget)
    assert other.layers() == maker.layers()
    assert not np.array_equal(other.heatmap(picture, 0), before)
    np.testing.assert_array_equal(maker.heatmap(picture, 0), before)


@pytest.mark.parametrize("target", [-1, 3])
def test_an_impossible_class_is_refused(colours, red_and_green, target):
    with pytest.raises(ValueError, match="target"):
        colours.heatmap(red_and_green, target)


@pytest.mark.parametrize(
    "picture", [np.zeros((SIZE, SIZE + 1, 3), dtype=np.uint8), np.zeros((SIZE, SIZE, 3), dtype=np.float32)]
)
def test_a_picture_of_another_shape_is_refused(colours, picture):
    with pytest.raises(ValueError, match="picture must be"):
        colours.heatmap(picture, 0)


def test_every_method_on_offer_works(colours, red_and_green):
    for method in METHODS:
        assert colours.heatmap(red_and_green, 0, method=method).any()


class Corner(nn.Module):
    """Class 0 wants one bright corner and all else dark, as networks that flatten their maps may."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv2d(3, 1, 8, stride=8, bias=False)
        self.head = nn.Linear((SIZE // 8) ** 2, 2, bias=False)
        with torch.no_grad():
            self.maps.weight.fill_(1 / 192)
            self.head.weight.fill_(-1.0)
            self.head.weight[0, 0] = 5.0

    def forward(self, pictures):
        return self.head(torch.relu(self.maps(pictures)).flatten(1))


def test_place_by_place_evidence_is_found_where_the_mean_over_places_finds_none(explained):
    plain = explained.preprocessing(SIZE).model_copy(update={"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)})
    network = Corner()
    original = copy.deepcopy(network)
    maker, picture = HeatmapMaker(network, plain), np.full((SIZE, SIZE, 3), 200, dtype=np.uint8)
    assert not maker.heatmap(picture, 0).any()
    found = maker.heatmap(picture, 0, method="hirescam")
    assert np.unravel_index(found.argmax(), found.shape)[0] < 8
    assert not found[SIZE // 2 :].any()
    with HiResCAM(original.requires_grad_(True), [original.maps]) as cam:
        expected = cam(normalise(picture[None], plain), [ClassifierOutputTarget(0)])[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
