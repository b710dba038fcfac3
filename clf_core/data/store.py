"""The pictures themselves, found by the hash of their content, so that nothing from outside names a path.

A picture in the store never changes. Adding the same one twice stores it once, from any number of threads and
processes. Pictures lie in packs, one behind the other (``clf_core.data.packs``); earlier versions wrote a file for
each, ``ab/abcdef…`` named by sha256: those are read where they are and never written again. Thumbnails are re-encoded
pixels, cached beside the pictures they show.

An import that is broken off leaves pictures that nothing refers to. They are not removed at once: another import
may have met the same picture a moment ago and count on it. ``sweep`` removes them once they are a day old, and
``add`` makes a picture that is there already young again, so whatever an import of less than a day has added stays.
An import that lasts longer is safe only while nobody sweeps.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import threading
import time
from collections.abc import Container, Iterable
from functools import cached_property
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.data.decoding import decode
from clf_core.data.pack_sweeping import is_older
from clf_core.data.packs import Packs
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import storage_error

THUMBNAIL_SIZES = (96, 192, 384)
"""Sides in pixels that thumbnails may have; a short list, so that a visitor cannot fill the disk."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WEBP_QUALITY = 80
_SWEPT_AFTER = 24 * 3600.0


class PictureStore:
    """Pictures below one folder, in ``packs``; thumbnails below ``.thumbnails``."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is created when the first picture is added."""
        self._root = root
        self._packs = Packs(root / "packs")

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

        This object can read it at once. Only ``sync`` makes it survive a power cut and known to other processes: call
        that once after a batch and before anything refers to the pictures.

        Returns:
            The sha256 of ``data`` as 64 lower-case hexadecimal digits.

        Raises:
            StorageError: the disk is full, read-only or gone; nothing of the picture is left.
        """
        digest = hashlib.sha256(data)
        sha256 = digest.hexdigest()
        try:
            if sha256[:2] not in self._loose or not _is_there(self._place(sha256), len(data)):
                self._packs.add(digest.digest(), data)
        except OSError as error:
            raise storage_error(error, self._root / "packs") from error
        return sha256

    def sync(self) -> None:
        """Make everything added so far durable.

        Raises:
            StorageError: the disk refuses.
        """
        self._packs.sync()

    def flush(self) -> None:
        """Have the disk begin with what ``sync`` would wait for; safe to call in a thread beside everything else."""
        self._packs.flush()

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
        removed = self._packs.sweep(keep, oldest)
        for path in self._files():
            if path.name in keep or not is_older(path, oldest):
                continue
            if path.name.startswith("."):  # half a file that a crash left
                with contextlib.suppress(OSError):
                    path.unlink()
                continue
            aside = path.with_name(f".sweeping-{path.name}")
            with contextlib.suppress(OSError):  # a picture that cannot be removed harms nobody
                path.replace(aside)
                if is_older(aside, oldest):
                    aside.unlink()
                    removed += 1
                elif path.exists():
                    aside.unlink()
                else:
                    aside.replace(path)
        return removed

    def read(self, sha256: str) -> bytes:
        """The stored file, as it was added.

        Raises:
            NotFoundError: ``sha256`` is no hash, or no such picture is stored.
            StorageError: it is damaged or cannot be read.
        """
        loose, key = self._place(sha256), bytes.fromhex(sha256)
        # A file of an earlier version that a power cut emptied was added again, to a pack.
        if sha256[:2] in self._loose and not self._packs.find(key):
            try:
                return loose.read_bytes()
            except FileNotFoundError:
                pass
            except OSError as error:
                raise StorageError("A stored picture cannot be read", why=error.strerror or str(error)) from error
        data = self._packs.read(key)
        if data is None:
            raise _unknown()
        return data

    def contains(self, sha256: str) -> bool:
        """Whether a picture is stored."""
        if not _SHA256.fullmatch(sha256):
            return False
        return bool(self._packs.find(bytes.fromhex(sha256))) or (
            sha256[:2] in self._loose and self._place(sha256).is_file()
        )

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
        if not self.contains(sha256):  # a thumbnail outlives its picture
            raise _unknown()
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

    @cached_property
    def _loose(self) -> frozenset[str]:
        """Folders of pictures of earlier versions. There will be no new ones."""
        return frozenset(path.name for path in self._root.glob("[0-9a-f][0-9a-f]"))

    def _files(self) -> Iterable[Path]:
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            yield from list(folder.iterdir())

    def _place(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise _unknown()
        return self._root / sha256[:2] / sha256


def _is_there(path: Path, size: int) -> bool:
    """Whether a picture is stored as a file, and if so make it young: see ``PictureStore.sweep``."""
    try:
        os.utime(path)
        # A power cut can leave a file of the right name and no content: the size tells.
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Write all or nothing, without waiting for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _amount(count: int) -> str:
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count / 2**10:,.0f} KB"


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such picture", remedy="Reload the page; the dataset may have changed")
