"""The pictures themselves: files named by the hash of their content, so nothing from outside names a path.

A file in the store never changes. Adding the same picture twice stores it once, from any number of
threads and processes. Thumbnails are re-encoded pixels, cached beside the pictures they show.
"""

import contextlib
import hashlib
import io
import os
import re
import threading
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.data.decoding import decode
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import storage_error, sync_folder

THUMBNAIL_SIZES = (96, 192, 384)
"""Sides in pixels that thumbnails may have; a short list, so that a visitor cannot fill the disk."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WEBP_QUALITY = 80


class PictureStore:
    """Pictures below one folder, as ``ab/abcdef…`` named by sha256; thumbnails below ``.thumbnails``."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is created when the first picture is added."""
        self._root = root
        self._unsynced: set[Path] = set()
        self._lock = threading.Lock()

    def add(self, data: bytes) -> str:
        """Store one file under the hash of its content; storing it again changes nothing.

        A reader never sees half a file, but only ``sync`` makes it survive a power cut: call that once
        after a batch and before anything refers to the pictures.

        Returns:
            The sha256 of ``data`` as 64 lower-case hexadecimal digits.

        Raises:
            StorageError: the disk is full, read-only or gone; no partial file is left.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._place(sha256)
        try:
            # A power cut can leave a file of the right name and no content: the size tells.
            if not path.exists() or path.stat().st_size != len(data):
                _write(path, data)
        except OSError as error:
            raise storage_error(error, path) from error
        with self._lock:
            self._unsynced.add(path)
        return sha256

    def sync(self) -> None:
        """Make everything added so far durable.

        Raises:
            StorageError: the disk refuses.
        """
        with self._lock:
            written, self._unsynced = self._unsynced, set()
        try:
            for path in written:
                _sync_file(path)
            for folder in {path.parent for path in written} | ({self._root} if written else set()):
                sync_folder(folder)
        except OSError as error:
            raise storage_error(error, self._root) from error

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
            _write(cached, buffer.getvalue())
        return buffer.getvalue()

    def _place(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise _unknown()
        return self._root / sha256[:2] / sha256


def _write(path: Path, data: bytes) -> None:
    """Write all or nothing, without waiting for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only files opened for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such picture", remedy="Reload the page; the dataset may have changed")
