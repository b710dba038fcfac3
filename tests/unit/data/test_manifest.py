"""The table of one dataset version."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.data.manifest import Manifest, ManifestRow, natural_key
from clf_core.errors import NotFoundError, StorageError
from clf_core.values import SPLITS


def row(number: int, label: str = "a", split: str = "train", **fields: object) -> ManifestRow:
    sha256 = f"{number:064x}"
    values = {"size": 100 + number, "width": 4, "height": 3, "group": sha256, "source_name": f"{label}/{number}.jpg"}
    return ManifestRow(sha256=sha256, label=label, split=split, **{**values, **fields})


@pytest.fixture
def rows() -> list[ManifestRow]:
    return [
        row(1, "class 10", "train"),
        row(2, "class 2", "test", flags=("small", "animated")),
        row(3, "class 10", "val"),
        row(4, "class 2", "train", source_name="né\n🐜/=1+1.jpg"),
        row(5, "class 10", "train"),
    ]


def test_counts(rows: list[ManifestRow]) -> None:
    manifest = Manifest.from_rows(rows)
    assert len(manifest) == 5
    assert manifest.classes == ("class 2", "class 10")
    assert manifest.counts() == {"class 2": 2, "class 10": 3}
    assert manifest.split_counts() == {"train": 3, "val": 1, "test": 1}
    assert manifest.class_splits() == {
        "class 2": {"train": 1, "val": 0, "test": 1},
        "class 10": {"train": 2, "val": 1, "test": 0},
    }


def test_select(rows: list[ManifestRow]) -> None:
    chosen = Manifest.from_rows(rows).select("train")
    assert len(chosen) == 3
    assert chosen.sha256 == [rows[place].sha256 for place in (0, 3, 4)]
    assert chosen.label_index.tolist() == [1, 0, 1]
    assert chosen.label_index.dtype == "int64"
    assert chosen.source_name[1] == "né\n🐜/=1+1.jpg"
    assert chosen.group == chosen.sha256


def test_pages(rows: list[ManifestRow]) -> None:
    manifest = Manifest.from_rows(rows)
    page = manifest.page("class 10", "train", offset=1, limit=5)
    assert page.total == 2
    assert [picture.sha256 for picture in page.pictures] == [rows[4].sha256]
    assert manifest.page(limit=2).total == 5
    assert len(manifest.page(limit=2).pictures) == 2
    assert manifest.page(offset=99).pictures == ()
    assert manifest.page(offset=-5, limit=-1).pictures == ()
    with pytest.raises(NotFoundError, match="no class 'x'"):
        manifest.page("x")


def test_written_and_read_again(rows: list[ManifestRow], tmp_path: Path) -> None:
    manifest = Manifest.from_rows(rows)
    manifest.write(tmp_path / "versions" / "000001.parquet")
    again = Manifest.read(tmp_path / "versions" / "000001.parquet")
    assert again.rows() == manifest.rows()
    assert again.table.equals(manifest.table)


def test_other_tools_read_it(rows: list[ManifestRow], tmp_path: Path) -> None:
    import pandas as pd

    Manifest.from_rows(rows).write(tmp_path / "m.parquet")
    frame = pd.read_parquet(tmp_path / "m.parquet")
    assert frame["label"].tolist() == [entry.label for entry in rows]
    assert frame["flags"][1].tolist() == ["small", "animated"]


def test_files_that_are_no_manifest(rows: list[ManifestRow], tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        Manifest.read(tmp_path / "missing.parquet")
    path = tmp_path / "m.parquet"
    Manifest.from_rows(rows).write(path)
    whole = path.read_bytes()
    for damaged in (b"", b"text", whole[: len(whole) // 2], whole[:-8] + b"\xff" * 8):
        path.write_bytes(damaged)
        with pytest.raises(StorageError, match="damaged"):
            Manifest.read(path)


def test_other_columns_are_refused(rows: list[ManifestRow]) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        Manifest(Manifest.from_rows(rows).table.drop_columns(["flags"]))


def test_empty() -> None:
    manifest = Manifest.from_rows([])
    assert (len(manifest), manifest.classes, manifest.page().total) == (0, (), 0)
    assert len(manifest.select("train")) == 0


def test_neither_pandas_nor_torch_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from clf_core.data.manifest import Manifest, ManifestRow;"
        "assert 'pyarrow' not in sys.modules;"
        "rows = [ManifestRow('0' * 64, 1, 2, 3, 'a', 'train', '0' * 64, 'n', ('small',))];"
        "path = Path(sys.argv[1]); Manifest.from_rows(rows).write(path); manifest = Manifest.read(path);"
        "manifest.select('train'); manifest.page('a'); manifest.class_splits();"
        "print(sorted({'pandas', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(st.lists(st.text(max_size=8), max_size=12))
def test_natural_order_is_total_and_stable(labels: list[str]) -> None:
    ordered = sorted(labels, key=natural_key)
    labels.reverse()
    assert sorted(labels, key=natural_key) == ordered
    assert all((natural_key(a) == natural_key(b)) == (a == b) for a in labels for b in labels)


def test_natural_order() -> None:
    labels = ["a10", "b", "A2", "a1", "10", "9"]
    assert sorted(labels, key=natural_key) == ["9", "10", "a1", "A2", "a10", "b"]


ROWS = st.builds(
    ManifestRow,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.integers(0, 2**40),
    width=st.integers(1, 2**31 - 1),
    height=st.integers(1, 2**31 - 1),
    label=st.text(max_size=10),
    split=st.sampled_from(SPLITS),
    group=st.text("0123456789abcdef", min_size=64, max_size=64),
    source_name=st.text(max_size=20),
    flags=st.lists(st.sampled_from(["small", "animated"]), max_size=2).map(tuple),
)


@given(st.lists(ROWS, max_size=8))
def test_any_rows_survive(rows: list[ManifestRow]) -> None:
    numbered = [replace(row, id=number) for number, row in enumerate(rows)]
    assert Manifest.from_rows(rows).rows() == numbered
