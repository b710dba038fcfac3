"""Opening what a person gives: a zip archive, a folder, one picture, or files sent by a browser.

A source lists its files and reads them one at a time. It never writes, never follows a link and never
turns a name it was given into a path; ``files`` names what it refuses, with the reason.
"""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from clf_core.config import ImportLimits
from clf_core.data.signatures import is_picture
from clf_core.errors import SourceError
from clf_core.importing.archive import ZipSource
from clf_core.importing.entries import Source, SourceFile, printable, too_large, unreachable
from clf_core.importing.folder import FolderSource, SingleFileSource, UploadedFiles

__all__ = ["Source", "SourceFile", "open_source", "read_file", "uploaded_source"]

_START_BYTES = 256
"""Enough of a file to tell what it is."""


def open_source(path: Path, limits: ImportLimits, *, name: str = "") -> Source:
    """Open a zip archive, a folder or a single picture file.

    Args:
        path: what to open.
        limits: caps for all of it.
        name: what people call it, where that is not the name of ``path``; never part of a path.

    Raises:
        SourceError: there is nothing at ``path``, it may not be read, it is neither of the three, the
            archive is broken, encrypted or dangerous, or the folder is empty.
    """
    called = name or path.name
    try:
        if path.is_dir():
            return FolderSource(path, limits)
        _check_ordinary(path)
        with path.open("rb") as handle:
            start = handle.read(_START_BYTES)
        if called.lower().endswith(".zip") or start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return ZipSource(path.open("rb"), Path(called).stem, limits)
    except OSError as error:
        raise unreachable(path, error) from error
    if not is_picture(start):
        raise SourceError(
            f"'{called}' is neither a zip archive, nor a folder, nor a picture",
            remedy="Give a folder or a .zip file with one folder per class; unpack other kinds of archive first",
        )
    return SingleFileSource(path, limits)


def read_file(path: Path, limits: ImportLimits) -> bytes:
    """Read one file that a person named.

    Raises:
        SourceError: there is nothing at ``path``, it may not be read, it is no ordinary file or too large.
    """
    try:
        _check_ordinary(path)
        with path.open("rb") as handle:
            data = handle.read(limits.max_file_bytes + 1)
    except OSError as error:
        raise unreachable(path, error) from error
    if len(data) > limits.max_file_bytes:
        refused = too_large(printable(path.name), limits)
        raise SourceError(f"'{refused.name}' cannot be used", why=refused.reason)
    return data


def _check_ordinary(path: Path) -> None:
    """Refuse pipes and devices: opening one may wait for ever, and reading one may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise SourceError(f"'{printable(path.name)}' is {kind}, not an ordinary file", remedy="Give a file on a disk")


def uploaded_source(files: Sequence[tuple[str, BinaryIO]], limits: ImportLimits) -> Source:
    """Wrap files sent by a browser: one zip archive alone is opened, anything else is taken file by file.

    Args:
        files: relative name as sent, and the open, seekable content. The caller closes them.
        limits: caps for the whole upload.

    Raises:
        SourceError: nothing was sent, too much was sent, or the archive cannot be used.
    """
    if not files:
        raise SourceError("No file was sent", remedy="Choose a .zip file, a folder or some pictures")
    if len(files) == 1 and files[0][0].lower().endswith(".zip"):
        name, handle = files[0]
        return ZipSource(handle, Path(name.replace("\\", "/")).stem, limits, close_handle=False)
    return UploadedFiles(files, limits)
