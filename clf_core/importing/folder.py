"""Sources made of ordinary files: a folder or a picture of this machine, or files sent by a browser."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import Budget, SourceBase, SourceFile, printable, too_large, unreachable
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
        if status.st_size > self._limits.max_file_bytes:
            return too_large(name, self._limits)
        return SourceFile(name, status.st_size, lambda: _read_path(path, self._limits))


class SingleFileSource(SourceBase):
    """One picture file of this machine."""

    def __init__(self, path: Path, limits: ImportLimits) -> None:
        self.title = path.stem
        self._name = printable(path.name)
        self._path = path.resolve()  # a link named by the person themselves is meant
        self._limits = limits

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        name = self._name
        size = self._path.stat().st_size
        if size > self._limits.max_file_bytes:
            yield too_large(name, self._limits)
        else:
            yield SourceFile(name, size, lambda: _read_path(self._path, self._limits))


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
            if size > self._limits.max_file_bytes:
                yield too_large(name, self._limits)
                continue
            budget.count_bytes(size)
            yield SourceFile(name, size, self._reader(handle))

    def _reader(self, handle: BinaryIO) -> Callable[[], bytes]:
        def read() -> bytes:
            with self._lock:
                handle.seek(0)
                return handle.read()

        return read


def _read_path(path: Path, limits: ImportLimits) -> bytes:
    try:
        # Refuse a link put in the file's place after it was listed, and a file that has grown since.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as handle:
            data = handle.read(limits.max_file_bytes + 1)
    except OSError as error:
        raise PictureError(f"The file could not be read: {(error.strerror or 'unknown reason').lower()}") from error
    if len(data) > limits.max_file_bytes:
        raise PictureError("The file grew while it was being read")
    return data
