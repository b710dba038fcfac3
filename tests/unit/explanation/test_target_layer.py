import pytest
import torch
from torch import nn

from clf_core.errors import InputError
from clf_core.explanation.target_layer import TargetLayer, find_target_layer, spatial_layers


@pytest.mark.parametrize(
    ("name", "size", "layer", "layout", "prefix_tokens"),
    [
        ("tf_efficientnet_lite0", None, "bn2", "NCHW", 0),
        ("test_resnet", None, "layer4", "NCHW", 0),
        ("convnext_atto", None, "stages", "NCHW", 0),
        ("mobilenetv4_conv_small", None, "blocks", "NCHW", 0),  # its head convolves, but on 1 x 1 maps
        ("test_mambaout", None, "stages", "NHWC", 0),
        # It answers from the class token: after the last attention nothing else reaches the logits.
        ("test_vit", 64, "blocks.5.norm1", "tokens", 1),
        ("mixer_s32_224", 64, "norm", "tokens", 0),
    ],
)
def test_the_deepest_spatial_layer_of_known_networks(explained, name, size, layer, layout, prefix_tokens):
    found = find_target_layer(explained.timm_network(name, size), 64)
    assert (found.name, found.layout, found.prefix_tokens) == (layer, layout, prefix_tokens)


@pytest.mark.parametrize(
    ("name", "size", "layers"),
    [
        (
            "test_resnet",
            None,
            # The activation works in place: its output is that of the batch norm before it.
            ["conv1", "act1", "maxpool", "layer1", "layer2", "layer3", "layer4"],
        ),
        ("test_vit", 64, [*(f"blocks.{number}" for number in range(5)), "blocks.5.norm1"]),
    ],
)
def test_whole_parts_are_offered_the_deepest_last_and_no_output_twice(explained, name, size, layers):
    found = spatial_layers(explained.timm_network(name, size), 64)
    names = [layer.name for layer in found]
    assert [name for name in names if name in layers] == layers
    assert len(set(names)) == len(names)
    assert not any(name.endswith((".qkv", ".mlp", ".attn", ".conv1", ".act2")) for name in names)
    assert all(layer.side > 1 for layer in found)


def test_parts_of_a_wrapped_network_are_found_under_its_name(explained):
    wrapped = nn.Sequential()
    wrapped.add_module("body", explained.timm_network("test_resnet"))
    names = [layer.name for layer in spatial_layers(wrapped.eval(), 64)]
    assert names[-1] == "body.layer4"
    assert {"body.conv1", "body.layer1"} <= set(names)


def test_a_network_inside_another_is_found_by_its_dotted_name(explained):
    wrapped = nn.Sequential()
    wrapped.add_module("body", explained.timm_network("test_vit", 64))
    found = find_target_layer(wrapped.eval(), 64)
    assert (found.name, found.prefix_tokens) == ("body.blocks.5.norm1", 1)


def test_a_layer_that_reaches_no_logit_is_passed_over():
    class Distracted(nn.Module):
        def __init__(self):
            super().__init__()
            self.useful = nn.Conv2d(3, 4, 3)
            self.useless = nn.Conv2d(4, 4, 3)
            self.head = nn.Linear(4, 2)

        def forward(self, pictures):
            maps = self.useful(pictures)
            self.useless(maps)
            return self.head(maps.mean((2, 3)))

    assert find_target_layer(Distracted().eval(), 16).name == "useful"


def test_no_hook_is_left_behind_and_frozen_networks_are_fine(explained):
    network = explained.timm_network("test_resnet").requires_grad_(False)
    find_target_layer(network, 64)
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_network_without_spatial_layers_is_explained():
    flat = nn.Sequential(nn.Sequential(), nn.Flatten(), nn.Linear(3 * 16 * 16, 8), nn.ReLU(), nn.Linear(8, 2)).eval()
    with pytest.raises(InputError, match="heatmap cannot be made") as caught:
        find_target_layer(flat, 16)
    assert "backbone" in caught.value.remedy


def test_every_layout_is_brought_into_the_same_order():
    maps = torch.arange(2 * 3 * 4 * 4, dtype=torch.float32).reshape(2, 3, 4, 4)
    tokens = torch.cat([torch.full((2, 1, 3), -1.0), maps.flatten(2).transpose(1, 2)], dim=1)  # [2, 1 + 16, 3]
    assert torch.equal(TargetLayer("a", nn.Identity(), "NCHW").to_nchw(maps), maps)
    assert torch.equal(TargetLayer("a", nn.Identity(), "NHWC").to_nchw(maps.permute(0, 2, 3, 1)), maps)
    assert torch.equal(TargetLayer("a", nn.Identity(), "tokens", 1).to_nchw(tokens), maps)
    axes = [TargetLayer("a", nn.Identity(), layout).channel_axis for layout in ("NCHW", "NHWC", "tokens")]
    assert axes == [1, 3, 2]
