import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.importing.labels import Columns, TableError, find_columns, one_hot_label, parse_table

PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n'"), min_size=1, max_size=12).map(
    lambda text: f"x{text}x"
)


def columns(text: str, files: set[str]) -> Columns | None:
    return find_columns(parse_table(text.encode()), lambda cell: cell in files)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write(encoding: str, delimiter: str, newline: str) -> None:
    lines = [["file", "label"], ["1.jpg", "Käfer"], ["2.jpg", f"a{delimiter} b"]]
    text = newline.join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert parse_table(text.encode(encoding)) == lines


def test_the_first_line_that_excel_writes_for_itself_and_blank_lines() -> None:
    assert parse_table(b"sep=;\r\nfile;label\r\n\r\n1.jpg;a\r\n;;\r\n") == [["file", "label"], ["1.jpg", "a"]]


def test_bytes_that_are_no_known_text_become_some_text() -> None:
    assert parse_table(b"file,label\n1.jpg,\x81\x8d\xff") == [["file", "label"], ["1.jpg", "\x81\x8d\xff"]]


def test_an_apostrophe_that_disarms_a_formula_is_taken_off_again() -> None:
    assert parse_table(b"file,label\n1.jpg,'=cmd\n2.jpg,'t Hooft") == [
        ["file", "label"],
        ["1.jpg", "=cmd"],
        ["2.jpg", "'t Hooft"],
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0\0\0", "empty"),
        (b"one column\n1\n2", "fewer than two"),
        (b'file,label\n"1.jpg,' + b"x" * 200_000, "quotes"),
        (b"a" + b"," * 3_000, "too many cells"),
        (b"a,b\n" + b"x" * (33 * 2**20), "larger than 32 MB"),
    ],
)
def test_no_table(data: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        parse_table(data)


def test_a_flood_of_cells_ends_soon() -> None:
    with pytest.raises(TableError, match="too many cells"):
        parse_table((b"," * 1999 + b"x\n") * 8_000)


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"file,label\n{text}".encode()))
def test_any_bytes_are_rows_or_refused(data: bytes) -> None:
    try:
        rows = parse_table(data)
    except TableError:
        return
    assert len(rows[0]) >= 2
    find_columns(rows, lambda cell: cell.endswith("g"))  # raises nothing


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=6))
def test_what_python_writes_is_read_again(pairs: list[tuple[str, str]]) -> None:
    target = io.StringIO()
    csv.writer(target, quoting=csv.QUOTE_ALL).writerows([("file", "label"), *pairs])
    assert parse_table(target.getvalue().encode())[1:] == [[first.strip(), second.strip()] for first, second in pairs]


class TestColumns:
    def test_by_name_and_content(self) -> None:
        found = columns("id,Image Path,Class_Name,split,Patient ID\n7,a.jpg,x,train,p1\n", {"a.jpg"})
        assert found == Columns(file=1, label=2, split=3, group=4, left_out=-1, one_hot=(), named=True)

    def test_the_only_other_column_holds_the_classes(self) -> None:
        found = columns("what,kind\na.jpg,x\nb.jpg,x\n", {"a.jpg", "b.jpg"})
        assert found is not None
        assert (found.file, found.label) == (0, 1)

    def test_captions_are_no_classes(self) -> None:
        rows = "".join(f"{n}.jpg,caption {n}\n" for n in range(9))
        assert columns(f"file,text\n{rows}", {f"{n}.jpg" for n in range(9)}) is None

    def test_without_a_line_of_names(self) -> None:
        found = columns("a.jpg,x\nb.jpg,y\n", {"a.jpg", "b.jpg"})
        assert found is not None
        assert (found.named, found.file, found.label) == (False, 0, 1)

    def test_a_column_per_class(self) -> None:
        found = columns("filename, cat, dog, bird\na.jpg, 1, 0, 0\nb.jpg,0,0,1\n", {"a.jpg", "b.jpg"})
        assert found is not None
        assert found.one_hot == (1, 2, 3)
        assert one_hot_label(["a.jpg", "1", "0", "0"], (1, 2, 3), ["filename", "cat", "dog", "bird"]) == ("cat", "")
        assert one_hot_label(["a.jpg", "1", "1", "0"], (1, 2, 3), ["", "c", "d", "b"])[1] == "gives it several classes"
        assert one_hot_label(["a.jpg"], (1, 2, 3), ["", "c", "d", "b"])[1] == "gives it no class"

    def test_groups_alone_are_enough(self) -> None:
        rows = parse_table(b"file,patient,age\na.jpg,p1,3\n")
        found = find_columns(rows, lambda cell: cell == "a.jpg", classes_known=True)
        assert found is not None
        assert (found.label, found.group) == (-1, 1)

    def test_nothing_names_a_file(self) -> None:
        assert columns("file,label\na.jpg,x\n", {"b.jpg"}) is None
