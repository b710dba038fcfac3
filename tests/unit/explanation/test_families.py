"""Heatmaps for each family of networks; nobody trained the bodies, only a head is fitted to red and green squares.

An untrained body tells places apart only if it passes on what it was shown. So its residual branches begin near zero
(Goyal et al. 2017, arXiv:1706.02677, section 5.1; timm's ResNets and ConvNeXts begin so by themselves), and pictures
are large enough for the last map to have places beside the object: five rows of 5 x 5 filters on a map of 4 x 4, as in
MobileNetV4 at 128 pixels, mix them all.
"""

import numpy as np
import pytest

from clf_core.config import DEFAULT_BACKBONE, Convolution, GlobalPooling, NetworkConfig, Pooling
from clf_core.explanation import evidence
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.network import load_body
from clf_core.models.small_cnn import SmallCnn

# timm's tiny network of the family where there is one, else a small or narrowed one.
FAMILIES = {
    "resnet": ("test_resnet", 128, {}),
    "efficientnet": ("test_efficientnet", 192, {}),
    "mobilenetv4": ("mobilenetv4_conv_small_035", 320, {}),
    "convnext": ("test_convnext", 128, {}),
    "vit": ("vit_tiny_patch16_224", 128, {"img_size": 128, "depth": 3}),
    "deit": ("deit_tiny_distilled_patch16_224", 128, {"img_size": 128, "depth": 3}),
    "swin": (
        "swin_tiny_patch4_window7_224",
        192,
        {"img_size": 192, "window_size": 6, "embed_dim": 24, "depths": (1, 1, 2, 1)},
    ),
    "efficientformerv2": ("efficientformerv2_s0", 192, {"img_size": 192}),
    "maxvit": ("test_maxvit", 128, {"img_size": 128}),
    "small cnn": ("", 64, {}),
}
LAYOUTS = {"swin": "NHWC", "vit": "tokens", "deit": "tokens"}
SMALL = NetworkConfig(
    input_size=64,
    layers=(Convolution(filters=16), Pooling(), Convolution(filters=16), Pooling(), GlobalPooling()),
)


@pytest.fixture(scope="module", params=FAMILIES)
def family(request, explained, red_and_green_squares):
    """Name, network and maker of one family."""
    import timm
    import torch

    name, size, options = FAMILIES[request.param]
    torch.manual_seed(1)
    body = timm.create_model(name, num_classes=0, **options).eval() if name else SmallCnn(SMALL).eval()
    begin_near_identity(body)
    prepared = explained.preprocessing(size)
    return request.param, HeatmapMaker(red_and_green_squares.fitted(body, prepared, pictures=80), prepared)


def begin_near_identity(body):
    """Let each block of a timm network begin by passing on its input: the last layer beside it is made small."""
    import torch

    for name, part in body.named_modules():
        last = None
        if name.endswith(("attn.proj", "mlp.fc2")):  # transformers
            last = part
        elif hasattr(part, "conv3_1x1"):  # MaxViT's convolutions
            last = part.conv3_1x1
        elif getattr(part, "has_skip", False):  # MobileNet's blocks
            last = [norm for norm in part.modules() if isinstance(norm, torch.nn.BatchNorm2d)][-1]
        if isinstance(last, torch.nn.Linear | torch.nn.Conv2d | torch.nn.BatchNorm2d):
            with torch.no_grad():
                last.weight.mul_(0.01)


def test_the_layer_is_found_and_others_can_be_chosen(family, red_and_green_squares):
    name, maker = family
    layers = maker.layers()
    assert layers[0].recommended
    assert layers[0].name == maker.layer
    assert sum(layer.recommended for layer in layers) == 1
    assert len({layer.name for layer in layers}) == len(layers) > 1
    assert maker._deepest.layout == LAYOUTS.get(name, "NCHW")
    shown = red_and_green_squares.pictures(maker.preprocessing.input_size, 1)
    for layer in (layers[0], layers[len(layers) // 2], layers[-1]):
        assert maker.evidence(shown.pictures, [0], layer=layer.name).shape == (1, layer.side, layer.side)


def mass_in_the_object(maker, shown):
    """Share of the heatmaps inside the object, over its share of the picture."""
    heatmaps = maker.heatmaps(shown.pictures, shown.labels)
    return (heatmaps * shown.inside).sum() / heatmaps.sum() / shown.inside.mean()


def test_the_evidence_lies_in_the_object(family, red_and_green_squares):
    _, maker = family
    shown = red_and_green_squares.pictures(maker.preprocessing.input_size, 8)
    assert (maker.logits(maker.normalised(shown.pictures)).argmax(axis=1) == shown.labels).all()
    assert mass_in_the_object(maker, shown) >= 3


def test_the_evidence_of_a_pretrained_network_lies_in_the_object(prepared_backbones, red_and_green_squares):
    backbone = BackboneStore(prepared_backbones).ensure(DEFAULT_BACKBONE)
    prepared = backbone.spec.preprocessing
    maker = HeatmapMaker(red_and_green_squares.fitted(load_body(backbone), prepared), prepared)
    assert mass_in_the_object(maker, red_and_green_squares.pictures(prepared.input_size, 8)) >= 3


@pytest.mark.parametrize("method", ["gradcam++", "hirescam", "layercam", "eigencam", "scorecam", "ablationcam"])
def test_every_kind_of_method_gives_a_map(family, red_and_green_squares, method, monkeypatch):
    monkeypatch.setattr(evidence, "_MOST_SCORED", 16)
    _, maker = family
    shown = red_and_green_squares.pictures(maker.preprocessing.input_size, 1)
    heatmap = maker.heatmap(shown.pictures[0], int(shown.labels[0]), method)
    assert np.isfinite(heatmap).all()
    assert heatmap.min() >= 0
    assert heatmap.max() <= 1 + 1e-6
