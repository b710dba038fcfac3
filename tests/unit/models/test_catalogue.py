"""The catalogue agrees with timm, finds what is asked for, and says what this machine has and how fast it is."""

import csv
import sys

import pytest

from clf_core.models import catalogue_table
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.catalogue import Catalogue
from clf_core.models.network_words import RECOMMENDED, commercial_use
from clf_core.models.speeds import Speeds
from clf_core.results import BackboneQuery

SAMPLE = (
    "resnet18.a1_in1k",
    "mobilenetv4_conv_small.e2400_r224_in1k",
    "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    "swin_tiny_patch4_window7_224.ms_in22k",
    "efficientformerv2_s0.snap_dist_in1k",
    "vit_small_patch14_dinov2.lvd142m",
    "convnextv2_atto.fcmae_ft_in1k",
)


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return Catalogue(BackboneStore(tmp_path / "backbones"))


def test_every_network_of_timm_is_listed_but_those_for_other_inputs():
    import timm

    listed = set(catalogue_table.entries())
    published = timm.list_models(pretrained=True)
    assert listed <= set(published)
    for name in set(published) - listed:
        channels, height, width = timm.get_pretrained_cfg(name).input_size
        assert name.startswith("test_") or channels != 3 or height != width


@pytest.mark.parametrize("name", SAMPLE)
def test_facts_agree_with_timm(name):
    import timm
    import torch

    entry, config = catalogue_table.find(name), timm.get_pretrained_cfg(name)
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0)
    assert entry.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert (3, entry.input_size, entry.input_size) == config.input_size
    assert entry.fixed_size == bool(config.fixed_input_size)
    assert (entry.classes, entry.licence, entry.source) == (config.num_classes, config.license, config.hf_hub_id)


def test_published_figures_belong_to_networks_of_the_catalogue():
    with catalogue_table.ACCURACY_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["name"] for row in rows}) == len(rows) > 250
    for row in rows:
        entry = catalogue_table.find(row["name"])
        assert 0.5 < entry.accuracy < 0.91
        assert entry.accuracy_size == int(row["size"]) >= entry.input_size // 2
        assert row["source"] in ("results", "cards")


def test_the_recommended_come_first_with_a_figure_and_a_free_licence(catalogue):
    cards = catalogue.recommended()
    assert [card.name for card in cards[: len(RECOMMENDED)]] == [choice.name for choice in RECOMMENDED]
    for card in cards[: len(RECOMMENDED)]:
        assert card.recommended
        assert card.accuracy
        assert card.commercial is True
        assert card.good_for.endswith(".")
        assert card.on_machine == (card.name == "tf_efficientnet_lite0")
        assert (card.download_megabytes == 0) == card.on_machine


def test_search_by_words_family_size_and_licence(catalogue):
    swin = catalogue.search(BackboneQuery(text="SWIN tiny 224"))
    assert {"swin_tiny_patch4_window7_224.ms_in1k"} <= {info.name for info in swin.backbones}
    assert all("swin" in info.name and "tiny" in info.name for info in swin.backbones)
    small = catalogue.search(BackboneQuery(family="resnet", most_parameters=12_000_000, limit=500))
    assert small.total == len(small.backbones) > 5
    assert all(info.family == "resnet" and info.parameters <= 12_000_000 for info in small.backbones)
    assert catalogue.search(BackboneQuery(text="cc-by-nc")).total > 0
    assert catalogue.search(BackboneQuery(text="cc-by-nc-4.0", commercial=True)).total == 0
    assert catalogue.search(BackboneQuery(text="no such network")).backbones == ()


@pytest.mark.parametrize("descending", [False, True])
def test_order_puts_those_without_a_figure_last(catalogue, descending):
    page = catalogue.search(BackboneQuery(family="convnext", order="accuracy", descending=descending, limit=500))
    figures = [info.accuracy for info in page.backbones]
    known = [figure for figure in figures if figure is not None]
    assert known == sorted(known, reverse=descending)
    assert figures[len(known) :] == [None] * (len(figures) - len(known))
    assert None in figures


