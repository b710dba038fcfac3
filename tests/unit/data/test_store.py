"""The content-addressed pictures."""

import errno
import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from clf_core.data.store import THUMBNAIL_SIZES, PictureStore
from clf_core.errors import NotFoundError, StorageError
from tests.stored_pictures import loose_picture, packs_of

Encode = Callable[..., bytes]


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_pictures_are_found_by_their_content(store: PictureStore) -> None:
    sha256 = store.add(b"pixels")
    assert sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert store.add(b"pixels") == sha256
    assert store.read(sha256) == b"pixels"
    store.sync()
    assert store.read(sha256) == b"pixels"
    assert [path.suffix for path in packs_of(store)] == [".idx", ".pack"]
    assert packs_of(store)[1].stat().st_size == len(b"pixels")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "٠" * 64])
def test_only_hashes_are_looked_up(store: PictureStore, name: str) -> None:
    for look in (store.read, lambda sha256: store.thumbnail(sha256, 96)):
        with pytest.raises(NotFoundError):
            look(name)
    assert not store.contains(name)


def test_unknown_hash(store: PictureStore) -> None:
    with pytest.raises(NotFoundError):
        store.read("0" * 64)


class TestFilesOfEarlierVersions:
    def test_are_read_where_they_are_and_not_written_again(self, tmp_path: Path) -> None:
        sha256 = hashlib.sha256(b"pixels").hexdigest()
        loose_picture(tmp_path / "pictures", sha256, b"pixels")
        store = PictureStore(tmp_path / "pictures")
        assert store.contains(sha256)
        assert store.read(sha256) == b"pixels"
        store.add(b"pixels")
        store.sync()
        assert everything(tmp_path) == [f"pictures/{sha256[:2]}/{sha256}"]

    def test_one_emptied_by_a_power_cut_is_written_again(self, tmp_path: Path) -> None:
        sha256 = hashlib.sha256(b"pixels").hexdigest()
        loose_picture(tmp_path / "pictures", sha256, b"")
        store = PictureStore(tmp_path / "pictures")
        store.add(b"pixels")
        store.sync()
        assert store.read(sha256) == PictureStore(tmp_path / "pictures").read(sha256) == b"pixels"


def test_many_threads_add_the_same(store: PictureStore) -> None:
    threads = [
        threading.Thread(target=lambda: [store.add(f"{number % 5}".encode()) for number in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.stat().st_size for path in packs_of(store)] == [5]


def test_sync_flushes_what_was_added(store: PictureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(b"1")
    store.add(b"2")
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    store.sync()
    assert len(flushed) == 3  # the pack, its index, their folder
    store.sync()
    assert len(flushed) == 3


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

        def full(self: Path, target: Path) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        assert Image.open(io.BytesIO(store.thumbnail(sha256, 96))).size == (12, 10)


class TestSweeping:
    @staticmethod
    def old(store: PictureStore, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        os.utime(loose_picture(store._root, sha256, data), (1, 1))
        return sha256

    def test_old_pictures_that_are_not_kept_go(self, store: PictureStore, tmp_path: Path) -> None:
        kept, lost = self.old(store, b"1"), self.old(store, b"2")
        half = tmp_path / "pictures" / kept[:2] / ".half-a-file"
        half.write_bytes(b"4")
        os.utime(half, (1, 1))
        assert store.sweep({kept}) == 1
        assert everything(tmp_path) == [f"pictures/{kept[:2]}/{kept}"]
        with pytest.raises(NotFoundError):
            store.read(lost)

    def test_a_picture_that_is_added_again_is_young_again(self, store: PictureStore) -> None:
        sha256 = self.old(store, b"1")
        assert store.add(b"1") == sha256
        assert store.sweep(set()) == 0
        assert store.read(sha256) == b"1"

    @pytest.mark.parametrize("moment", ["before it is put aside", "after it was put aside"])
    def test_a_picture_that_is_added_meanwhile_stays(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        sha256 = self.old(store, b"1")
        rename = Path.replace

        def meanwhile(self: Path, target: Path) -> Path:
            monkeypatch.setattr(Path, "replace", rename)
            if moment == "before it is put aside":
                store.add(b"1")
            result = rename(self, target)
            if moment == "after it was put aside":
                store.add(b"1")
            return result

        monkeypatch.setattr(Path, "replace", meanwhile)
        store.sweep(set())
        assert store.read(sha256) == b"1"


class TestRoom:
    def test_too_little_is_told_before_the_work(self, store: PictureStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=3 * 2**20))
        store.check_room(3 * 2**20)
        with pytest.raises(StorageError, match="not enough room") as caught:
            store.check_room(5 * 2**30)
        assert caught.value.why.startswith("Needs 5.0 GB, has 3.0 MB")
        assert caught.value.remedy
