"""The pictures themselves: files named by the hash of their content, so nothing from outside names a path.

A file in the store never changes. Adding the same picture twice stores it once, from any number of
threads and processes. Thumbnails are re-encoded pixels, cached beside the pictures they show.

An import that is broken off leaves pictures that nothing refers to. They are not removed at once: another import
may have met the same picture a moment ago and count on it. ``sweep`` removes them once they are a day old, and
``add`` makes a picture that is there already young again, so whatever an import of less than a day has added stays.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.data.decoding import decode
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import storage_error, sync_folder

THUMBNAIL_SIZES = (96, 192, 384)
"""Sides in pixels that thumbnails may have; a short list, so that a visitor cannot fill the disk."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WEBP_QUALITY = 80
_SWEPT_AFTER = 24 * 3600.0
_MANY = 64
_SYNC_THREADS = 8


class PictureStore:
    """Pictures below one folder, as ``ab/abcdef…`` named by sha256; thumbnails below ``.thumbnails``."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is created when the first picture is added."""
        self._root = root
        self._unsynced: set[str] = set()
        self._folders: set[str] = set()
        self._lock = threading.Lock()

    def check_room(self, needed: int) -> None:
        """Refuse work that cannot end well, before it begins.

        Args:
            needed: bytes that are about to be added.

        Raises:
            StorageError: the disk has less room than that.
        """
        folder = next(path for path in (self._root, *self._root.parents) if path.exists())
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            raise storage_error(error, self._root) from error
        if needed > free:
            raise StorageError(
                "There is not enough room on the disk for these pictures",
                why=f"Needs {_amount(needed)}, has {_amount(free)} in {self._root}",
                remedy="Free some space, or set CLF_WORKSPACE to a folder on a larger disk",
            )

    def add(self, data: bytes) -> str:
        """Store one file under the hash of its content; storing it again changes nothing but its age.

        A reader never sees half a file, but only ``sync`` makes it survive a power cut: call that once
        after a batch and before anything refers to the pictures.

        Returns:
            The sha256 of ``data`` as 64 lower-case hexadecimal digits.

        Raises:
            StorageError: the disk is full, read-only or gone; no partial file is left.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        folder = f"{self._root}{os.sep}{sha256[:2]}"
        path = f"{folder}{os.sep}{sha256}"
        try:
            if not _is_there(path, len(data)):
                if folder not in self._folders:
                    Path(folder).mkdir(parents=True, exist_ok=True)
                    self._folders.add(folder)
                _write(folder, sha256, data)
        except OSError as error:
            raise storage_error(error, Path(path)) from error
        with self._lock:
            self._unsynced.add(sha256)
        return sha256

    def sync(self) -> None:
        """Make everything added so far durable.

        Raises:
            StorageError: the disk refuses.
        """
        with self._lock:
            added, self._unsynced = self._unsynced, set()
        if not added:
            return
        paths = [self._place(sha256) for sha256 in added]
        try:
            if len(paths) < _MANY or not _sync_file_system(self._root):
                # Each waits for the disk; several at once share one write of the file system's journal.
                with ThreadPoolExecutor(_SYNC_THREADS, "sync") as executor:
                    list(executor.map(_sync_file, paths))
                for folder in {path.parent for path in paths} | {self._root}:
                    sync_folder(folder)
        except OSError as error:
            raise storage_error(error, self._root) from error

    def sweep(self, keep: Container[str], *, now: float | None = None) -> int:
        """Remove pictures that nothing refers to and that nobody added within the last day.

        Safe beside running imports of less than a day, in any process: ``add`` makes a picture young before it
        counts on it. Should it do so between the look at the age and the removal, the second look finds it young
        and puts it back; should it come later, it finds no picture and writes it again.

        Args:
            keep: sha256 of every picture that anything refers to, read before this is called.
            now: Unix seconds; None for the clock.

        Returns:
            How many were removed.
        """
        oldest = (time.time() if now is None else now) - _SWEPT_AFTER
        removed = 0
        for path in self._files():
            if path.name in keep or not _is_older(path, oldest):
                continue
            if path.name.startswith("."):  # half a file that a crash left
                with contextlib.suppress(OSError):
                    path.unlink()
                continue
            aside = path.with_name(f".sweeping-{path.name}")
            with contextlib.suppress(OSError):  # a picture that cannot be removed harms nobody
                path.replace(aside)
                if _is_older(aside, oldest):
                    aside.unlink()
                    removed += 1
                elif path.exists():
                    aside.unlink()
                else:
                    aside.replace(path)
        return removed

    def path(self, sha256: str) -> Path:
        """Where a stored picture lies.

        Raises:
            NotFoundError: ``sha256`` is no hash, or no such picture is stored.
        """
        path = self._place(sha256)
        if not path.is_file():
            raise _unknown()
        return path

    def read(self, sha256: str) -> bytes:
        """The stored file, as it was added. Raises as ``path``, and ``StorageError`` if unreadable."""
        path = self.path(sha256)
        try:
            return path.read_bytes()
        except OSError as error:
            raise StorageError("A stored picture cannot be read", why=error.strerror or str(error)) from error

    def thumbnail(self, sha256: str, size: int) -> bytes:
        """A small WebP picture of at most ``size`` x ``size`` pixels, made once and kept.

        Args:
            sha256: the stored picture.
            size: one of ``THUMBNAIL_SIZES``.

        Raises:
            NotFoundError: no such picture, or no such size.
            PictureError: the stored file can no longer be decoded.
            StorageError: the stored file cannot be read.
        """
        if size not in THUMBNAIL_SIZES:
            raise NotFoundError(f"Thumbnails have {', '.join(str(side) for side in THUMBNAIL_SIZES)} pixels")
        self.path(sha256)  # a thumbnail outlives its picture
        cached = self._root / ".thumbnails" / str(size) / sha256[:2] / f"{sha256}.webp"
        with contextlib.suppress(OSError):
            if kept := cached.read_bytes():  # a power cut can leave a file of the right name and no content
                return kept
        picture = decode(self.read(sha256), ImportLimits(), at_least=size * 2)
        picture.thumbnail((size, size))
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=_WEBP_QUALITY)
        with contextlib.suppress(OSError):  # a full disk must not hide pictures: it is made anew next time
            cached.parent.mkdir(parents=True, exist_ok=True)
            _write(str(cached.parent), cached.name, buffer.getvalue())
        return buffer.getvalue()

    def _files(self) -> Iterable[Path]:
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            yield from list(folder.iterdir())

    def _place(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise _unknown()
        return self._root / sha256[:2] / sha256


def _is_there(path: str, size: int) -> bool:
    """Whether a picture is stored, and if so make it young: see ``PictureStore.sweep``."""
    try:
        os.utime(path)
        # A power cut can leave a file of the right name and no content: the size tells.
        return os.stat(path).st_size == size  # noqa: PTH116 - see _write
    except FileNotFoundError:
        return False


def _is_older(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except OSError:
        return False


def _write(folder: str, name: str, data: bytes) -> None:
    """Write all or nothing, without waiting for the disk, into a folder that is there.

    Plain text instead of Path: for a picture of average size that saves a fifth of the time.
    """
    temporary = f"{folder}{os.sep}.{name}-{os.getpid()}-{threading.get_ident()}"
    try:
        with open(temporary, "wb", buffering=0) as handle:  # noqa: PTH123 - see above
            rest = memoryview(data)
            while rest:  # a disk that fills up takes a part first
                rest = rest[handle.write(rest) :]
        os.replace(temporary, f"{folder}{os.sep}{name}")  # noqa: PTH105 - see above
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _sync_file_system(folder: Path) -> bool:
    """Flush all that the file system of ``folder`` holds, by one call instead of one per file (Linux).

    Returns:
        False where that cannot be done; the files have to be flushed one by one then.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        flush = ctypes.CDLL(None).syncfs
    except (OSError, AttributeError):
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return bool(flush(descriptor) == 0)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only files opened for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _amount(count: int) -> str:
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 2**10:,.0f} KB"


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such picture", remedy="Reload the page; the dataset may have changed")
