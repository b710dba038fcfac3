"""The commands about pretrained networks."""

import pytest


@pytest.fixture(autouse=True)
def nothing_downloaded(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_the_list_begins_with_what_is_recommended(typed, said):
    networks = typed("models", "list")["networks"]
    assert networks[0]["name"] == "tf_efficientnet_lite0"
    assert networks[0]["on_machine"]
    status, words = said("models", "list")
    assert status == 0
    assert "tf_efficientnet_lite0: 3.4 million weights, 224 px, 74.8% on ImageNet, on this machine" in words


def test_search_says_how_many_there_are(typed, said):
    page = typed("models", "search", "swin", "tiny", "--order", "accuracy", "--descending", "--limit", "2")
    assert page["total"] > len(page["backbones"]) == 2
    assert page["backbones"][0]["accuracy"] >= page["backbones"][1]["accuracy"]
    assert "2 shown" in said("models", "search", "swin", "tiny", "--limit", "2")[1]
    small = typed("models", "search", "--family", "resnet", "--most-parameters", "12")
    assert all(info["parameters"] <= 12_000_000 for info in small["backbones"])
    assert said("models", "search", "nothing", "like", "this") == (0, "0 networks\n")


def test_families(typed):
    families = typed("models", "families")["families"]
    assert "mobilenetv4" in [family["key"] for family in families]


def test_a_card_says_what_is_not_known(said):
    _, words = said("models", "show", "tf_efficientnet_lite0")
    assert "speed here: not measured yet" in words
    assert "commercial use allowed" in words
    _, words = said("models", "show", "vit_small_patch16_dinov3.lvd1689m")
    assert "not published here" in words
    assert "read it before commercial use" in words


def test_an_unknown_network_is_refused(said):
    status, words = said("models", "show", "resnet_18")
    assert status == 2
    assert "no pretrained network called 'resnet_18'" in words


def test_measuring_is_kept(bench, typed, said, prepared_backbones):
    bench.settings.workspace.mkdir(parents=True)
    (bench.settings.workspace / "backbones").mkdir()
    for spec in prepared_backbones.glob("*/spec.json"):
        (bench.settings.workspace / "backbones" / spec.parent.name).symlink_to(spec.parent)
    rate = typed("models", "measure", "tf_efficientnet_lite0")["pictures_per_second"]
    assert rate > 0
    card = typed("models", "show", "tf_efficientnet_lite0")
    assert (card["speed"], card["speed_source"]) == (rate, "measured")
    assert "pictures/s (measured)" in said("models", "show", "tf_efficientnet_lite0")[1]
    fastest = typed("models", "search", "--order", "speed", "--descending", "--limit", "1")["backbones"]
    assert fastest[0]["name"] == "tf_efficientnet_lite0"
