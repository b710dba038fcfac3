"""Opening what a person gives: an archive, a folder, a picture, a video, or files sent by a browser.

A source lists its files and reads them one at a time. It never follows a link, never turns a name it was
given into a path, and writes nothing but temporary files without a name; ``files`` names what it refuses,
with the reason. What a file is, is told by its content: a tar archive called pictures.zip is a tar archive.
"""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clf_core.config import ImportLimits, ImportOptions
from clf_core.data.signatures import is_picture
from clf_core.errors import SourceError
from clf_core.importing.archive import ZipSource
from clf_core.importing.entries import Source, SourceFile, printable, too_large, unreachable
from clf_core.importing.folder import FolderSource, SingleFileSource, UploadedFiles
from clf_core.importing.kinds import START_BYTES, Packing, is_tar, is_zip, packing, video_format
from clf_core.importing.tar import TarSource
from clf_core.importing.unpacking import unpack
from clf_core.importing.video import VideoFrames

__all__ = ["Source", "SourceFile", "open_source", "read_file", "uploaded_source"]

_TAR_ENDINGS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")

Cancelled = Callable[[], bool]


def open_source(
    path: Path,
    limits: ImportLimits,
    *,
    name: str = "",
    options: ImportOptions | None = None,
    cancelled: Cancelled | None = None,
) -> Source:
    """Open an archive (zip; tar, also packed by gzip, bzip2, xz or zstd), a folder, a picture or a video.

    Args:
        path: what a person named.
        limits: caps for the source.
        name: what a person calls it, where ``path`` has a name of ours.
        options: how to read it; with None, videos are not taken apart.
        cancelled: asked while an archive is unpacked and a video read; True stops.

    Raises:
        SourceError: there is nothing at ``path``, it may not be read, it is none of these, the archive is
            broken, encrypted or dangerous, or the folder is empty.
        StorageError: there is no room to unpack a packed tar archive.
        CancelledError: ``cancelled`` said so.
    """
    name = name or path.name
    try:
        if path.is_dir():
            return _with_videos(FolderSource(path, limits), limits, options, cancelled)
        _check_ordinary(path)
        with path.open("rb") as handle:
            start = handle.read(START_BYTES)
        if _is_archive(name, start):
            archive = _open_archive(path.open("rb"), name, start, limits, cancelled, close_handle=True)
            return _with_videos(archive, limits, options, cancelled)
    except OSError as error:
        raise unreachable(path, error) from error
    single = SingleFileSource(path, limits, name)
    if is_picture(start):
        return single
    if options is None or not video_format(start):
        raise _neither(name, start)
    rate = options.frames_per_second
    return VideoFrames(single, limits, frames_per_second=rate, cancelled=cancelled, every_file=True)


def uploaded_source(
    files: Sequence[tuple[str, BinaryIO]],
    limits: ImportLimits,
    *,
    options: ImportOptions | None = None,
    cancelled: Cancelled | None = None,
) -> Source:
    """Wrap files sent by a browser: one archive alone is opened, anything else is taken file by file.

    Args:
        files: relative name as sent, and the open, seekable content. The caller closes them.
        limits, options, cancelled: as in ``open_source``.

    Raises:
        SourceError: nothing was sent, too much was sent, or the archive cannot be used.
        StorageError, CancelledError: as in ``open_source``.
    """
    if not files:
        raise SourceError("No file was sent", remedy="Choose an archive, a folder or some pictures")
    if len(files) == 1:
        name, handle = files[0]
        handle.seek(0)
        start = handle.read(START_BYTES)
        if _is_archive(name, start):
            archive = _open_archive(handle, name.replace("\\", "/"), start, limits, cancelled, close_handle=False)
            return _with_videos(archive, limits, options, cancelled)
    return _with_videos(UploadedFiles(files, limits), limits, options, cancelled)


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


def _is_archive(name: str, start: bytes) -> bool:
    """Tell by the content; the name only decides how a damaged beginning is spoken of."""
    if is_zip(start) or is_tar(start) or packing(start) is not None:
        return True
    named = name.lower().endswith((".zip", *_TAR_ENDINGS))
    return named and not is_picture(start) and not video_format(start)


def _open_archive(
    handle: BinaryIO,
    name: str,
    start: bytes,
    limits: ImportLimits,
    cancelled: Cancelled | None,
    *,
    close_handle: bool,
) -> Source:
    title = _title(name)
    kind = packing(start)
    if kind is not None:
        return _open_packed(handle, kind, title, limits, cancelled, close_handle=close_handle)
    if is_tar(start) or (name.lower().endswith(_TAR_ENDINGS) and not is_zip(start)):
        return TarSource(handle, title, limits, close_handle=close_handle)
    return ZipSource(handle, title, limits, close_handle=close_handle)


def _open_packed(
    handle: BinaryIO,
    kind: Packing,
    title: str,
    limits: ImportLimits,
    cancelled: Cancelled | None,
    *,
    close_handle: bool,
) -> TarSource:
    try:
        unpacked, damage = unpack(handle, kind, limits, cancelled=cancelled)
    finally:
        if close_handle:
            handle.close()
    unpacked.seek(0)
    if not is_tar(unpacked.read(START_BYTES)) and not damage:
        unpacked.close()
        raise SourceError(
            f"'{printable(title)}' is packed, but it is not an archive of files",
            why=f"What the {kind} file unpacks to is not a tar archive",
            remedy="Pack the folder with the pictures as .zip or .tar.gz",
        )
    return TarSource(unpacked, title, limits, damage=damage)


def _with_videos(
    source: Source, limits: ImportLimits, options: ImportOptions | None, cancelled: Cancelled | None
) -> Source:
    if options is None:
        return source
    return VideoFrames(source, limits, frames_per_second=options.frames_per_second, cancelled=cancelled)


def _title(name: str) -> str:
    """The name of an archive without folders and ending."""
    last = name.replace("\\", "/").rpartition("/")[2]
    for ending in _TAR_ENDINGS:
        if last.lower().endswith(ending) and len(last) > len(ending):
            return last[: -len(ending)]
    return PurePosixPath(last).stem


def _neither(name: str, start: bytes) -> SourceError:
    if video_format(start):
        return SourceError(
            f"'{printable(name)}' is a video", remedy="Import it as a dataset, or give pictures taken from it"
        )
    return SourceError(
        f"'{printable(name)}' is neither an archive, nor a folder, nor a picture, nor a video",
        remedy="Give a folder, or a .zip or .tar.gz file, with one folder per class; unpack other archives first",
    )


def _check_ordinary(path: Path) -> None:
    """Refuse pipes and devices: opening one may wait for ever, and reading one may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise SourceError(f"'{printable(path.name)}' is {kind}, not an ordinary file", remedy="Give a file on a disk")
