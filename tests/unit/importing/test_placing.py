from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.errors import PictureError
from clf_core.importing.entries import SourceFile
from clf_core.importing.layout import Layout
from clf_core.importing.placing import place_files
from clf_core.values import Split

Files = dict[str, str]


def source_files(files: Files) -> list[SourceFile]:
    def reader(text: str) -> Callable[[], bytes]:
        return lambda: text.encode()

    return [SourceFile(name, len(text), reader(text)) for name, text in files.items()]


def place(files: Files, label: str = "") -> Layout:
    return place_files(source_files(files), max_depth=32, label=label)


def placed(files: Files, label: str = "") -> dict[str, tuple[str, Split | None, str]]:
    names = list(files)
    return {names[entry.index]: (entry.label, entry.split, entry.group) for entry in place(files, label).placed}


def skipped(files: Files) -> dict[str, str]:
    return {file.name: file.reason for file in place(files).skipped}


def pictures(*names: str) -> Files:
    return dict.fromkeys(names, "")


def test_folders_without_a_table() -> None:
    assert placed(pictures("a/1.jpg", "b/2.jpg")) == {"a/1.jpg": ("a", None, ""), "b/2.jpg": ("b", None, "")}


@pytest.mark.parametrize("cell", ["images/1.jpg", "1.jpg", "1", "./images/1.jpg", "images\\1.jpg", "elsewhere/1.jpg"])
def test_a_table_beside_a_folder(cell: str) -> None:
    files = {**pictures("set/images/1.jpg", "set/images/2.jpg"), "set/labels.csv": f"file,label\n{cell},ant\n2.jpg,bee"}
    assert placed(files) == {"set/images/1.jpg": ("ant", None, ""), "set/images/2.jpg": ("bee", None, "")}
    assert skipped(files) == {}
    assert place(files).tables == ("set/labels.csv",)
    assert any("classes were taken from the table 'set/labels.csv'" in notice for notice in place(files).notices)


def test_the_table_wins_over_folders_and_gives_splits_and_groups() -> None:
    table = "file;label;split;patient\n1.jpg;ant;Train;p1\n2.jpg;bee;validation;p2\n3.jpg;bee;test;p1"
    files = {**pictures("x/1.jpg", "x/2.jpg", "y/3.jpg"), "labels.csv": table}
    assert placed(files) == {
        "x/1.jpg": ("ant", "train", "p1"),
        "x/2.jpg": ("bee", "val", "p2"),
        "y/3.jpg": ("bee", "test", "p1"),
    }


def test_groups_from_the_table_and_classes_from_the_folders() -> None:
    files = {**pictures("ant/1.jpg", "bee/2.jpg"), "groups.csv": "file,patient\n1.jpg,p1\n2.jpg,p1"}
    assert placed(files) == {"ant/1.jpg": ("ant", None, "p1"), "bee/2.jpg": ("bee", None, "p1")}


def test_two_tables_add_up() -> None:
    tables = {"labels.csv": "file,label\n1.jpg,ant\n2.jpg,bee", "who.tsv": "file\tsubject\n1.jpg\tp1\n2.jpg\tp2"}
    assert placed({**pictures("i/1.jpg", "i/2.jpg"), **tables}) == {
        "i/1.jpg": ("ant", None, "p1"),
        "i/2.jpg": ("bee", None, "p2"),
    }


def test_a_table_with_a_column_per_class_in_each_split_folder() -> None:
    files = {
        **pictures("train/1.jpg", "train/2.jpg", "valid/1.jpg"),
        "train/_classes.csv": "filename, ant, bee\n1.jpg, 1, 0\n2.jpg, 0, 1\n",
        "valid/_classes.csv": "filename, ant, bee\n1.jpg, 0, 1\n",
    }
    assert placed(files) == {
        "train/1.jpg": ("ant", "train", ""),
        "train/2.jpg": ("bee", "train", ""),
        "valid/1.jpg": ("bee", "val", ""),
    }


def test_what_does_not_fit_is_told() -> None:
    table = (
        "file,label\n1.jpg,ant\n2.jpg,bee\n2.jpg,ant\n9.jpg,ant\n3.jpg,\nsame.jpg,ant\n4.jpg,bee\n4.jpg,bee\n5.jpg,bee"
    )
    names = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg", "a/same.jpg", "b/same.jpg"]
    files = {**pictures(*(f"i/{name}" for name in names)), "labels.csv": table}
    assert set(placed(files)) == {"i/1.jpg", "i/4.jpg", "i/5.jpg"}
    told = skipped(files)
    assert told["i/2.jpg"] == "The table of labels gives it more than one class: 'ant' and 'bee'"
    assert told["i/3.jpg"] == "The table 'labels.csv' gives it no class"
    assert told["i/6.jpg"] == "The table of labels has no row for it"
    assert told["9.jpg"] == "Row 5 of 'labels.csv' names a file that is not there"
    assert "several folders" in told["same.jpg"]
    assert "labels.csv" not in told


def test_a_table_of_something_else_is_not_used() -> None:
    names = [f"ant/{n}.jpg" for n in range(30)] + [f"bee/{n}.jpg" for n in range(30, 60)]
    files = {
        **pictures(*names),
        "prices.csv": "what,price\n" + "\n".join(f"x{n},3 EUR" for n in range(40)) + "\n1.jpg,4 EUR",
    }
    layout = place(files)
    assert {entry.label for entry in layout.placed} == {"ant", "bee"}
    assert [file.name for file in layout.skipped] == ["prices.csv"]
    assert any("names only 1 of the files" in notice for notice in layout.notices)


