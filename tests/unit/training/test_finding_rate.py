"""Finding a learning rate for a run to come: prepared as its training would be, and only caches are left behind."""

import pytest
import torch

from clf_core.config import Convolution, Dense, Flatten, NetworkConfig, Pooling, Preprocessing, TrainConfig
from clf_core.errors import ConfigError
from clf_core.models.backbone_files import Origin, write_backbone
from clf_core.models.pretrained import without_head
from clf_core.models.runtime import open_runtime
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.finding_rate import find_learning_rate
from clf_core.training.result import Resources

SMALL = NetworkConfig(
    input_size=32, layers=(Convolution(filters=4, kernel=3), Pooling(size=4), Flatten(), Dense(units=8))
)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other cost more than such small networks take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def resources(tmp_path):
    torch.manual_seed(0)
    prepared = Preprocessing(input_size=32, resize_size=36, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    name = "test_efficientnet"
    backbone = write_backbone(tmp_path / "backbone", without_head(name), Origin(name, prepared, "none", "test"))

    def make(store):
        return Resources(
            store.read, "cpu", tmp_path / "scratch", tmp_path / "model", backbone, open_runtime(backbone, "cpu")
        )

    return make


class Listener(SilentCallbacks):
    def __init__(self):
        self.stages, self.last = [], 0

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.last = done


@pytest.mark.parametrize(
    ("config", "stages"),
    [
        (TrainConfig(preset="full", batch_size=8, precision="float32"), ["decode", "head", "tune"]),
        (TrainConfig(preset="balanced", batch_size=8, precision="float32"), ["features", "head", "tune"]),
        (TrainConfig(preset="scratch", batch_size=8, network=SMALL), ["decode", "tune"]),
    ],
    ids=["full", "balanced", "scratch"],
)
def test_each_preset_that_learns_in_steps_can_be_asked(imported, resources, tmp_path, config, stages):
    manifest, store = imported({"red": 14, "blue": 14})
    listener = Listener()
    report = find_learning_rate(manifest, resources(store), config, listener, steps=25)
    assert [stage for stage, _ in listener.stages] == stages
    assert dict(listener.stages)["tune"] == 25
    assert listener.last == len(report.points)
    assert report.points[0].rate < report.suggestion < report.points[-1].rate
    assert report.reason.endswith(".")
    assert not (tmp_path / "model").exists()
    again = find_learning_rate(manifest, resources(store), config, SilentCallbacks(), steps=25)
    assert again == report


def test_quick_has_no_learning_rate(imported, resources):
    manifest, store = imported({"red": 14, "blue": 14})
    with pytest.raises(ConfigError, match="no learning rate to find") as caught:
        find_learning_rate(manifest, resources(store), TrainConfig(), SilentCallbacks())
    assert caught.value.field == "preset"
