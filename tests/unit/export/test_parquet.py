"""What ``datasets`` reads, checked against the form it documents; it is no dependency of ours."""

import io
import json
import zipfile

import pyarrow as pa
import pytest
from pyarrow import parquet

import clf_core.export.parquet as under_test
from clf_core.export.parquet import write_parquet


@pytest.fixture
def written(make_pictures):
    buffer = io.BytesIO()
    write_parquet(make_pictures(), buffer, "Pets <b>& [x](y)")
    return zipfile.ZipFile(buffer)


def _table(archive: zipfile.ZipFile, name: str) -> pa.Table:
    return parquet.read_table(io.BytesIO(archive.read(name)))


def test_every_split_is_a_file_that_the_card_names(written):
    assert written.namelist() == [
        "README.md",
        "data/train-00000-of-00001.parquet",
        "data/validation-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
    ]
    card = written.read("README.md").decode()
    assert card.startswith("---\n")
    for split in ("train", "validation", "test"):
        assert f"  - split: {split}\n    path: data/{split}-*.parquet\n" in card
    assert "<b>" not in card
    assert "[x]" not in card


def test_the_schema_says_picture_and_class_as_datasets_does(written):
    schema = _table(written, "data/train-00000-of-00001.parquet").schema
    assert schema.field("image").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    assert schema.field("label").type == pa.int64()
    assert json.loads(schema.metadata[b"huggingface"]) == {
        "info": {
            "features": {
                "image": {"_type": "Image"},
                "label": {"names": ["../ants", "=SUM(A1)", "bees"], "_type": "ClassLabel"},
                "source_name": {"dtype": "string", "_type": "Value"},
                "group": {"dtype": "string", "_type": "Value"},
                "left_out": {"dtype": "string", "_type": "Value"},
            }
        }
    }


def test_rows_hold_the_files_and_their_classes(written, manifest, store):
    rows = _table(written, "data/train-00000-of-00001.parquet").to_pylist()
    assert [row["label"] for row in rows] == [2, 0, 1]
    assert [row["image"]["bytes"] for row in rows] == [
        store.read(manifest.column("sha256")[place]) for place in (0, 3, 4)
    ]
    assert rows[0]["image"]["path"] == "1.jpg"
    assert rows[2]["source_name"] == "=cmd|' /C calc'!A0.png"
    assert rows[2]["group"] == "@group"


def test_left_out_pictures_of_a_class_not_in_use_have_a_class_too(make_pictures):
    buffer = io.BytesIO()
    write_parquet(make_pictures(left_out=True), buffer, "Pets")
    table = _table(zipfile.ZipFile(buffer), "data/train-00000-of-00001.parquet")
    names = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    last = table.to_pylist()[-1]
    assert (names[last["label"]], last["left_out"]) == ("gone", "+Too bright")


def test_large_splits_are_cut_into_files_and_row_groups(make_pictures, monkeypatch):
    monkeypatch.setattr(under_test, "_GROUP_ROWS", 1)
    monkeypatch.setattr(under_test, "_SHARD_BYTES", 200)  # a picture has about 80 bytes, the first one more
    buffer = io.BytesIO()
    write_parquet(make_pictures(), buffer, "Pets")
    archive = zipfile.ZipFile(buffer)
    train = [name for name in archive.namelist() if "train" in name]
    assert train == ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]
    groups = [parquet.ParquetFile(io.BytesIO(archive.read(name))).num_row_groups for name in train]
    assert groups == [1, 2]