def test_a_table_inside_a_class_folder_is_not_read() -> None:
    files = {**pictures("ant/1.jpg", "bee/2.jpg"), "ant/notes.csv": "file,label\n1.jpg,wasp"}
    assert placed(files)["ant/1.jpg"][0] == "ant"
    assert skipped(files) == {"ant/notes.csv": "A .csv file, not a picture"}


def test_a_table_that_cannot_be_read() -> None:
    def fail() -> bytes:
        raise PictureError("Damaged inside the archive")

    layout = place_files([*source_files(pictures("a/1.jpg", "b/2.jpg")), SourceFile("l.csv", 9, fail)], max_depth=32)
    assert len(layout.placed) == 2
    assert any("Damaged inside the archive" in notice for notice in layout.notices)


def test_splits_nobody_knows_are_told() -> None:
    files = {**pictures("i/1.jpg", "i/2.jpg"), "l.csv": "file,label,split\n1.jpg,a,train\n2.jpg,b,fold3"}
    assert placed(files)["i/2.jpg"] == ("b", None, "")
    assert any("'fold3'" in notice for notice in place(files).notices)


def test_rows_that_were_left_out_when_exported() -> None:
    files = {**pictures("i/1.jpg", "i/2.jpg"), "l.csv": "file,label,left_out\n1.jpg,a,\n2.jpg,b,A copy"}
    assert list(placed(files)) == ["i/1.jpg"]
    assert skipped(files) == {"i/2.jpg": "Left out by the table: A copy"}


def test_thousands_of_rows_without_a_file_are_counted() -> None:
    rows = "".join(f"gone{n}.jpg,a\n" for n in range(1_500))
    layout = place({**pictures("i/1.jpg"), "l.csv": f"file,label\n1.jpg,a\n{rows}"})
    assert len(layout.skipped) == 1_000
    assert any(notice.startswith("500 more rows") for notice in layout.notices)


class TestGivenLabel:
    def test_for_pictures_without_a_class_folder(self) -> None:
        assert placed(pictures("1.jpg", "2.jpg"), "ant") == {"1.jpg": ("ant", None, ""), "2.jpg": ("ant", None, "")}
        assert placed(pictures("1.jpg", "bee/2.jpg"), "ant")["bee/2.jpg"][0] == "bee"
        assert placed(pictures("1.jpg"), "") == {}

    def test_in_split_folders(self) -> None:
        assert placed(pictures("train/1.jpg", "test/2.jpg"), "ant") == {
            "train/1.jpg": ("ant", "train", ""),
            "test/2.jpg": ("ant", "test", ""),
        }

    def test_for_files_without_a_row(self) -> None:
        files = {**pictures("i/1.jpg", "i/2.jpg"), "l.csv": "file,label\n1.jpg,a"}
        assert placed(files, "other") == {"i/1.jpg": ("a", None, ""), "i/2.jpg": ("other", None, "")}


class TestVideos:
    @staticmethod
    def frames(video: str, count: int = 2) -> list[SourceFile]:
        return [SourceFile(f"{video}/frame {n}.jpg", 0, bytes, video=video) for n in range(count)]

    def test_the_video_is_no_class_and_its_frames_belong_together(self) -> None:
        layout = place_files([*self.frames("ant/a.mp4"), *self.frames("bee/b.mp4")], max_depth=32)
        assert [(entry.label, entry.group) for entry in layout.placed] == [
            *[("ant", "ant/a.mp4")] * 2,
            *[("bee", "bee/b.mp4")] * 2,
        ]
        assert any("'ant', 'bee' come from a single video" in notice for notice in layout.notices)

    def test_a_loose_video_needs_a_class(self) -> None:
        layout = place_files(self.frames("a.mp4"), max_depth=32)
        assert [file.name for file in layout.skipped] == ["a.mp4/frame 0.jpg", "a.mp4/frame 1.jpg"]
        assert [entry.label for entry in place_files(self.frames("a.mp4"), max_depth=32, label="ant").placed] == [
            "ant"
        ] * 2

    def test_a_table_may_name_the_video(self) -> None:
        table = source_files({"l.csv": "file,label\na.mp4,ant\nb.mp4,bee"})
        layout = place_files([*self.frames("v/a.mp4"), *self.frames("v/b.mp4"), *table], max_depth=32)
        assert [entry.label for entry in layout.placed] == ["ant", "ant", "bee", "bee"]


def test_what_the_source_itself_knows() -> None:
    file = SourceFile("train/1.jpg", 0, bytes, label="a/b ../c", split="test", group="p1")
    (entry,) = place_files([file], max_depth=32).placed
    assert (entry.label, entry.split, entry.group) == ("a/b ../c", "test", "p1")


NAMES = st.lists(
    st.text(st.sampled_from("ab/.1 \\é\0"), max_size=8).map(lambda text: f"{text}.jpg"), unique=True, max_size=8
)


@given(NAMES, st.text(st.sampled_from('ab/.1,;"\n é\0'), max_size=60), st.sampled_from(["", "x"]))
def test_every_file_has_exactly_one_fate(names: list[str], table: str, label: str) -> None:
    files = {**pictures(*names), "labels.csv": f"file,label\n{table}"}
    layout = place(files, label)
    rows = sum(file.reason.startswith("Row ") for file in layout.skipped)
    fates = len(layout.placed) + len(layout.skipped) - rows + layout.ignored_count + len(layout.tables)
    assert fates == len(files)
    assert all(entry.label for entry in layout.placed)
