"""The content-addressed pictures."""

import errno
import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from clf_core.data.store import THUMBNAIL_SIZES, PictureStore
from clf_core.errors import NotFoundError, StorageError

Encode = Callable[..., bytes]


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_files_are_named_by_their_content(store: PictureStore, tmp_path: Path) -> None:
    sha256 = store.add(b"pixels")
    assert sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert store.add(b"pixels") == sha256
    assert store.read(sha256) == b"pixels"
    assert everything(tmp_path) == [f"pictures/{sha256[:2]}/{sha256}"]
    assert store.path(sha256) == tmp_path / "pictures" / sha256[:2] / sha256


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "٠" * 64])
def test_only_hashes_are_looked_up(store: PictureStore, name: str) -> None:
    for look in (store.path, store.read, lambda sha256: store.thumbnail(sha256, 96)):
        with pytest.raises(NotFoundError):
            look(name)


def test_unknown_hash(store: PictureStore) -> None:
    with pytest.raises(NotFoundError):
        store.path("0" * 64)


def test_a_file_emptied_by_a_power_cut_is_written_again(store: PictureStore) -> None:
    sha256 = store.add(b"pixels")
    store.path(sha256).write_bytes(b"")
    store.add(b"pixels")
    assert store.read(sha256) == b"pixels"


def test_many_threads_add_the_same(store: PictureStore, tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=lambda: [store.add(f"{number % 5}".encode()) for number in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(everything(tmp_path)) == 5


def test_sync_flushes_what_was_added(store: PictureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(b"1")
    store.add(b"2")
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    store.sync()
    assert len(flushed) == 2 + 2 + 1  # two files, their folders, the root
    store.sync()
    assert len(flushed) == 5


def test_a_full_disk_leaves_nothing_behind(
    store: PictureStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="disk is full"):
        store.add(b"pixels")
    assert everything(tmp_path) == []


class TestThumbnails:
    def test_are_small_webp_and_kept(self, store: PictureStore, picture_bytes: Encode, tmp_path: Path) -> None:
        sha256 = store.add(picture_bytes(Image.new("RGB", (900, 600), (10, 200, 30)), "JPEG"))
        made = store.thumbnail(sha256, 192)
        picture = Image.open(io.BytesIO(made))
        assert (picture.format, picture.size) == ("WEBP", (192, 128))
        cached = tmp_path / "pictures" / ".thumbnails" / "192" / sha256[:2] / f"{sha256}.webp"
        assert cached.read_bytes() == made
        cached.write_bytes(b"from the cache")
        assert store.thumbnail(sha256, 192) == b"from the cache"
        cached.write_bytes(b"")
        assert store.thumbnail(sha256, 192) == made

    def test_are_re_encoded(self, store: PictureStore, picture_bytes: Encode) -> None:
        notes = PngInfo()
        notes.add_text("Comment", "<script>canary</script>")
        sha256 = store.add(picture_bytes(Image.new("RGB", (20, 20)), pnginfo=notes))
        assert b"canary" in store.read(sha256)
        assert b"canary" not in store.thumbnail(sha256, 96)

    def test_have_few_sizes(self, store: PictureStore, picture_bytes: Encode) -> None:
        sha256 = store.add(picture_bytes())
        assert len(THUMBNAIL_SIZES) <= 5
        with pytest.raises(NotFoundError, match="96"):
            store.thumbnail(sha256, 97)

    def test_are_shown_even_when_they_cannot_be_kept(
        self, store: PictureStore, picture_bytes: Encode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha256 = store.add(picture_bytes())

        def full(source: str, target: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        assert Image.open(io.BytesIO(store.thumbnail(sha256, 96))).size == (12, 10)
