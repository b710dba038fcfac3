import errno
import io
import zipfile

import pytest

from clf_core.errors import CancelledError, StorageError
from clf_core.export.datasets import write_dataset

KINDS = ["folders", "csv", "parquet"]


class Pipe(io.RawIOBase):
    """Takes bytes in order and cannot seek, as a socket."""

    def __init__(self) -> None:
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.taken += data
        return len(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_and_a_pipe_get_a_sound_archive(summary, make_pictures, tmp_path, kind):
    path, pipe = tmp_path / "out.zip", Pipe()
    report = write_dataset(summary, make_pictures(), kind, path)
    assert (report.dataset, report.version, report.kind, report.pictures) == ("Pets", 3, kind, 6)
    assert report.bytes == path.stat().st_size
    piped = write_dataset(summary, make_pictures(), kind, pipe)
    assert piped.bytes == len(pipe.taken)
    for source in (path, io.BytesIO(pipe.taken)):
        assert zipfile.ZipFile(source).testzip() is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stopped_leaves_no_file_and_keeps_the_old_one(summary, make_pictures, tmp_path, kind):
    path = tmp_path / "out.zip"
    path.write_bytes(b"before")
    asked = iter([False, False, True, True])
    with pytest.raises(CancelledError):
        write_dataset(summary, make_pictures(cancelled=lambda: next(asked)), kind, path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.glob(".writing*")) == []


def test_a_full_disk_is_told_in_words(summary, make_pictures, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("clf_core.files.os.fsync", refuse)
    with pytest.raises(StorageError, match="disk is full"):
        write_dataset(summary, make_pictures(), "folders", tmp_path / "out.zip")
    assert list(tmp_path.glob("*.zip")) == []
    assert list(tmp_path.glob(".writing*")) == []


def test_a_folder_that_is_not_there_is_told_in_words(summary, make_pictures, tmp_path):
    with pytest.raises(StorageError):
        write_dataset(summary, make_pictures(), "csv", tmp_path / "nowhere" / "out.zip")