def test_pages_follow_each_other(catalogue):
    whole = catalogue.search(BackboneQuery(text="resnet", limit=40))
    parts = [
        catalogue.search(BackboneQuery(text="resnet", offset=offset, limit=10)).backbones for offset in (0, 10, 20, 30)
    ]
    assert tuple(info for part in parts for info in part) == whole.backbones
    assert catalogue.search(BackboneQuery(text="resnet", offset=10_000)).backbones == ()


def test_what_a_download_left_counts_as_here(catalogue, hub_cache):
    name = "test_resnet.r160_in1k"
    hub_cache(name)
    assert "timm/test_resnet.r160_in1k" in catalogue._store.downloaded()
    other = catalogue_table.entries()["resnet18.a1_in1k"]
    folder = (f"models--{other.source}".replace("/", "--"), "snapshots", "b" * 40)
    from pathlib import Path

    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE, *folder)
    place.mkdir(parents=True)
    (place / "model.safetensors").touch()
    assert catalogue.card("resnet18.a1_in1k").on_machine
    assert {info.name for info in catalogue.search(BackboneQuery(on_machine=True, limit=500)).backbones} >= {
        "resnet18.a1_in1k",
        "tf_efficientnet_lite0",
    }


def test_families_count_every_network_once(catalogue):
    families = catalogue.families()
    assert sum(family.count for family in families) == len(catalogue_table.entries())
    assert [family.count for family in families] == sorted((family.count for family in families), reverse=True)
    assert {"resnet", "mobilenetv4", "swin_transformer"} <= {family.key for family in families}


def test_unknown_names_have_no_card(catalogue):
    assert catalogue.card("../../etc") is None
    assert catalogue.card("resnet18") is None  # several sets of weights go by this name


def test_nobody_is_told_that_a_licence_unknown_here_allows_commercial_use():
    assert commercial_use("cc-by-nc-4.0") is False
    assert commercial_use("dinov3-license") is None
    assert commercial_use("") is None


class TestSpeeds:
    def spec(self, prepared_backbones):
        return BackboneStore(prepared_backbones).ensure("tf_efficientnet_lite0").spec

    def test_a_measurement_is_kept_and_shown(self, tmp_path, prepared_backbones):
        store = BackboneStore(tmp_path)
        store.speeds.note(self.spec(prepared_backbones), 412.5, "measured")
        card = Catalogue(BackboneStore(tmp_path)).card("tf_efficientnet_lite0")
        assert (card.speed, card.speed_source) == (412.5, "measured")

    def test_a_training_fills_a_gap_and_replaces_no_measurement(self, tmp_path, prepared_backbones):
        speeds, spec = Speeds(tmp_path / "speeds.json"), self.spec(prepared_backbones)
        seen = []
        for rate, source in (
            (200, "training"),
            (150, "training"),
            (250, "training"),
            (180, "measured"),
            (900, "training"),
        ):
            speeds.note(spec, rate, source)
            seen.append([speed.pictures_per_second for speed in speeds.all().values()])
        assert seen == [[200], [200], [250], [180], [180]]

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a@224": {"pictures_per_second": -1}}', b"\xff"])
    def test_a_damaged_file_counts_as_empty(self, tmp_path, content, prepared_backbones):
        (tmp_path / "speeds.json").write_bytes(content)
        speeds = Speeds(tmp_path / "speeds.json")
        assert speeds.all() == {}
        speeds.note(self.spec(prepared_backbones), 10, "measured")
        assert len(speeds.all()) == 1

    def test_nonsense_is_not_kept(self, tmp_path, prepared_backbones):
        speeds = Speeds(tmp_path / "speeds.json")
        for rate in (0.0, -1.0, float("nan")):
            speeds.note(self.spec(prepared_backbones), rate, "measured")
        assert speeds.all() == {}


def test_asking_loads_no_torch(tmp_path):
    import subprocess

    code = (
        "import sys, pathlib\n"
        "from clf_core.models.backbone_store import BackboneStore\n"
        "from clf_core.models.catalogue import Catalogue\n"
        "from clf_core.results import BackboneQuery\n"
        f"catalogue = Catalogue(BackboneStore(pathlib.Path({str(tmp_path)!r})))\n"
        "assert catalogue.search(BackboneQuery(text='vit')).total\n"
        "assert catalogue.recommended() and catalogue.families()\n"
        "print([name for name in ('torch', 'timm', 'pandas') if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout.strip() == "[]"
