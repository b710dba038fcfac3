import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clf_core import files
from clf_core.errors import StorageError


def test_json_is_readable_and_complete(tmp_path):
    target = tmp_path / "new" / "value.json"
    files.write_json(target, {"name": "Bäume"})
    assert json.loads(target.read_text("utf-8")) == {"name": "Bäume"}
    assert "Bäume" in target.read_text("utf-8")


def test_a_second_write_replaces_the_first(tmp_path):
    target = tmp_path / "a.txt"
    files.write_text(target, "one")
    files.write_text(target, "two")
    assert target.read_text() == "two"
    assert os.listdir(tmp_path) == ["a.txt"]  # noqa: PTH208 - hidden leftovers must show


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_may_read_what_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "a.txt", "one")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        files.write_text(tmp_path / "file" / "a.txt", "one")


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "may not write")])
def test_a_refusal_leaves_the_old_file_and_no_stub(tmp_path, monkeypatch, code, words):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")

    def refuse(_descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(StorageError, match=words):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in Path(tmp_path).iterdir()] == ["a.txt"]


def test_only_what_the_dead_left_unfinished_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".writing-{ended.pid}-0123abcd"
    under_way = tmp_path / "below" / f".writing-{os.getpid()}-0123abcd"
    under_way.parent.mkdir()
    for path in (left, under_way):
        path.write_bytes(b"half")
    files.remove_unfinished(tmp_path)
    assert (left.exists(), under_way.exists()) == (False, True)


def test_a_file_under_way_is_not_taken_for_a_dead_one_s(tmp_path):
    path = tmp_path / "out"
    with files.replacing(path) as handle:
        handle.write(b"whole")
        files.remove_unfinished(tmp_path)
    assert path.read_bytes() == b"whole"
