"""Folders, single files and uploads."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import Source, SourceFile
from clf_core.importing.source import open_source, read_file, uploaded_source
from clf_core.results import SkippedFile

Encode = Callable[..., bytes]


def contents(source: Source) -> dict[str, bytes]:
    return {entry.name: entry.read() for entry in source.files() if isinstance(entry, SourceFile)}


def skipped(source: Source) -> dict[str, str]:
    return {entry.name: entry.reason for entry in source.files() if isinstance(entry, SkippedFile)}


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


class TestOpening:
    def test_a_folder(self, tmp_path: Path, limits: ImportLimits) -> None:
        files = {"b/2.jpg": b"2", "a/1.jpg": b"1", "a/c/3.jpg": b"3"}
        source = open_source(write(tmp_path / "pets", files), limits)
        assert source.title == "pets"
        assert contents(source) == files
        assert list(contents(source)) == ["a/1.jpg", "a/c/3.jpg", "b/2.jpg"]

    def test_a_zip(self, tmp_path: Path, zip_bytes: Encode, limits: ImportLimits) -> None:
        path = tmp_path / "pets.zip"
        path.write_bytes(zip_bytes([("a/1.jpg", b"1")]))
        with open_source(path, limits) as source:
            assert source.title == "pets"
            assert contents(source) == {"a/1.jpg": b"1"}

    def test_a_picture_whatever_its_name(self, tmp_path: Path, picture_bytes: Encode, limits: ImportLimits) -> None:
        path = tmp_path / "holiday.txt"
        path.write_bytes(picture_bytes())
        assert contents(open_source(path, limits)) == {"holiday.txt": path.read_bytes()}

    def test_a_link_the_person_named_is_followed(
        self, tmp_path: Path, picture_bytes: Encode, limits: ImportLimits
    ) -> None:
        (tmp_path / "real.png").write_bytes(picture_bytes())
        (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
        assert list(contents(open_source(tmp_path / "link.png", limits))) == ["link.png"]

    def test_nothing_there(self, tmp_path: Path, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="There is nothing at"):
            open_source(tmp_path / "missing", limits)

    def test_an_empty_folder(self, tmp_path: Path, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="is empty"):
            open_source(tmp_path, limits)

    @pytest.mark.parametrize(
        ("name", "data"), [("notes.txt", b"hello"), ("a.7z", b"7z\xbc\xaf\x27\x1c"), ("x.jpg", b"")]
    )
    def test_nothing_that_can_be_opened(self, tmp_path: Path, limits: ImportLimits, name: str, data: bytes) -> None:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match="neither an archive"):
            open_source(tmp_path / name, limits)

    def test_a_broken_zip(self, tmp_path: Path, limits: ImportLimits) -> None:
        (tmp_path / "a.zip").write_bytes(b"half a downl")
        with pytest.raises(SourceError, match="zip archive 'a' is broken"):
            open_source(tmp_path / "a.zip", limits)


class TestFolders:
    def test_links_are_named_not_followed(self, tmp_path: Path, limits: ImportLimits) -> None:
        secret = write(tmp_path / "secret", {"key": b"canary"})
        folder = write(tmp_path / "pets", {"a/1.jpg": b"1"})
        (folder / "a" / "file").symlink_to(secret / "key")
        (folder / "b").symlink_to(secret)
        source = open_source(folder, limits)
        assert contents(source) == {"a/1.jpg": b"1"}
        assert set(skipped(source)) == {"a/file", "b"}

    def test_a_link_put_in_place_later_is_not_followed(self, tmp_path: Path, limits: ImportLimits) -> None:
        secret = write(tmp_path / "secret", {"key": b"canary"})
        folder = write(tmp_path / "pets", {"1.jpg": b"1"})
        (entry,) = open_source(folder, limits).files()
        (folder / "1.jpg").unlink()
        (folder / "1.jpg").symlink_to(secret / "key")
        with pytest.raises(PictureError, match="could not be read"):
            entry.read()

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
    def test_pipes_are_not_read(self, tmp_path: Path, limits: ImportLimits) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert skipped(open_source(tmp_path, limits)) == {"pipe": "Not an ordinary file"}

    @pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
    def test_names_that_are_not_utf8(self, tmp_path: Path, limits: ImportLimits) -> None:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"1")
        (name,) = contents(open_source(tmp_path, limits))
        assert name.encode("utf-8").decode("utf-8") == name
        assert name.startswith("caf")

    def test_limits(self, tmp_path: Path) -> None:
        write(tmp_path, {"a": b"123", "b": b"12345"})
        assert "allowed for one file" in skipped(open_source(tmp_path, ImportLimits(max_file_bytes=4)))["b"]
        with pytest.raises(SourceError, match="more than 1 files"):
            list(open_source(tmp_path, ImportLimits(max_files=1)).files())
        with pytest.raises(SourceError, match="hold more than"):
            list(open_source(tmp_path, ImportLimits(max_total_bytes=7)).files())

    def test_a_file_that_vanishes_or_grows(self, tmp_path: Path) -> None:
        write(tmp_path, {"a": b"1", "b": b"2"})
        first, second = open_source(tmp_path, ImportLimits(max_file_bytes=4)).files()
        (tmp_path / "a").unlink()
        (tmp_path / "b").write_bytes(b"12345")
        with pytest.raises(PictureError, match="no such file"):
            first.read()
        with pytest.raises(PictureError, match="grew"):
            second.read()


class TestUploads:
    def test_files_keep_their_names(self, limits: ImportLimits) -> None:
        source = uploaded_source([("a/1.jpg", io.BytesIO(b"1")), ("a\\2.jpg", io.BytesIO(b"2"))], limits)
        assert contents(source) == {"a/1.jpg": b"1", "a/2.jpg": b"2"}

    def test_a_lone_zip_is_opened_and_left_open(self, zip_bytes: Encode, limits: ImportLimits) -> None:
        handle = io.BytesIO(zip_bytes([("a/1.jpg", b"1")]))
        with uploaded_source([("my pets.zip", handle)], limits) as source:
            assert source.title == "my pets"
            assert contents(source) == {"a/1.jpg": b"1"}
        assert not handle.closed

    def test_equal_names_are_both_kept(self, limits: ImportLimits) -> None:
        source = uploaded_source([("1.jpg", io.BytesIO(b"1")), ("1.jpg", io.BytesIO(b"2"))], limits)
        assert [entry.read() for entry in source.files()] == [b"1", b"2"]

    def test_names_that_cannot_be_stored(self, limits: ImportLimits) -> None:
        (name,) = contents(uploaded_source([("\ud800.jpg", io.BytesIO(b"1"))], limits))
        assert name.encode("utf-8")

    def test_nothing_sent(self, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="No file was sent"):
            uploaded_source([], limits)

    def test_limits(self) -> None:
        files = [("a", io.BytesIO(b"123")), ("b", io.BytesIO(b"12345"))]
        assert list(skipped(uploaded_source(files, ImportLimits(max_file_bytes=4)))) == ["b"]
        with pytest.raises(SourceError, match="hold more than"):
            list(uploaded_source(files, ImportLimits(max_total_bytes=7)).files())


class TestNotOrdinary:
    """A pipe or a device never ends, or never begins: neither may stop the studio."""

    @pytest.fixture
    def pipe(self, tmp_path: Path) -> Iterator[Path]:
        os.mkfifo(tmp_path / "pipe.png")
        # Held open at both ends, so that a mistake here fails instead of waiting for ever.
        handle = os.open(tmp_path / "pipe.png", os.O_RDWR)
        os.write(handle, b"PK\x03\x04" + bytes(300))
        yield tmp_path / "pipe.png"
        os.close(handle)

    def test_a_pipe_is_no_source(self, pipe: Path, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match=r"'pipe\.png' is a pipe or a device, not an ordinary file"):
            open_source(pipe, limits)

    @pytest.mark.parametrize("name", ["pipe.png", "."])
    def test_what_is_no_file_is_not_read(self, pipe: Path, name: str, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="not an ordinary file"):
            read_file(pipe.parent / name, limits)

    def test_a_device_without_end_is_not_read(self, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="'zero' is a pipe or a device"):
            read_file(Path("/dev/zero"), limits)


class TestReadingOneFile:
    def test_it_is_read_whole(self, tmp_path: Path, limits: ImportLimits) -> None:
        (tmp_path / "a.png").write_bytes(b"abc")
        assert read_file(tmp_path / "a.png", limits) == b"abc"

    def test_it_may_be_too_large(self, tmp_path: Path, limits: ImportLimits) -> None:
        (tmp_path / "a.png").write_bytes(b"abcd")
        with pytest.raises(SourceError, match=r"'a\.png' cannot be used\. Larger than"):
            read_file(tmp_path / "a.png", limits.model_copy(update={"max_file_bytes": 3}))

    def test_it_may_be_missing(self, tmp_path: Path, limits: ImportLimits) -> None:
        with pytest.raises(SourceError, match="There is nothing at"):
            read_file(tmp_path / "a.png", limits)
