"""A source of pictures that were taken with a camera: the frames of one hold are named alike, so it shows they belong
together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.errors import PictureError
from clf_core.importing.entries import Source, SourceFile
from clf_core.importing.listed import ListedFiles


@dataclass(frozen=True)
class TakenPicture:
    """One picture: the class it was taken of, the hold it was taken in, its bytes and its file."""

    label: str
    burst: int
    size: int
    path: Path


def captured_source(pictures: Sequence[TakenPicture], limits: ImportLimits) -> Source:
    """List pictures as 'class/burst 03 frame 001.jpg', bursts and frames numbered in the order they came."""
    bursts: dict[tuple[str, int], int] = {}
    frames: dict[int, int] = {}
    files = []
    for picture in pictures:
        burst = bursts.setdefault((picture.label, picture.burst), len(bursts) + 1)
        frames[burst] = frames.get(burst, 0) + 1
        name = f"{picture.label}/burst {burst:02d} frame {frames[burst]:03d}{picture.path.suffix}"
        files.append(SourceFile(name, picture.size, _reader(picture.path)))
    return ListedFiles("camera", files, limits)


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise PictureError(f"The picture could not be read: {reason}") from error

    return read
