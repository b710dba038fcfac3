import pytest

from clf_core.config import TrainConfig
from clf_core.jobs import presets
from clf_core.training.callbacks import SilentCallbacks


@pytest.mark.parametrize(
    ("preset", "module", "function"),
    [
        ("balanced", "partial", "train_partial"),
        ("thorough", "partial", "train_partial"),
        ("full", "full", "train_full"),
        ("scratch", "scratch", "train_scratch"),
    ],
)
def test_each_preset_is_trained_by_its_module(monkeypatch, preset, module, function):
    monkeypatch.setattr(f"clf_core.training.{module}.{function}", lambda *arguments: arguments)
    config, callbacks = TrainConfig(preset=preset), SilentCallbacks()
    assert presets.train_by_preset(config, "manifest", callbacks, "resources") == (
        "manifest",
        "resources",
        config,
        callbacks,
    )


def test_from_scratch_begins_with_no_network():
    assert presets.beginning(TrainConfig(preset="scratch"), None, SilentCallbacks()) is None
