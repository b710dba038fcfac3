"""Values in a directory: there, missing, damaged."""

import pytest

from clf_core.errors import StorageError
from clf_core.values import Value
from clf_core.workspace.value_files import ValueFiles


class _Pair(Value):
    name: str
    number: int


def test_what_is_written_is_read(tmp_path):
    files, pair = ValueFiles(tmp_path, "a run"), _Pair(name="\u00fc<b>", number=3)
    files.write("pair.json", pair)
    assert files.read("pair.json", _Pair) == files.find("pair.json", _Pair) == pair


def test_a_missing_file_is_none_or_an_error_that_names_it(tmp_path):
    files = ValueFiles(tmp_path, "a search")
    assert files.find("pair.json", _Pair) is None
    with pytest.raises(StorageError, match="A search cannot be read") as caught:
        files.read("pair.json", _Pair)
    assert "pair.json is missing" in caught.value.why
    assert caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b'{"name": "a"}', b'{"name": "a", "number": 1, "more": 2}', b"\xff"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "pair.json").write_bytes(content)
    for read in (ValueFiles(tmp_path, "a run").find, ValueFiles(tmp_path, "a run").read):
        with pytest.raises(StorageError, match="A run cannot be read") as caught:
            read("pair.json", _Pair)
        assert "pair.json" in caught.value.why
