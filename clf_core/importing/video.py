"""Videos as sources of pictures: one frame per interval of time, decoded by a process of their own.

A frame of ``ants/clip.mp4`` is called ``ants/clip.mp4/frame 000012 at 0m11.000s.jpg`` and belongs to the class
of the video, here 'ants'. Frames are JPEG files of quality 95. All frames of one video belong together: neighbours
are near copies of each other, and a test on the one would only show what was learned from the other.

OpenCV's FFmpeg (LGPL) decodes. Only containers with pictures inside are opened, told by their first bytes;
a playlist, which could name files and addresses, never reaches the decoder, and neither does a name from outside.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clf_core.config import ImportLimits
from clf_core.errors import CancelledError, PictureError
from clf_core.files import storage_error
from clf_core.importing.entries import Budget, Source, SourceBase, SourceFile
from clf_core.importing.kinds import START_BYTES, has_video_ending, video_format
from clf_core.results import SkippedFile

MOST_FRAMES = 10_000
"""Frames taken from one video."""

_SILENT_SECONDS = 20.0  # without a frame or a sign of life
_MOST_SECONDS = 3600.0  # for one video
_LOOK_SECONDS = 0.05

_NO_VIDEO = "Named like a video, but in no format that is opened here: save it as MP4"
_REASONS = {
    "unreadable": "A video that cannot be decoded: it is damaged, cut off, or in a format that is not known here",
    "pixels": "A video whose frames have more pixels than allowed",
    "memory": "A video that needs more memory than allowed",
    "disk": "There was not enough room on the disk for its frames",
    "crashed": "A video that cannot be decoded: it is damaged",
    "silent": f"A video that cannot be decoded: nothing came of it for {_SILENT_SECONDS:.0f} seconds",
    "slow": "A video that takes more than an hour to decode",
    "done": "A video without a single frame that can be decoded",
}
_SHORTENED = {
    "frames": "Only its first {count:,} frames are used, the most for one video: cut it, or take fewer per second",
    "bytes": "Only its first {count:,} frames are used: more would pass the limit on bytes",
}


@dataclass(frozen=True)
class _Frame:
    offset: int
    size: int
    seconds: float


class VideoFrames(SourceBase):
    """Another source whose videos are replaced by their frames; everything else passes through."""

    def __init__(
        self,
        source: Source,
        limits: ImportLimits,
        *,
        frames_per_second: float,
        cancelled: Callable[[], bool] | None = None,
        every_file: bool = False,
    ) -> None:
        """Wrap an open source, which is closed with this one. Nothing is decoded before ``files``.

        Args:
            source: any source.
            limits: frames count as files and bytes of the import.
            frames_per_second: how many to take of each second, at most what the video holds.
            cancelled: asked while a video is decoded; True stops.
            every_file: take every file for a video, whatever its name; else those named like one.
        """
        self.title = source.title
        self._source = source
        self._limits = limits
        self._rate = frames_per_second
        self._cancelled = cancelled
        self._every_file = every_file
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``. A video is decoded when it is come to, which takes its time.

        Raises:
            CancelledError: ``cancelled`` said so.
            StorageError: there is no room for a video or its frames.
        """
        budget = Budget(self._limits)
        for entry in self._source.files():
            if isinstance(entry, SourceFile) and (self._every_file or has_video_ending(entry.name)):
                yield from self._expand(entry, budget)
            else:
                yield entry

    def close(self) -> None:
        """Remove the frames and close the source."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._source.close()

    def _expand(self, file: SourceFile, budget: Budget) -> Iterator[SourceFile | SkippedFile]:
        video, frames = self._new_paths()
        try:
            kind = _save(file, video)
            if not kind:
                yield SkippedFile(name=file.name, reason=_NO_VIDEO)
                return
            places, reason = decode_video(video, kind, self._rate, frames, self._limits, self._cancelled)
        except PictureError as error:
            yield SkippedFile(name=file.name, reason=error.what)
            return
        finally:
            video.unlink(missing_ok=True)
        for number, place in enumerate(places, start=1):
            budget.count_file()
            budget.count_bytes(place.size)
            yield SourceFile(_frame_name(file.name, number, place), place.size, _reader(frames, place), video=file.name)
        if told := _told(reason, len(places)):
            yield SkippedFile(name=file.name, reason=told)

    def _new_paths(self) -> tuple[Path, Path]:
        """Where the next video and its frames lie: names of ours, in a folder nobody else may read."""
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="video-")
        except OSError as error:
            raise storage_error(error, Path(tempfile.gettempdir()) / "video") from error
        self._count += 1
        folder = Path(self._folder.name)
        return folder / f"{self._count}.video", folder / f"{self._count}.frames"


def decode_video(
    video: Path,
    kind: str,
    rate: float,
    frames: Path,
    limits: ImportLimits,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[list[_Frame], str]:
    """Let another process write a video's frames into ``frames``.

    Args:
        video: a file of ours.
        kind: its container in FFmpeg's words.
        rate: frames per second.
        frames: receives JPEG files, one behind the other.
        limits: caps on pixels and bytes.
        cancelled: asked twenty times a second.

    Returns:
        Where each frame lies, and why there are no more: a key of ``_REASONS`` or ``_SHORTENED``.

    Raises:
        CancelledError: ``cancelled`` said so.
    """
    index = frames.with_suffix(".index")
    numbers = (rate, min(MOST_FRAMES, limits.max_files), limits.max_total_bytes, limits.max_pixels)
    child = subprocess.Popen(
        [
            *(sys.executable, "-m", "clf_core.importing.video_frames", str(video), kind),
            *map(str, numbers),
            *(str(frames), str(index)),
        ],
        cwd=Path(__file__).parents[2],  # where clf_core is found
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        stopped = _wait(child, index, cancelled)
    finally:
        child.kill()
        child.wait()
    places, ended = _read_index(index, frames)
    return places, stopped or ended


def _wait(child: subprocess.Popen[bytes], index: Path, cancelled: Callable[[], bool] | None) -> str:
    """Watch the process until it ends; returns why it has to be stopped, or an empty string."""
    started = heard = time.monotonic()
    said = 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_LOOK_SECONDS)
            return ""
        now = time.monotonic()
        with contextlib.suppress(OSError):
            if (size := index.stat().st_size) != said:
                said, heard = size, now
        if cancelled is not None and cancelled():
            raise CancelledError("The import was cancelled", remedy="Nothing was added to your datasets")
        if now - heard > _SILENT_SECONDS:
            return "silent"
        if now - started > _MOST_SECONDS:
            return "slow"


def _read_index(index: Path, frames: Path) -> tuple[list[_Frame], str]:
    """What the process wrote down; it may have died in the middle of a line."""
    places: list[_Frame] = []
    try:
        held = frames.stat().st_size
        lines = index.read_text(encoding="ascii", errors="replace").split("\n")[:-1]
    except OSError:
        return [], "crashed"
    for line in lines:
        word, *rest = line.split(" ")
        if word == "end":
            return places, rest[0]
        if word == "frame":
            place = _Frame(int(rest[0]), int(rest[1]), float(rest[2]))
            if place.offset + place.size <= held:
                places.append(place)
    return places, "crashed"


def _save(file: SourceFile, path: Path) -> str:
    """Write a video into a file of ours; returns its container, or an empty string if it is none."""
    try:
        with path.open("wb") as target:
            if file.save is not None:
                file.save(target)
            else:
                target.write(file.read())
        with path.open("rb") as handle:
            return video_format(handle.read(START_BYTES))
    except OSError as error:
        raise storage_error(error, path) from error


def _reader(frames: Path, place: _Frame) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            descriptor = os.open(frames, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            with os.fdopen(descriptor, "rb") as handle:
                handle.seek(place.offset)
                return handle.read(place.size)
        except OSError as error:
            raise PictureError("The frame could not be read any more") from error

    return read


def _frame_name(video: str, number: int, place: _Frame) -> str:
    minutes, seconds = divmod(place.seconds, 60)
    return f"{video}/frame {number:06} at {minutes:.0f}m{seconds:06.3f}s.jpg"


def _told(reason: str, count: int) -> str:
    """What a person should know of a video that gave fewer frames than asked for."""
    if reason in _SHORTENED:
        return _SHORTENED[reason].format(count=count)
    if count == 0:
        return _REASONS.get(reason, _REASONS["crashed"])
    return "" if reason == "done" else f"Damaged: only its first {count:,} frames could be taken"
