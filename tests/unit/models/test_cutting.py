"""Networks cut in two: front and tail together are the network, and only what learns is in the tail."""

import numpy as np
import pytest
import timm
import torch
from torch import nn

from clf_core.config import Preprocessing
from clf_core.models import fronts
from clf_core.models.backbone import Backbone, BackboneSpec
from clf_core.models.cutting import Cut, Front, Tail, choose, cuts, is_exact
from clf_core.models.fronts import FrontSource, TorchFront, open_front
from clf_core.models.network import normalise
from clf_core.models.runtime import OpenVinoRuntime

SWIN = {"embed_dim": 24, "depths": (1, 1, 2, 1), "num_heads": (1, 2, 3, 6)}
FAMILIES = [
    ("test_resnet", {}, "layer4"),
    ("test_efficientnet", {}, "blocks.3"),
    ("mobilenetv4_conv_small", {}, "blocks.3"),
    ("test_convnext", {}, "stages.3"),
    ("test_vit", {}, "blocks.4"),
    ("swin_tiny_patch4_window7_224", SWIN, "layers.3"),
    ("efficientformerv2_s0", {}, "stages.3"),
    ("deit_tiny_distilled_patch16_224", {"depth": 4, "embed_dim": 48}, "blocks.3"),
]


def built(name, seed=0, **options):
    """A timm network without head, random weights, with its input size."""
    torch.manual_seed(seed)
    network = timm.create_model(name, num_classes=0, **options).eval()
    for module in network.modules():  # fresh ones would be the identity, and hide a mistake in the order
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network, network.pretrained_cfg["input_size"][-1]


@pytest.fixture(scope="module")
def small():
    """A tiny residual network and its cut in the middle."""
    network, size = built("test_resnet")
    return network, size, choose(cuts(network, size), 0.3)


@pytest.mark.parametrize(("name", "options", "expected"), FAMILIES, ids=[family[0] for family in FAMILIES])
def test_every_family_is_cut_exactly(name, options, expected):
    network, size = built(name, **options)
    found = cuts(network, size)
    assert expected in [cut.name for cut in found]
    compute = [cut.compute for cut in found]
    assert compute == sorted(compute, reverse=True)
    assert all(0 <= cut.compute < 1 and 0 < cut.parameters <= 1 for cut in found)
    cut = next(cut for cut in found if cut.name == expected)
    front, tail = Front(network, cut), Tail(network, cut)
    assert is_exact(network, front, tail, size)
    assert front(torch.zeros(2, 3, size, size)).shape == (2, *cut.shape)
    learns = sum(parameter.numel() for _, parameters in tail.learning() for parameter in parameters)
    whole = sum(parameter.numel() for parameter in network.parameters())
    assert learns == pytest.approx(cut.parameters * whole, rel=1e-3)


def test_where_a_transformer_adds_its_positions_there_is_no_cut():
    network, size = built("test_vit")
    assert "patch_embed" not in [cut.name for cut in cuts(network, size)]
    assert "blocks.0" in [cut.name for cut in cuts(network, size)]


def test_a_network_that_is_no_chain_has_no_cuts():
    class Forked(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

        def forward_features(self, pictures):
            return self.one(pictures) + self.two(pictures)

        def forward_head(self, maps, pre_logits=False):
            return maps.mean((2, 3))

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.again = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)

        def forward_features(self, pictures):
            return self.again(self.again(self.first(pictures)))

        def forward_head(self, maps, pre_logits=False):
            return maps.mean((2, 3))

    assert cuts(Forked().eval(), 16) == ()
    assert cuts(Twice().eval(), 16) == ()


def test_a_wrong_cut_is_noticed(small):
    network, size, cut = small
    other, _ = built("test_resnet", seed=1)
    assert is_exact(network, Front(network, cut), Tail(network, cut), size)
    assert not is_exact(network, Front(other, cut), Tail(network, cut), size)


def test_the_deepest_cut_within_the_share_is_taken():
    made = [Cut(("a",), (name,), share, share, (1,)) for name, share in (("b", 0.9), ("c", 0.5), ("d", 0.2))]
    assert choose(made, 0.6).name == "c"
    assert choose(made, 1.0).name == "b"
    assert choose(made, 0.1).name == "d"
    assert choose([], 0.5) is None


