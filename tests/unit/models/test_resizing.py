"""Another input size from the same weights: nothing else changes, nothing is lost, and what cannot be is said."""

import pytest
import torch
from safetensors.torch import load_file

from clf_core.config import Convolution, NetworkConfig, Preprocessing
from clf_core.errors import InputError
from clf_core.models.backbone import Backbone
from clf_core.models.resizing import body_for, resized


@pytest.fixture(scope="module")
def transformer(random_backbone, tmp_path_factory):
    return random_backbone("test_vit", tmp_path_factory.mktemp("vit"), 32)


def test_only_what_depends_on_places_is_stretched(transformer):
    before, after = load_file(transformer.weights), body_for(transformer, 64).state_dict()
    changed = [key for key in before if before[key].shape != after[key].shape]
    assert changed == ["pos_embed"]
    assert all(torch.equal(before[key], after[key]) for key in before if key not in changed)


def test_its_own_size_gives_the_network_as_it_is(transformer):
    before, after = load_file(transformer.weights), body_for(transformer, 32).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_timm_s_own_words_where_it_says_what_it_takes(transformer, tmp_path):
    from clf_core.models.resizing import write_resized

    with pytest.raises(InputError, match="divisible by patch size"):
        write_resized(transformer, 50, tmp_path)


@pytest.mark.parametrize(
    "error", [RuntimeError("size mismatch for pos_embed: copying"), TypeError("img_size"), KeyError("x")]
)
def test_what_torch_says_of_tensors_is_not_told(transformer, monkeypatch, error):
    import timm

    real = timm.create_model

    def refuse(name, **options):
        if "img_size" in options and options.get("pretrained"):
            raise error
        return real(name, **options)

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(InputError) as caught:
        body_for(transformer, 64)
    assert "It is built for one size" in str(caught.value)
    assert "mismatch" not in str(caught.value)


def test_weights_that_got_lost_on_the_way_are_noticed(transformer, monkeypatch):
    import timm

    real = timm.create_model
    monkeypatch.setattr(
        timm,
        "create_model",
        lambda name, pretrained=False, pretrained_cfg_overlay=None, **options: real(name, **options),
    )  # builds it, and forgets the weights
    with pytest.raises(InputError, match="cannot see pictures of 64 pixels"):
        body_for(transformer, 64)


def test_a_network_of_ones_own_design_keeps_its_size(transformer):
    design = NetworkConfig(input_size=32, layers=(Convolution(),))
    small = Backbone(transformer.spec.model_copy(update={"network": design}), transformer.folder)
    with pytest.raises(InputError, match="made for one size"):
        body_for(small, 64)


@pytest.mark.parametrize(("side", "expected"), [(112, 128), (448, 512), (225, 257)])
def test_the_share_cut_off_at_the_margins_stays(side, expected):
    prepared = Preprocessing(input_size=224, resize_size=256, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    assert resized(prepared, side).input_size == side
    assert resized(prepared, side).resize_size == expected
