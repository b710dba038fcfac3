import io

import numpy as np
import pytest
from PIL import Image

from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.store import PictureStore
from clf_core.export.rows import Pictures
from clf_core.results import DatasetSummary

NAMED = [
    ("bees", "train", "bees/1.png", "", ""),
    ("bees", "val", "more/1.png", "hive 1", ""),
    ("bees", "test", "bees/CON.png", "", ""),
    ("../ants", "train", "..\\..\\x.png", "", ""),
    ("=SUM(A1)", "train", "=cmd|' /C calc'!A0.png", "@group", ""),
    ("=SUM(A1)", "test", "\n-.png", "", ""),
    ("bees", "train", "bees/out.png", "", "Too dark"),
    ("gone", "train", "gone/2.png", "", "+Too bright"),
]
"""Class, split, name, given group and why left out."""


@pytest.fixture
def store(tmp_path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


@pytest.fixture
def manifest(store) -> Manifest:
    rows = []
    for number, (label, split, name, group, excluded) in enumerate(NAMED):
        buffer = io.BytesIO()
        Image.fromarray(np.full((8, 8, 3), number * 20, np.uint8)).save(buffer, "PNG" if number else "JPEG")
        key = store.add(buffer.getvalue())
        size = len(buffer.getvalue())
        rows.append(ManifestRow(key, size, 8, 8, label, split, key, name, given_group=group, excluded=excluded))
    return Manifest.from_rows(rows)


@pytest.fixture
def make_pictures(manifest, store):
    """``make_pictures(...)`` is what is to be written of the manifest."""

    def make(**options) -> Pictures:
        return Pictures(manifest, store, **options)

    return make


@pytest.fixture
def summary(manifest) -> DatasetSummary:
    return DatasetSummary(
        id="d-1", name="Pets", version=3, created=0.0, pictures=6, classes=manifest.counts(),
        splits=manifest.split_counts(), class_splits=manifest.class_splits(), skipped=(), ignored_count=0, notices=(),
    )  # fmt: skip
