"""Every method against the package called the usual way, and where ours differs on purpose."""

import copy

import numpy as np
import pytest
import pytorch_grad_cam
import torch
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from clf_core.errors import ConfigError, InputError
from clf_core.explanation import evidence
from clf_core.explanation.evidence import Evidence, main_patterns
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import METHODS
from clf_core.explanation.target_layer import TargetLayer
from clf_core.models.network import normalise

SIZE = 64
PACKAGE = {
    "gradcam": "GradCAM",
    "gradcam++": "GradCAMPlusPlus",
    "hirescam": "HiResCAM",
    "xgradcam": "XGradCAM",
    "layercam": "LayerCAM",
    "elementwise": "GradCAMElementWise",
    "kpcacam": "KPCA_CAM",
    "fem": "FEM",
    "eigencam": "EigenCAM",
    "eigengradcam": "EigenGradCAM",
    "scorecam": "ScoreCAM",
    "ablationcam": "AblationCAM",
}
UP_TO_SIGN = ("eigencam", "eigengradcam", "kpcacam")


@pytest.fixture(scope="module")
def resnet(explained):
    """A network whose last maps are not negative, as the package's Ablation-CAM wants them, and its maker."""
    network, preprocessing = explained.timm_network("test_resnet"), explained.preprocessing(SIZE)
    return copy.deepcopy(network).requires_grad_(True), HeatmapMaker(network, preprocessing), preprocessing


def usual_call(resnet, method, picture, target, **options):
    network, maker, preprocessing = resnet
    cam = getattr(pytorch_grad_cam, PACKAGE[method])(network, [network.get_submodule(maker.layer)])
    try:
        return cam(normalise(picture[None], preprocessing), [ClassifierOutputTarget(target)], **options)[0]
    finally:
        cam.activations_and_grads.release()


@pytest.mark.parametrize("method", [method for method in PACKAGE if method not in UP_TO_SIGN])
def test_equal_to_the_package(resnet, explained, method, monkeypatch):
    monkeypatch.setattr(evidence, "_MOST_SCORED", 10_000)
    for target in (0, 2):  # of positive score; see below
        picture = explained.picture(SIZE, seed=target)
        expected = usual_call(resnet, method, picture, target)
        found = resnet[1].heatmap(picture, target, method)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_ablation_of_a_class_with_a_negative_score_is_not_turned_over(resnet, explained):
    """The package divides what a score loses by the score itself, which turns its map over where that is negative."""
    picture = explained.picture(SIZE, seed=3)
    score = resnet[1].logits(resnet[1].normalised(picture[None]))[0, 3]
    assert score < 0
    assert not resnet[1].heatmap(picture, 3, "ablationcam").any()  # nothing speaks for it
    assert usual_call(resnet, "ablationcam", picture, 3).any()


@pytest.mark.parametrize("method", UP_TO_SIGN)
def test_main_patterns_equal_the_packages_but_for_their_sign(resnet, explained, method):
    network, maker, preprocessing = resnet
    picture = explained.picture(SIZE)
    with getattr(pytorch_grad_cam, PACKAGE[method])(network, [network.get_submodule(maker.layer)]) as cam:
        cam(normalise(picture[None], preprocessing), [ClassifierOutputTarget(1)])
        read = cam.activations_and_grads
        gradients = read.gradients[0].numpy() if read.gradients else None
        expected = cam.get_cam_image(None, None, None, read.activations[0].numpy(), gradients, False)
    found = maker.evidence(picture[None], [1], method)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(np.abs(found) / scale, np.abs(expected) / scale, rtol=0, atol=1e-4)
    assert found.max() >= -found.min()


def test_finer_cam_is_the_packages(resnet, explained):
    network, maker, preprocessing = resnet
    picture = explained.picture(SIZE)
    with pytorch_grad_cam.FinerCAM(network, [network.get_submodule(maker.layer)]) as cam:
        expected = cam(normalise(picture[None], preprocessing), target_idx=2)[0]
    np.testing.assert_allclose(maker.heatmap(picture, 2, "finercam"), expected, rtol=0, atol=1e-5)


def test_smoothing_over_changed_copies_is_the_packages(resnet, explained):
    picture = explained.picture(SIZE)
    expected = usual_call(resnet, "gradcam", picture, 1, aug_smooth=True)
    found = resnet[1].heatmap(picture, 1, smooth="augment")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert not np.allclose(found, resnet[1].heatmap(picture, 1), atol=1e-3)


@pytest.mark.parametrize("method", [key for key, method in METHODS.items() if method.smooths])
def test_the_main_pattern_points_the_way_of_the_evidence(resnet, explained, method):
    maker = resnet[1]
    picture = explained.picture(SIZE)
    plain, smooth = (maker.heatmap(picture, 2, method, smooth=way) for way in ("none", "eigen"))
    assert smooth.any()
    assert np.corrcoef(plain.ravel(), smooth.ravel())[0, 1] > 0


