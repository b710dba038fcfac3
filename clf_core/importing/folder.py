"""Sources made of ordinary files: a folder or a picture of this machine, or files sent by a browser."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import (
    Budget,
    SourceBase,
    SourceFile,
    copier,
    most_bytes,
    printable,
    too_large,
    unreachable,
)
from clf_core.results import SkippedFile


class FolderSource(SourceBase):
    """The files below a folder of this machine, in name order; links are named, not followed."""

    def __init__(self, folder: Path, limits: ImportLimits) -> None:
        """Raises ``SourceError`` if the folder is empty or may not be read."""
        self.title = folder.resolve().name or str(folder)
        self._folder = folder
        self._limits = limits
        try:
            with os.scandir(folder) as entries:
                empty = next(entries, None) is None
        except OSError as error:
            raise unreachable(folder, error) from error
        if empty:
            raise SourceError(
                f"The folder '{self.title}' is empty", remedy="Put one folder of pictures per class in it"
            )

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        budget = Budget(self._limits)
        refused: list[OSError] = []
        for folder, folders, names in os.walk(self._folder, onerror=refused.append):
            relative = Path(folder).relative_to(self._folder)
            folders.sort()
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted(names + links):
                budget.count_file()
                entry = self._entry(Path(folder) / name, relative / name)
                if isinstance(entry, SourceFile):
                    budget.count_bytes(entry.size)
                yield entry
        for error in refused:
            unread = Path(error.filename or self._folder).relative_to(self._folder)
            yield SkippedFile(name=printable(unread.as_posix()), reason="The folder may not be read")

    def _entry(self, path: Path, relative: Path) -> SourceFile | SkippedFile:
        name = printable(relative.as_posix())
        try:
            status = path.lstat()
        except OSError:
            return SkippedFile(name=name, reason="The file may not be read")
        if stat.S_ISLNK(status.st_mode):
            return SkippedFile(name=name, reason="A link to another place, which is not followed")
        if not stat.S_ISREG(status.st_mode):
            return SkippedFile(name=name, reason="Not an ordinary file")
        if status.st_size > most_bytes(name, self._limits):
            return too_large(name, self._limits)
        return _path_entry(name, status.st_size, path, self._limits)


class SingleFileSource(SourceBase):
    """One picture or video of this machine."""

    def __init__(self, path: Path, limits: ImportLimits, name: str = "") -> None:
        self._name = printable(name or path.name)
        self.title = PurePosixPath(self._name).stem
        self._path = path.resolve()  # a link named by the person themselves is meant
        self._limits = limits

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        name = self._name
        size = self._path.stat().st_size
        if size > most_bytes(name, self._limits):
            yield too_large(name, self._limits)
        else:
            yield _path_entry(name, size, self._path, self._limits)


class UploadedFiles(SourceBase):
    """Files sent by a browser, each with the relative name it was sent under."""

    def __init__(self, files: Sequence[tuple[str, BinaryIO]], limits: ImportLimits) -> None:
        self.title = "upload"
        self._files = tuple(files)
        self._limits = limits
        self._lock = Lock()  # two names may share one handle

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        budget = Budget(self._limits)
        for given, handle in self._files:
            name = printable(given.replace("\\", "/"))
            budget.count_file()
            size = handle.seek(0, os.SEEK_END)
            if size > most_bytes(name, self._limits):
                yield too_large(name, self._limits)
                continue
            budget.count_bytes(size)
            part = partial(self._read_part, handle)
            yield SourceFile(name, size, partial(self._read, handle, name), save=copier(size, part))

    def _read(self, handle: BinaryIO, name: str) -> bytes:
        data = self._read_part(handle, 0, self._limits.max_file_bytes + 1)
        if len(data) > self._limits.max_file_bytes:
            raise PictureError(too_large(name, self._limits).reason)
        return data

    def _read_part(self, handle: BinaryIO, start: int, size: int) -> bytes:
        with self._lock:
            handle.seek(start)
            return handle.read(size)


def _path_entry(name: str, size: int, path: Path, limits: ImportLimits) -> SourceFile:
    def save(target: BinaryIO) -> None:
        with _opened(path) as handle:
            copier(size, lambda _, count: handle.read(count))(target)

    return SourceFile(name, size, lambda: _read_path(path, limits), save=save)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that was listed; raises ``PictureError``, also for a link that was put in its place since."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise PictureError(f"The file could not be read: {(error.strerror or 'unknown reason').lower()}") from error
    with os.fdopen(descriptor, "rb") as handle:
        yield handle


def _read_path(path: Path, limits: ImportLimits) -> bytes:
    with _opened(path) as handle:
        try:
            data = handle.read(limits.max_file_bytes + 1)
        except OSError as error:
            raise PictureError(f"The file could not be read: {(error.strerror or 'unknown reason').lower()}") from error
    if len(data) > limits.max_file_bytes:
        raise PictureError("The file grew while it was being read")
    return data
