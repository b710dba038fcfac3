import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clf_core.errors import StorageError
from clf_core.evaluation import tested
from tests.planted_runs import rows_of_answers, write_earlier

CLASSES = ["ant", "bee", "=cmd|' /C calc'!A0\n\u202e"]


@pytest.fixture
def rows():
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.05, 0.95, 0.0], [0.3, 0.3, 0.4], [0.1, 0.9, 0.0]], dtype=np.float32
    )
    names = ["e.jpg", "d.jpg", "../c.jpg", "b.jpg", "a.jpg"]
    digests = [f"{number:064x}" for number in range(5)]
    return rows_of_answers(digests, names, CLASSES, np.array([0, 0, 0, 2, 0]), probabilities)


def test_a_row_says_what_it_is_what_was_said_and_how_sure(rows):
    row = rows[1]
    assert (row.source_name, row.true, row.predicted) == ("d.jpg", "ant", "bee")
    assert row.probability == pytest.approx(0.7)
    assert row.probability_true == pytest.approx(0.2)


def test_a_cell_holds_its_pictures_most_confident_first(rows):
    assert [row.source_name for row in tested.cell(rows, "ant", "bee")] == ["../c.jpg", "a.jpg", "d.jpg"]
    assert [row.source_name for row in tested.cell(rows, "ant", "ant")] == ["e.jpg"]
    assert tested.cell(rows, "bee", "ant") == ()
    assert tested.cell(rows, "no such class", "ant") == ()


def test_the_cells_together_hold_every_picture_once(rows):
    cells = [row for true in CLASSES for said in CLASSES for row in tested.cell(rows, true, said)]
    assert sorted(cells, key=lambda row: row.sha256) == list(rows)


def test_confident_mistakes(rows):
    assert [row.source_name for row in tested.confident_mistakes(rows, 2)] == ["../c.jpg", "a.jpg"]
    assert len(tested.confident_mistakes(rows, 99)) == 3
    assert tested.confident_mistakes(rows, 0) == ()


def test_equal_confidence_is_ordered_by_name():
    probabilities = np.array([[0.2, 0.8]] * 3, dtype=np.float32)
    rows = rows_of_answers(["1", "2", "3"], ["c", "a", "b"], ["x", "y"], np.zeros(3, dtype=int), probabilities)
    assert [row.source_name for row in tested.confident_mistakes(rows, 3)] == ["a", "b", "c"]


def test_what_an_earlier_version_left_is_read(tmp_path, rows):
    write_earlier(tmp_path, rows)
    assert tested.read_tested(tmp_path / "tested.parquet") == rows
    write_earlier(tmp_path, ())
    assert tested.read_tested(tmp_path / "tested.parquet") == ()


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "empty cell"])
def test_a_damaged_file_is_explained(tmp_path, rows, damage):
    path = tmp_path / "tested.parquet"
    write_earlier(tmp_path, rows)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "other":
        pq.write_table(pa.table({"sha256": ["a"]}), path)
    else:
        write_earlier(tmp_path, [rows[0].model_copy(update={"true": None})])
    with pytest.raises(StorageError, match="cannot be read"):
        tested.read_tested(path)


def test_no_answers_are_no_rows():
    assert rows_of_answers((), (), ["x"], np.zeros(0, dtype=int), np.zeros((0, 1))) == ()
