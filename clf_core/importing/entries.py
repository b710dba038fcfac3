"""What every source of pictures shares: the files it lists, its protocol, and the caps it counts against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from clf_core.config import ImportLimits
from clf_core.errors import SourceError
from clf_core.importing.kinds import has_video_ending
from clf_core.results import SkippedFile
from clf_core.values import Split

_PIECE = 2**20


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    Attributes:
        name: relative name as given, parts separated by '/'. Literal text: never a path to open.
        size: bytes as declared by the source, 0 when unknown before reading.
        read: returns the whole content; may be called from any thread and more than once. Raises
            ``PictureError`` with the reason when the content cannot be read.
        save: writes the whole content into an open file, piece by piece, for what is too large for memory,
            with the same errors; None where there is only ``read``.
        label: class the source itself knows, such as a column of a published dataset; empty if none.
        split: split the source itself knows, or None.
        group: what the source itself knows it belongs with, such as a person or a session; empty if nothing.
        video: name of the video that this is a frame of; empty for a file of its own. Frames of one
            video look alike, so they belong together.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    save: Callable[[BinaryIO], None] | None = None
    label: str = ""
    split: Split | None = None
    group: str = ""
    video: str = ""


class Source(Protocol):
    """Something that holds files, to be used as a context manager."""

    @property
    def title(self) -> str:
        """A short name for people, such as the archive's name without its ending."""
        ...

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """List every file in a stable order; what cannot be read at all comes as a ``SkippedFile``.

        Raises:
            SourceError: the source as a whole breaks a limit or cannot be listed.
        """
        ...

    def close(self) -> None:
        """Release the archive or files; reading fails afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        ...


class SourceBase:
    """The context manager part of a source that holds nothing open."""

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Budget:
    """Counts files and bytes of one source and refuses the source once a cap is passed."""

    def __init__(self, limits: ImportLimits) -> None:
        self._limits = limits
        self._files = 0
        self._bytes = 0

    def count_file(self) -> None:
        """Raises ``SourceError`` when this file is one too many."""
        self._files += 1
        if self._files > self._limits.max_files:
            raise SourceError(
                f"There are more than {self._limits.max_files:,} files",
                remedy="Import fewer files at once, or raise the limit on files",
            )

    def count_bytes(self, size: int) -> None:
        """Raises ``SourceError`` when these bytes are too many."""
        self._bytes += size
        if self._bytes > self._limits.max_total_bytes:
            raise SourceError(
                f"The files hold more than {self._limits.max_total_bytes / 2**30:,.1f} GB when unpacked",
                remedy="Import fewer files at once, or raise the limit on bytes",
            )


def most_bytes(name: str, limits: ImportLimits) -> int:
    """How large one file may be: videos, which are never taken into memory, only count against the total."""
    return limits.max_total_bytes if has_video_ending(name) else limits.max_file_bytes


def copier(size: int, read_part: Callable[[int, int], bytes]) -> Callable[[BinaryIO], None]:
    """A ``SourceFile.save`` for a file of ``size`` bytes of which ``read_part(start, size)`` reads a part."""

    def save(target: BinaryIO) -> None:
        for start in range(0, size, _PIECE):
            target.write(read_part(start, min(_PIECE, size - start)))

    return save


def too_large(name: str, limits: ImportLimits) -> SkippedFile:
    """The entry for a file beyond ``limits.max_file_bytes``."""
    return SkippedFile(
        name=name, reason=f"Larger than the {limits.max_file_bytes / 2**20:,.0f} MB allowed for one file"
    )


def printable(name: str) -> str:
    """Replace the lone surrogates that stand for undecodable bytes; they can be neither stored nor shown."""
    return name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def shortened(text: str, most: int = 60) -> str:
    """A name from outside at a length that fits into a sentence."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def unreachable(path: Path, error: OSError) -> SourceError:
    """The error for a path that is missing or may not be read."""
    if isinstance(error, FileNotFoundError):
        return SourceError(f"There is nothing at {printable(str(path))}", remedy="Check the spelling of the path")
    return SourceError(
        f"{printable(str(path))} cannot be read",
        why=error.strerror or str(error),
        remedy="Check that the user running the studio may read it",
    )
