import csv
import io
import zipfile

import pytest

from clf_core.errors import CancelledError, StorageError
from clf_core.export.archives import COLUMNS, write_folders, write_table
from tests.stored_pictures import damage_picture, lose_picture


def _folders(pictures, **options):
    buffer = io.BytesIO()
    notices = write_folders(pictures, buffer, **{"split_folders": False, **options})
    return zipfile.ZipFile(buffer), notices


def _table(pictures):
    buffer = io.BytesIO()
    notices = write_table(pictures, buffer)
    archive = zipfile.ZipFile(buffer)
    return archive, list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode("utf-8"), newline=""))), notices


def test_class_folders_hold_the_pictures_in_use(make_pictures, store, manifest):
    archive, notices = _folders(make_pictures())
    names = archive.namelist()
    assert names == [
        "bees/1.jpg", "bees/1.png", "bees/_CON.png", "_.._ants/x.png", "=SUM(A1)/C calc'!A0.png", "=SUM(A1)/_-.png"
    ]  # fmt: skip
    in_use = [key for key, used in zip(manifest.column("sha256"), manifest.in_use, strict=True) if used]
    assert [archive.read(name) for name in names] == [store.read(key) for key in in_use]
    assert notices == ("The class '../ants' is in the folder '_.._ants', a name that every system can write.",)


def test_split_folders_stand_above_the_classes_when_asked(make_pictures):
    archive, _ = _folders(make_pictures(), split_folders=True)
    assert archive.namelist()[:3] == ["train/bees/1.jpg", "val/bees/1.png", "test/bees/_CON.png"]


def test_left_out_pictures_come_along_only_when_asked(make_pictures):
    archive, _ = _folders(make_pictures(left_out=True))
    assert len(archive.namelist()) == 8
    assert "gone/2.png" in archive.namelist()


def test_classes_called_like_splits_get_split_folders(manifest, store):
    from clf_core.export.rows import Pictures

    renamed = manifest.replaced(label=["train" if at % 2 else "Test" for at in range(len(manifest))])
    archive, notices = _folders(Pictures(renamed, store))
    assert archive.namelist()[0] == "train/Test/1.jpg"
    assert "split" in notices[0]


def test_the_table_says_what_every_file_is(make_pictures, store):
    archive, rows, notices = _table(make_pictures(left_out=True))
    assert tuple(rows[0]) == COLUMNS
    assert [row["file"] for row in rows] == archive.namelist()[:-1]
    assert rows[1] == {
        "file": "pictures/1.png", "label": "bees", "split": "val", "group": "hive 1", "original_name": "more/1.png",
        "left_out": "",
    }  # fmt: skip
    assert rows[6]["left_out"] == "Too dark"
    assert "formula" in notices[0]


def test_no_cell_is_run_as_a_formula(make_pictures):
    _archive, rows, _ = _table(make_pictures(left_out=True))
    for cell in (cell for row in rows for cell in row.values()):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert rows[4]["label"] == "'=SUM(A1)"
    assert rows[4]["group"] == "'@group"
    assert rows[7]["left_out"] == "'+Too bright"
    assert rows[5]["original_name"] == "\n-.png"


def test_the_same_version_gives_the_same_bytes(make_pictures):
    first, second = io.BytesIO(), io.BytesIO()
    for buffer in (first, second):
        write_table(make_pictures(), buffer)
    assert first.getvalue() == second.getvalue()


def test_progress_counts_every_picture(make_pictures):
    seen = []
    _folders(make_pictures(progress=lambda done, total: seen.append((done, total))))
    assert seen == [(done, 6) for done in range(1, 7)]


def test_an_export_can_be_stopped(make_pictures):
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    with pytest.raises(CancelledError):
        _folders(make_pictures(cancelled=cancelled))
    assert len(asked) == 4


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_picture_gone_from_the_workspace_is_told_by_its_name(make_pictures, store, manifest, damage):
    sha256 = manifest.column("sha256")[2]
    lose_picture(store, sha256) if damage == "missing" else damage_picture(store, sha256, b"")
    with pytest.raises(StorageError, match=r"bees/CON\.png"):
        _folders(make_pictures())