def test_what_has_no_main_pattern_says_so(resnet, explained):
    with pytest.raises(ConfigError, match="main pattern") as caught:
        resnet[1].heatmap(explained.picture(SIZE), 0, "eigencam", smooth="eigen")
    assert caught.value.field == "smooth"


def test_the_first_principal_component_with_its_strongest_place_positive():
    random = np.random.default_rng(0)
    shape = random.normal(size=(5, 5))
    shape[2, 3] = -9  # the strongest place is negative: the pattern is turned over
    maps = (random.normal(size=(7, 1, 1)) * shape).astype(np.float32)[None]
    (pattern,) = main_patterns(maps)
    assert np.unravel_index(pattern.argmax(), pattern.shape) == (2, 3)
    assert abs(np.corrcoef(pattern.ravel(), shape.ravel())[0, 1]) > 0.9999


def test_kernel_patterns_of_huge_layers_are_refused_in_words(resnet, explained, monkeypatch):
    monkeypatch.setattr(evidence, "_MOST_PLACES_OF_KERNEL", 1)
    with pytest.raises(InputError, match="deeper layer"):
        resnet[1].heatmap(explained.picture(SIZE), 0, "kpcacam")


class Around(nn.Module):
    """What goes round the layer is joined to what comes out of it, which wants both of the same number of pictures."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv2d(3, 4, 8, stride=8)
        self.head = nn.Linear(8, 2)

    def forward(self, pictures):
        around = self.maps.weight.sum() + nn.functional.avg_pool2d(pictures, 8)[:, :1].expand(-1, 4, -1, -1)
        return self.head(torch.cat([self.maps(pictures), around], dim=1).mean((2, 3)))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "tokens"])
def test_ablation_switches_off_one_map_at_a_time(layout):
    class Laid(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.Conv2d(3, 5, 8, stride=8)
            self.laid = nn.Identity()
            self.head = nn.Linear(5, 3)

        def forward(self, pictures):
            maps = self.maps(pictures)
            if layout == "NCHW":
                return self.head(self.laid(maps).mean((2, 3)))
            if layout == "NHWC":
                return self.head(self.laid(maps.permute(0, 2, 3, 1)).mean((1, 2)))
            return self.head(self.laid(maps.flatten(2).transpose(1, 2)).mean(1))

    torch.manual_seed(0)
    network = Laid().eval().requires_grad_(False)
    layer = TargetLayer("laid", network.laid, layout)
    batch = torch.randn(2, 3, 32, 32)
    weights = Evidence(network)._losses_without_maps(batch, layer, [lambda row: row[1]] * 2, 5)
    means = network.maps(batch).mean((2, 3))  # [2, 5]; without a map, the score loses its mean times its weight
    np.testing.assert_allclose(weights, (means * network.head.weight[1]).numpy(), rtol=0, atol=1e-6)
    assert not network.laid._forward_hooks


def test_ablation_where_something_goes_round_the_layer():
    torch.manual_seed(0)
    network = Around().eval().requires_grad_(False)
    layer = TargetLayer("maps", network.maps, "NCHW")
    batch = torch.randn(1, 3, 32, 32)
    weights = Evidence(network)._losses_without_maps(batch, layer, [lambda row: row[0]], 4)
    expected = network.maps(batch).mean((2, 3)) * network.head.weight[0, :4]
    np.testing.assert_allclose(weights, expected.numpy(), rtol=0, atol=1e-6)


def test_score_cam_asks_about_the_liveliest_maps_only(resnet, explained, monkeypatch):
    monkeypatch.setattr(evidence, "_MOST_SCORED", 3)
    maker = resnet[1]
    asked = []
    monkeypatch.setattr(evidence.nn.functional, "interpolate", _counting(asked))
    maker.heatmap(explained.picture(SIZE), 0, "scorecam")
    assert sum(asked) == 3


def _counting(asked):
    interpolate = nn.functional.interpolate

    def count(maps, *arguments, **options):
        asked.append(len(maps))
        return interpolate(maps, *arguments, **options)

    return count


def test_no_hook_is_left_in_the_network(resnet, explained):
    maker = resnet[1]
    for method in METHODS:
        maker.heatmap(explained.picture(SIZE), 0, method)
        with pytest.raises(ValueError, match="target"):
            maker.heatmap(explained.picture(SIZE), 99, method)
    assert not any(module._forward_hooks for module in maker._network.modules())


def test_several_pictures_at_once_give_the_same_maps(resnet, explained):
    maker = resnet[1]
    pictures = np.stack([explained.picture(SIZE, seed) for seed in range(5)])
    for method in ("gradcam", "eigencam", "scorecam"):
        together = maker.heatmaps(pictures, [0, 1, 2, 3, 4], method)
        alone = [maker.heatmap(picture, target, method) for target, picture in enumerate(pictures)]
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-4)
    with pytest.raises(ValueError, match="as many targets"):
        maker.heatmaps(pictures, [0])
