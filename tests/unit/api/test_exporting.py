"""A dataset that is taken out and brought back in is the same dataset."""

import io
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportOptions, SplitConfig
from clf_core.data.store import PictureStore
from clf_core.errors import NotFoundError
from clf_core.importing.importer import import_pictures
from clf_core.importing.parquet import ParquetPictures, Shard

LABELS = ("bees", "CON", "a.b ", "ünï — 蜂", "Bees", "=SUM(A1)")


@pytest.fixture
def strange(bench, tmp_path):
    """Classes with names that trouble some system or other, by a table of labels."""
    random = np.random.default_rng(0)
    lines = ["file,label,split,group"]
    folder = tmp_path / "source"
    folder.mkdir()
    for place, label in enumerate(LABELS):
        for number in range(6):
            name = f"{place}_{number}.png"
            Image.fromarray(random.integers(0, 255, (20, 20, 3), dtype=np.uint8)).save(folder / name)
            split = ("train", "train", "train", "val", "test", "test")[number]
            lines.append(f'{name},"{label}",{split},g{place}{number}')
    (folder / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    return bench.imports.path(folder, "Strange")


def _content(bench, name: str) -> Counter:
    pictures = bench.datasets.pictures(name, limit=10_000).pictures
    return Counter((picture.sha256, picture.label, picture.split) for picture in pictures)


def test_a_table_brings_back_pictures_labels_and_splits(bench, strange, tmp_path):
    assert strange.accepted == 36
    left_out = bench.datasets.pictures("Strange").pictures[0].id
    bench.editing.exclude("Strange", [left_out], "Blurred")
    report = bench.exporting.write("Strange", "csv", tmp_path / "out.zip")
    assert (report.pictures, report.version) == (35, 2)
    bench.imports.path(tmp_path / "out.zip", "Again")
    assert _content(bench, "Again") == _content(bench, "Strange")


def test_a_table_with_left_out_pictures_brings_them_back_left_out(bench, strange, tmp_path):
    bench.editing.exclude("Strange", [0], "Blurred")
    assert bench.exporting.write("Strange", "csv", tmp_path / "out.zip", left_out=True).pictures == 36
    bench.imports.path(tmp_path / "out.zip", "Again")
    assert _content(bench, "Again") == _content(bench, "Strange")


def test_split_folders_bring_back_pictures_labels_and_splits(bench, pets, tmp_path):
    bench.exporting.write("Pets", "folders", tmp_path / "out.zip", split_folders=True)
    bench.imports.path(tmp_path / "out.zip", "Again")
    assert _content(bench, "Again") == _content(bench, "Pets")


def test_class_folders_bring_back_pictures_and_labels(bench, pets, tmp_path):
    bench.exporting.write("Pets", "folders", tmp_path / "out.zip")
    bench.imports.path(tmp_path / "out.zip", "Again", options=ImportOptions(split=SplitConfig(seed=5)))
    again, pets_content = _content(bench, "Again"), _content(bench, "Pets")
    assert {entry[:2] for entry in again} == {entry[:2] for entry in pets_content}


def test_names_no_system_takes_are_told_and_lead_nowhere(bench, strange, tmp_path):
    report = bench.exporting.write("Strange", "folders", tmp_path / "out.zip")
    folders = {name.split("/")[0] for name in zipfile.ZipFile(tmp_path / "out.zip").namelist()}
    assert folders == {"bees", "_CON", "a.b", "ünï — 蜂", "Bees (2)", "=SUM(A1)"} or folders == {
        "bees (2)", "_CON", "a.b", "ünï — 蜂", "Bees", "=SUM(A1)"
    }  # fmt: skip
    assert len(report.notices) in (2, 3)
    assert len({folder.casefold() for folder in folders}) == len(LABELS)


def test_an_earlier_version_can_be_taken_out(bench, pets):
    bench.editing.exclude("Pets", [0, 1])
    for version, pictures in ((1, 20), (2, 18), (None, 18)):
        buffer = io.BytesIO()
        report = bench.exporting.write("Pets", "folders", buffer, version=version)
        assert (report.pictures, len(zipfile.ZipFile(buffer).namelist())) == (pictures, pictures)
    with pytest.raises(NotFoundError):
        bench.exporting.write("Pets", "folders", io.BytesIO(), version=3)


def test_parquet_brings_back_pictures_labels_and_splits(bench, strange, tmp_path):
    bench.exporting.write("Strange", "parquet", tmp_path / "out.zip")
    zipfile.ZipFile(tmp_path / "out.zip").extractall(tmp_path / "hub")
    shards = [
        Shard(word, split, lambda word=word: next((tmp_path / "hub" / "data").glob(f"{word}-*.parquet")))
        for word, split in (("train", "train"), ("validation", "val"), ("test", "test"))
    ]
    source = ParquetPictures("Again", shards, bench.settings.limits)
    store = PictureStore(tmp_path / "pictures")
    again = import_pictures(source, store, limits=bench.settings.limits).manifest
    columns = (again.column(name) for name in ("sha256", "label", "split"))
    assert Counter(zip(*columns, strict=True)) == _content(bench, "Strange")
