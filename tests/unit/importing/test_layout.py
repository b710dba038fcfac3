"""From names to classes and splits."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.importing.layout import is_system_file, read_layout, reason_not_a_picture


def placed(*names: str) -> dict[str, tuple[str | None, str]]:
    return {names[entry.index]: (entry.split, entry.label) for entry in read_layout(names).placed}


def reasons(*names: str) -> dict[str, str]:
    return {file.name: file.reason for file in read_layout(names).skipped}


class TestLayouts:
    def test_class_folders(self) -> None:
        assert placed("ants/1.jpg", "bees/1.jpg") == {"ants/1.jpg": (None, "ants"), "bees/1.jpg": (None, "bees")}

    def test_split_folders(self) -> None:
        assert placed("train/ants/1.jpg", "VAL/bees/1.jpg", "Test/ants/2.jpg") == {
            "train/ants/1.jpg": ("train", "ants"),
            "VAL/bees/1.jpg": ("val", "bees"),
            "Test/ants/2.jpg": ("test", "ants"),
        }

    @pytest.mark.parametrize("name", ["val", "valid", "Validation", "dev"])
    def test_names_of_the_validation_split(self, name: str) -> None:
        assert placed("train/a/1.jpg", f"{name}/b/1.jpg")[f"{name}/b/1.jpg"] == ("val", "b")

    @pytest.mark.parametrize("wrapper", ["w/", "a b/c/", "./w/", "train set/"])
    def test_wrapper_folders_are_stripped(self, wrapper: str) -> None:
        names = ["train/ants/1.jpg", "train/bees/1.jpg", "val/ants/2.jpg"]
        found = placed(*(wrapper + name for name in names))
        assert list(found.values()) == [("train", "ants"), ("train", "bees"), ("val", "ants")]
        assert list(placed(wrapper + "ants/1.jpg", wrapper + "bees/1.jpg").values()) == [(None, "ants"), (None, "bees")]

    def test_a_wrapper_inside_the_splits(self) -> None:
        found = placed("train/images/ants/1.jpg", "test/images/bees/1.jpg")
        assert list(found.values()) == [("train", "ants"), ("test", "bees")]

    def test_a_picture_beside_the_wrapper_changes_nothing(self) -> None:
        names = ("cover.jpg", "w/cover.jpg", "w/ants/1.jpg", "w/bees/1.jpg")
        assert list(placed(*names).values()) == [(None, "ants"), (None, "bees")]
        assert reasons(*names) == {"cover.jpg": "Not inside a class folder", "w/cover.jpg": "Not inside a class folder"}

    def test_deeper_folders_belong_to_their_class(self) -> None:
        assert set(placed("ants/red/1.jpg", "ants/2.jpg", "bees/1.jpg").values()) == {(None, "ants"), (None, "bees")}

    def test_splits_inside_the_classes(self) -> None:
        found = placed("ants/train/1.jpg", "ants/test/2.jpg", "bees/train/1.jpg")
        assert list(found.values()) == [("train", "ants"), ("test", "ants"), ("train", "bees")]

    def test_one_class_stays_one_class(self) -> None:
        assert list(placed("ants/1.jpg", "ants/2.jpg").values()) == [(None, "ants"), (None, "ants")]
        assert list(placed("ants/train/1.jpg", "ants/val/2.jpg").values()) == [("train", "ants"), ("val", "ants")]

    def test_train_may_be_a_vehicle(self) -> None:
        assert placed("train/1.jpg", "car/1.jpg", "bus/1.jpg")["train/1.jpg"] == (None, "train")

    def test_pictures_outside_the_splits(self) -> None:
        names = ("train/a/1.jpg", "test/b/1.jpg", "extra/a/2.jpg", "test/3.jpg")
        assert len(placed(*names)) == 2
        assert reasons(*names) == {
            "extra/a/2.jpg": "Outside the train, val and test folders",
            "test/3.jpg": "Not inside a class folder",
        }

    def test_nothing_at_all(self) -> None:
        layout = read_layout([])
        assert (layout.placed, layout.skipped, layout.ignored_count) == ((), (), 0)


class TestSystemFiles:
    @pytest.mark.parametrize(
        "name",
        [
            "__MACOSX/ants/._1.jpg",
            "ants/.DS_Store",
            "ants/._1.jpg",
            ".git/config",
            "a/Thumbs.db",
            "a/desktop.ini",
            "Icon\r",
        ],
    )
    def test_are_counted_and_never_a_class(self, name: str) -> None:
        layout = read_layout(["ants/1.jpg", name, "bees/1.jpg"])
        assert layout.ignored_count == 1
        assert {entry.label for entry in layout.placed} == {"ants", "bees"}
        assert is_system_file(name)

    def test_they_do_not_hide_a_wrapper(self) -> None:
        found = placed("__MACOSX/w/ants/._1.jpg", "w/ants/1.jpg", "w/bees/1.jpg")
        assert list(found.values()) == [(None, "ants"), (None, "bees")]


class TestOddNames:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("../../etc/passwd.jpg", "outside"),
            ("ants/../../1.jpg", "outside"),
            ("/etc/1.jpg", "absolute"),
            ("//server/share/1.jpg", "absolute"),
            ("C:/Users/1.jpg", "absolute"),
            ("/".join(["d"] * 40) + "/1.jpg", "32 folders deep"),
            ("ants/labels.csv", ".csv file"),
            ("ants/more.ZIP", "archive"),
            ("ants/film.mp4", ".mp4 file"),
            ("", "outside"),
            ("ants/", "Not inside"),
        ],
    )
    def test_are_skipped_with_a_reason(self, name: str, words: str) -> None:
        found = reasons("ants/1.jpg", name, "bees/1.jpg")
        assert list(found) == [name]
        assert words in found[name]

    def test_labels_are_literal_text(self) -> None:
        odd = ["<script>alert(1)</script>", "![x](http:", "CON", "a" * 300, "né", "🐜", "a\nb", "=1+1"]
        found = placed(*(f"{label.replace('/', '_')}/1.jpg" for label in odd))
        assert {label for _, label in found.values()} == {label.replace("/", "_") for label in odd}

    def test_unicode_spellings_are_merged_and_announced(self) -> None:
        nfc, nfd = "caf\u00e9", "cafe\u0301"
        layout = read_layout([f"{nfc}/1.jpg", f"{nfd}/2.jpg", "tea/1.jpg"])
        assert [entry.label for entry in layout.placed] == [nfc, nfc, "tea"]
        assert len(layout.notices) == 1
        assert "one class" in layout.notices[0]

    def test_capitals_are_kept_apart_and_announced(self) -> None:
        layout = read_layout(["Ants/1.jpg", "ants/2.jpg"])
        assert {entry.label for entry in layout.placed} == {"Ants", "ants"}
        assert "'Ants' and 'ants'" in layout.notices[0]

    @pytest.mark.parametrize("name", ["1.jpg", "photo", "scan.001", "x.JPEG", "y.jxl", ".jpg"])
    def test_only_the_content_tells_the_rest(self, name: str) -> None:
        assert reason_not_a_picture(name) == ""


PARTS = st.sampled_from(
    [
        "train",
        "Val",
        "test",
        "ants",
        "bees",
        "w",
        "..",
        ".",
        "",
        ".git",
        "__MACOSX",
        "C:",
        "cafe\u0301",
        "caf\u00e9",
        "<b>",
    ]
)
NAMES = st.builds(
    lambda folders, name: "/".join([*folders, name]),
    st.lists(PARTS, max_size=5),
    st.sampled_from(["1.jpg", "2.png", "x", "notes.txt", "Thumbs.db", "._1.jpg", ""]),
)


@given(st.lists(st.one_of(NAMES, st.text(max_size=20)), max_size=25))
@settings(max_examples=200)
def test_every_name_ends_in_exactly_one_place(names: list[str]) -> None:
    layout = read_layout(names)
    assert len(layout.placed) + len(layout.skipped) + layout.ignored_count == len(names)
    indices = [entry.index for entry in layout.placed]
    assert indices == sorted(set(indices))
    for entry in layout.placed:
        assert entry.label == unicodedata.normalize("NFC", entry.label)
        assert entry.label not in ("", ".", "..", "__MACOSX", ".git")
    assert all(file.reason for file in layout.skipped)


SAFE = st.builds(
    lambda folders, number: "/".join([*folders, f"{number}.jpg"]),
    st.lists(st.sampled_from(["ants", "bees", "train", "val", "test", "red"]), min_size=2, max_size=3),
    st.integers(0, 9),
)


@given(st.lists(SAFE, min_size=1, max_size=12, unique=True), st.permutations(range(12)))
@settings(max_examples=150)
def test_neither_a_wrapper_nor_the_order_matters(names: list[str], order: list[int]) -> None:
    plain = placed(*names)
    shuffled = [names[place] for place in order if place < len(names)]
    assert placed(*shuffled) == plain
    if len({name.split("/")[0] for name in names}) > 1:  # else the sole top folder is a wrapper already
        assert list(placed(*(f"wrapper/{name}" for name in names)).values()) == list(plain.values())