def test_what_the_tail_learns_comes_back_and_nothing_else_changes(small):
    network, size = built("test_resnet")
    cut = choose(cuts(network, size), 0.3)
    tail = Tail(network, cut, nn.Linear(network.num_features, 2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        for _, parameters in tail.learning():
            for parameter in parameters:
                parameter.add_(0.1)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    tail.put_back(network)
    for name, value in network.state_dict().items():
        changed = name.startswith(cut.parts) and value.is_floating_point() and "running" not in name
        assert torch.equal(value, before[name]) != changed, name
    assert is_exact(network, Front(network, cut), Tail(network, cut), size)


def test_the_front_shares_its_weights_and_the_tail_has_only_its_own(small):
    network, _, cut = small
    held = {id(parameter) for parameter in network.parameters()}
    assert all(id(parameter) in held for parameter in Front(network, cut).parameters())
    tail = Tail(network, cut)
    assert not any(id(parameter) in held for parameter in tail.parameters())
    assert sum(p.numel() for p in tail.parameters()) < sum(p.numel() for p in network.parameters())


@pytest.fixture
def source(small, tmp_path):
    """The front of the tiny network as something to convert."""
    network, size, cut = small
    preprocessing = Preprocessing(input_size=size, resize_size=size, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2))
    spec = BackboneSpec(
        name="test_resnet",
        weights_sha256="a" * 64,
        feature_dim=network.num_features,
        preprocessing=preprocessing,
        class_names=(),
        licence="none",
        source="test",
        parameters=1,
        files={},
    )
    (tmp_path / "backbone").mkdir()
    return FrontSource(Backbone(spec, tmp_path / "backbone"), Front(network, cut), cut.name, preprocessing)


def maps_of(runtime, pictures):
    return np.stack(list(runtime.stream(iter(pictures))))


def test_the_converted_front_gives_torchs_maps_and_is_made_once(source, tmp_path, monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 160, 160, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = source.module(normalise(pictures, source.preprocessing)).numpy()
    runtime = open_front(source, "cpu", tmp_path)
    assert isinstance(runtime, OpenVinoRuntime)
    np.testing.assert_allclose(maps_of(runtime, pictures), expected, atol=0.05 * np.abs(expected).max())
    made = sorted(path.name for path in (source.backbone.folder / "fronts").iterdir())
    assert len(made) == 1
    monkeypatch.setattr(fronts, "convert", None)
    again = open_front(source, "cpu", tmp_path)
    np.testing.assert_array_equal(maps_of(again, pictures), maps_of(runtime, pictures))
    torch_front = TorchFront(source.module, source.preprocessing, "cpu")
    np.testing.assert_allclose(maps_of(torch_front, pictures), expected, atol=1e-5)
    assert "float32" in torch_front.engine


def test_a_damaged_front_is_made_again(source, tmp_path):
    open_front(source, "cpu", tmp_path)
    weights = next((source.backbone.folder / "fronts").glob("*/network.bin"))
    before = weights.read_bytes()
    weights.write_bytes(b"damaged")
    assert isinstance(open_front(source, "cpu", tmp_path), OpenVinoRuntime)
    assert weights.read_bytes() == before


def test_where_the_network_lies_write_protected_the_front_is_kept_by_the_run(source, tmp_path):
    (source.backbone.folder / "fronts").write_text("in the way")
    assert isinstance(open_front(source, "cpu", tmp_path / "scratch"), OpenVinoRuntime)
    assert len(list((tmp_path / "scratch" / "fronts").iterdir())) == 1


def test_what_cannot_be_converted_is_run_by_torch(source, tmp_path, monkeypatch):
    monkeypatch.setattr(fronts, "convert", lambda *_: False)
    runtime = open_front(source, "cpu", tmp_path)
    assert isinstance(runtime, TorchFront)
    picture = np.zeros((160, 160, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = source.module(normalise(picture[None], source.preprocessing)).numpy()
    np.testing.assert_allclose(maps_of(runtime, [picture]), expected, atol=1e-5)
    assert list((source.backbone.folder / "fronts").iterdir()) == []
