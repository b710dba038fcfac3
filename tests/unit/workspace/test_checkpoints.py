import pytest

from clf_core import files
from clf_core.errors import StorageError
from clf_core.workspace.checkpoints import Checkpoints


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def test_there_is_nothing_to_go_on_from_at_first(checkpoints):
    assert not checkpoints
    assert list(checkpoints) == []
    assert checkpoints.size() == 0


def test_the_latest_two_are_kept_the_latest_first(checkpoints):
    for data in (b"one", b"two", b"three"):
        checkpoints.write(data)
    assert list(checkpoints) == [b"three", b"two"]
    assert checkpoints.size() == 8
    checkpoints.keep_latest()
    assert list(checkpoints) == [b"three"]
    checkpoints.drop()
    assert not checkpoints


@pytest.mark.parametrize("call", range(3))
def test_at_every_moment_of_writing_a_whole_one_is_there(checkpoints, monkeypatch, call):
    """The latest may be damaged, so that only the earlier counts: it must not be given up before the next is whole."""
    from pathlib import Path

    checkpoints.write(b"sound")
    checkpoints.write(b"damaged")
    calls, replace = 0, Path.replace

    def die(self, target):
        nonlocal calls
        calls += 1
        if calls == call + 1:
            raise SystemExit
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(SystemExit):
        checkpoints.write(b"new")
    monkeypatch.undo()
    assert {b"sound", b"new"} & set(checkpoints)
    checkpoints.write(b"newer")
    assert next(iter(checkpoints)) == b"newer"


def test_a_disk_that_refuses_leaves_those_before(checkpoints, monkeypatch):
    checkpoints.write(b"one")
    checkpoints.write(b"two")

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(StorageError, match="disk is full"):
        checkpoints.write(b"three")
    assert list(checkpoints) == [b"two", b"one"]


def test_a_run_may_begin_from_those_of_another_and_changes_none_of_them(checkpoints, tmp_path):
    checkpoints.write(b"one")
    checkpoints.write(b"two")
    (tmp_path / "new").mkdir()
    other = Checkpoints(tmp_path / "new" / "checkpoints")
    other.begin_from(checkpoints)
    other.write(b"three")
    assert list(other) == [b"three", b"two"]
    assert list(checkpoints) == [b"two", b"one"]
