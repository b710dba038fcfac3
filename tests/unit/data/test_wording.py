import pytest

from clf_core.data.wording import clean_text, csv_cell, in_short, pictures
from clf_core.errors import ConfigError


def test_a_name_is_kept_literally_but_for_form_and_spaces():
    assert clean_text("  cafe\u0301 <b>&*? ", "label") == "café <b>&*?"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least one"),
        (" \n ", "at least one"),
        ("a\nb", "control characters"),
        ("a\u202eb", "control characters"),
        ("\udc80", "control characters"),
        ("x" * 501, "500 are allowed"),
    ],
)
def test_what_cannot_be_a_name_is_told(text, why):
    with pytest.raises(ConfigError, match=why) as caught:
        clean_text(text, "label", "class name")
    assert caught.value.field == "label"
    assert "class name" in caught.value.what


def test_a_long_name_fits_into_a_sentence():
    assert in_short("x" * 60) == "x" * 60
    assert in_short("x" * 61) == "x" * 59 + "…"
    assert (pictures(1), pictures(1234)) == ("1 picture", "1,234 pictures")


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_a_formula_becomes_text(start):
    assert csv_cell(f"{start}1+1") == f"'{start}1+1"
    assert csv_cell(f"1{start}1") == f"1{start}1"
    assert csv_cell("") == ""
