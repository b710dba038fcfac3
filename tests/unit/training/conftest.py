"""A tiny dataset and a stand-in network, so that training is tested without the real one's seconds."""

from dataclasses import dataclass

import numpy as np
import pytest

from clf_core.config import ImportLimits, Preprocessing
from clf_core.data.store import PictureStore
from clf_core.importing.importer import import_pictures
from clf_core.importing.source import open_source
from clf_core.models.backbone import Backbone, BackboneSpec


@dataclass
class ColourRuntime:
    """A runtime whose features are mean and deviation of each colour; fast, and real enough to learn from."""

    spec: BackboneSpec
    seen: int = 0
    engine = "test"

    def features(self, batch):
        flat = batch.reshape(len(batch), -1, 3).astype(np.float32) / 255
        self.seen += len(batch)
        return np.concatenate([flat.mean(axis=1), flat.std(axis=1)], axis=1)

    def stream(self, inputs):
        for picture in inputs:
            yield self.features(picture[None])[0]


@pytest.fixture
def colours(tmp_path):
    """A backbone record and the runtime that goes with it."""
    spec = BackboneSpec(
        name="colours",
        weights_sha256="c" * 64,
        feature_dim=6,
        preprocessing=Preprocessing(input_size=16, resize_size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        class_names=(),
        licence="none",
        source="test",
        parameters=1,
        files={},
    )
    return Backbone(spec, tmp_path), ColourRuntime(spec)


@pytest.fixture
def imported(tmp_path, write_pictures):
    """``imported({"red": 10, "blue": 10})`` returns the manifest and the store of such a dataset."""

    def make(counts, seed=0):
        folder = write_pictures(tmp_path / f"pictures{seed}", counts, size=20, seed=seed)
        store = PictureStore(tmp_path / "store")
        with open_source(folder, ImportLimits()) as source:
            return import_pictures(source, store, limits=ImportLimits()).manifest, store

    return make


@pytest.fixture
def one_thread():
    """Tiny networks are slower with two threads, and much slower where others use the cores, too."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
