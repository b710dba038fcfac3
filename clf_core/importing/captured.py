"""A source of pictures taken with a camera: the frames of one hold look alike, so they are given as a group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.errors import PictureError
from clf_core.importing.entries import Source, SourceFile
from clf_core.importing.listed import ListedFiles


@dataclass(frozen=True)
class TakenPicture:
    """One picture: the class it was taken of, the number of its hold, its bytes and its file."""

    label: str
    burst: int
    size: int
    path: Path


def captured_source(pictures: Sequence[TakenPicture], title: str, limits: ImportLimits) -> Source:
    """List pictures as '<title>/burst 03 frame 001.jpg', bursts and frames numbered in the order they came.

    The class is no part of the name: it may be any text, '../train' included, and may be changed later.
    """
    bursts: dict[tuple[str, int], int] = {}
    frames: dict[int, int] = {}
    files = []
    for picture in pictures:
        burst = bursts.setdefault((picture.label, picture.burst), len(bursts) + 1)
        frames[burst] = frames.get(burst, 0) + 1
        name = f"{title}/burst {burst:02d} frame {frames[burst]:03d}{picture.path.suffix}"
        group = f"burst {picture.burst}"  # not the small number, which the next capture has too
        files.append(SourceFile(name, picture.size, _reader(picture.path), label=picture.label, group=group))
    return ListedFiles(title, files, limits)


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise PictureError(f"The picture could not be read: {reason}") from error

    return read
