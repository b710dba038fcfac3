"""Pictures that nothing refers to go once they are a day old; no picture that anything needs ever goes."""

import os
import time
from pathlib import Path

import pytest

from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.pack_index import index_of
from clf_core.data.store import PictureStore
from clf_core.workspace.sweeping import sweep_pictures
from tests.stored_pictures import spot_of

DAY = 24 * 3600


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def add(store: PictureStore, data: bytes, days_ago: float) -> str:
    sha256 = store.add(data)
    before = time.time() - days_ago * DAY
    store.sync()
    store._packs._open.clear()  # a pack of its own for each
    pack = spot_of(store, sha256).pack
    for path in (pack, index_of(pack)):
        os.utime(path, (before, before))
    return sha256


def refer(folder: Path, sha256: str) -> Path:
    row = ManifestRow(sha256, 1, 9, 9, "a", "train", sha256, "a/1.png")
    path = folder / "versions" / "000001.parquet"
    path.parent.mkdir(parents=True)
    Manifest.from_rows([row]).write(path)
    return path


def stored(store: PictureStore, *keys: str) -> list[bool]:
    return [store.contains(key) for key in keys]


def test_only_old_pictures_without_a_dataset_go(store: PictureStore, tmp_path: Path) -> None:
    used, making, lost, young = (
        add(store, text, days) for text, days in ((b"1", 9), (b"2", 9), (b"3", 2), (b"4", 0.5))
    )
    refer(tmp_path / "datasets" / "d1", used)
    refer(tmp_path / "datasets" / ".unfinished-x", making)  # an import that ends in a moment
    assert sweep_pictures(tmp_path, store) == 1
    assert stored(store, used, making, lost, young) == [True, True, False, True]


def test_once_a_day(store: PictureStore, tmp_path: Path) -> None:
    add(store, b"1", 2)
    assert sweep_pictures(tmp_path, store) == 1
    add(store, b"2", 2)
    assert sweep_pictures(tmp_path, store) == 0
    yesterday = time.time() - 1.1 * DAY
    os.utime(tmp_path / "pictures" / ".swept", (yesterday, yesterday))
    assert sweep_pictures(tmp_path, store) == 1


def test_nothing_goes_while_a_dataset_cannot_be_read(store: PictureStore, tmp_path: Path) -> None:
    lost = add(store, b"1", 2)
    refer(tmp_path / "datasets" / "d1", lost).write_bytes(b"damaged")
    assert sweep_pictures(tmp_path, store) == 0
    assert stored(store, lost) == [True]


def test_a_new_workspace_has_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep_pictures(tmp_path, PictureStore(tmp_path / "pictures")) == 0
    assert not (tmp_path / "pictures").exists()
