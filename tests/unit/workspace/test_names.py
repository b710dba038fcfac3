import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.errors import ConfigError
from clf_core.workspace.names import MAX_NAME_LENGTH, clean_name, is_id, name_key, new_id, numbered


@pytest.mark.parametrize(
    "name",
    [
        "Pets",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "a/b\\c",
        "x" * 300,
        "\N{HONEYBEE}\u200d\N{ANT}",
        "CON",
        "'; --",
    ],
)
def test_any_visible_text_is_a_name_and_kept_literally(name):
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "at least one character"),
        (" \u00a0 ", "at least one character"),
        ("a\nb", "control characters"),
        ("a\x00b", "control characters"),
        ("\ud800", "control characters"),
        ("safe\u202egpj.exe", "control characters"),
        ("x" * (MAX_NAME_LENGTH + 1), "501 characters"),
        ("Starter", "means something else"),
        ("r-01a20d12f4cc53296345", "means something else"),
        ("D-01A20D12F4CC2AF5C394", "means something else"),
    ],
)
def test_names_nobody_could_read_or_refer_to_are_refused_with_the_reason(name, reason):
    with pytest.raises(ConfigError) as caught:
        clean_name(name)
    assert reason in str(caught.value)
    assert caught.value.field == "name"


def test_composed_and_decomposed_letters_are_the_same_name():
    decomposed = unicodedata.normalize("NFD", "Käfer")
    assert clean_name(f"  {decomposed} ") == "Käfer"
    assert name_key(decomposed.upper()) == name_key("käfer")


def test_identifiers_sort_by_time_and_are_told_from_names():
    earlier, later = new_id("d"), new_id("d")
    assert is_id(earlier)
    assert earlier[:14] <= later[:14]
    assert not any(is_id(text) for text in ("d-", "../d-" + "0" * 20, earlier + "/", earlier.upper(), earlier + "\n"))


@given(st.text(max_size=30), st.integers(1, 10**6))
def test_a_numbered_name_is_never_too_long(stem, number):
    assert len(numbered(stem * 40, number)) <= MAX_NAME_LENGTH
    assert numbered(stem, number).endswith(str(number))
