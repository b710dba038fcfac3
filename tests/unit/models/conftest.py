"""Backbones for the tests of this layer and small pretend-published weights for timm's test models."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def lite0(prepared_backbones):
    from clf_core.models.backbone_store import BackboneStore

    return BackboneStore(prepared_backbones).ensure("tf_efficientnet_lite0")


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """``hub_cache(name)`` leaves random weights of a timm model where its hub client keeps downloads."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))

    def plant(name: str) -> None:
        import timm
        import torch
        from safetensors.torch import save_file

        torch.manual_seed(0)
        config = timm.get_pretrained_cfg(name)
        repository = folder / ("models--" + config.hf_hub_id.replace("/", "--"))
        snapshot: Path = repository / "snapshots" / ("a" * 40)
        snapshot.mkdir(parents=True)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text("a" * 40)
        save_file(timm.create_model(name).state_dict(), snapshot / "model.safetensors")

    return plant
