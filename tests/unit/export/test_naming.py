import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.export.naming import FreeNames, picture_ending, safe_name
from clf_core.importing.layout import is_system_file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bees", "bees"),
        ("ünï — 蜂", "ünï — 蜂"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a/b\\c:d", "a_b_c_d"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1", "_Com1"),
        ("LPT¹ .x", "_LPT¹ .x"),
        ("console", "console"),
        ("ends. . ", "ends"),
        ("   ", "_"),
        ("", "_"),
        ("...", "_"),
        (".hidden", "_.hidden"),
        ("__MACOSX", "___MACOSX"),
        ("line\nbreak\x00", "line_break_"),
        ("left\u202eright", "left_right"),
        ("e\u0301", "é"),
    ],
)
def test_a_name_is_safe_and_resembles_the_text(text, expected):
    if text == "../../etc/passwd":  # a name that begins with a dot would be taken for a hidden file
        expected = "_" + expected
    assert safe_name(text) == expected


@given(st.text(max_size=400), st.sampled_from(["", ".jpg"]))
def test_no_text_makes_a_name_some_system_refuses(text, ending):
    name = safe_name(text, ending)
    assert name.endswith(ending)
    assert 0 < len(name.encode("utf-8")) <= 255
    assert not set(name) & set('<>:"/\\|?*')
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in name)
    assert name not in (".", "..")
    assert name[-1] not in ". "
    assert name == unicodedata.normalize("NFC", name)
    stem = name.partition(".")[0].strip().lower()
    assert stem not in ("con", "prn", "aux", "nul", "com1", "lpt9")
    assert not is_system_file(name)


@given(st.lists(st.text(max_size=300), max_size=40))
def test_names_of_one_folder_stay_apart_where_case_does_not_count(texts):
    free = FreeNames()
    names = [free.take(text, ".png") for text in texts]
    folded = {unicodedata.normalize("NFD", name).casefold() for name in names}
    assert len(folded) == len(names)
    assert all(len(name.encode()) <= 255 for name in names)


def test_equal_names_are_numbered():
    free = FreeNames()
    assert [free.take(name, ".png") for name in ("a", "A", "a", "b")] == ["a.png", "A (2).png", "a (3).png", "b.png"]


@pytest.mark.parametrize(
    ("name", "kind", "ending"),
    [("a.JPEG", "JPEG", ".jpeg"), ("a.png", "JPEG", ".jpg"), ("a", "PNG", ".png"), ("a.exe", "HEIF", ".heic")],
)
def test_the_ending_tells_what_the_file_is(name, kind, ending):
    assert picture_ending(name, kind) == ending
