"""Decodes one video, in a process of its own: ``python -m clf_core.importing.video_frames`` (see ``video``).

A video comes from a stranger, and decoders of videos are written in C. So the decoder gets a process that may
crash, a cap on its memory and on what it writes, no network and no other file format than the one announced:
FFmpeg would otherwise follow the addresses in playlists. Frames go into one file, their places into another,
a line for each; a line 'alive' says that decoding goes on, and the last line is 'end' with the reason.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, TextIO

MOST_MEMORY = 1536 * 2**20
"""Bytes of memory; an 8K video takes about half of it."""

_JPEG_QUALITY = 95
_MOST_GRABBED = 5_000_000  # two days at 30 frames per second
_ALIVE_SECONDS = 2.0
_USUAL_RATE = 25.0


def main(arguments: list[str]) -> int:
    """Write the frames.

    Args:
        arguments: the video's path, its FFmpeg format, the frames wanted per second, the most frames, the
            most bytes, the most pixels of a frame, the path of the file of frames, the path of the index.

    Returns:
        0 when the index ends with a reason.
    """
    video, kind, rate, most_frames, most_bytes, most_pixels, frames_path, index_path = arguments
    _limit_this_process(int(most_bytes))
    # Read when a video is opened; formats and protocols not named here cannot be reached from within the file.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = f"protocol_whitelist;file|format_whitelist;{kind}"
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with Path(frames_path).open("wb") as frames, Path(index_path).open("w", encoding="ascii") as index:
        taker = _Taker(frames, index, float(rate), int(most_frames), int(most_bytes))
        try:
            reason = taker.take(video, int(most_pixels))
        except MemoryError:
            reason = "memory"
        except OSError:
            reason = "disk"
        index.write(f"end {reason}\n")
    return 0


def _limit_this_process(most_bytes: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # not on Windows; a limit may be lower already
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for limit, most in (
            (resource.RLIMIT_AS, MOST_MEMORY + 2**30),  # address space holds the libraries' code as well
            (resource.RLIMIT_DATA, MOST_MEMORY),
            (resource.RLIMIT_FSIZE, most_bytes + 2**20),
        ):
            resource.setrlimit(limit, (most, most))


class _Taker:
    """Takes one frame of each interval of time and writes it down."""

    def __init__(self, frames: BinaryIO, index: TextIO, rate: float, most_frames: int, most_bytes: int) -> None:
        self._frames = frames
        self._index = index
        self._rate = rate
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._written = 0

    def take(self, video: str, most_pixels: int) -> str:
        """Returns why it ended: 'done', 'unreadable', 'pixels', 'frames', 'bytes' or 'memory'."""
        import cv2

        cv2.setNumThreads(1)
        capture = cv2.VideoCapture(video, cv2.CAP_FFMPEG)
        if not capture.isOpened():
            return "unreadable"
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > most_pixels:
            return "pixels"
        native = capture.get(cv2.CAP_PROP_FPS)
        step = 1 / native if 0 < native <= 1000 else 1 / _USUAL_RATE
        return self._walk(capture, step)

    def _walk(self, capture: Any, step: float) -> str:
        import cv2

        now, last, said = 0.0, -1, time.monotonic()
        start: float | None = None
        for _ in range(_MOST_GRABBED):
            if not capture.grab():
                return "done"
            stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            start = stamp if start is None else start
            # A stamp may be missing or go back; time then goes on at the video's own rate.
            now = stamp - start if now < stamp - start < now + 3600 or last < 0 else now + step
            interval = int(now * self._rate + 1e-6)
            if interval > last:
                last = interval
                if reason := self._keep(capture, now):
                    return reason
            if time.monotonic() - said > _ALIVE_SECONDS:
                said = time.monotonic()
                self._say("alive")
        return "frames"

    def _keep(self, capture: Any, now: float) -> str:
        """Write the present frame; returns why no further one may follow, or an empty string."""
        import cv2

        sound, frame = capture.retrieve()  # [H, W, 3] uint8, BGR, upright
        if not sound or frame is None:
            return ""
        sound, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not sound:
            return ""
        data = encoded.tobytes()
        if self._written + len(data) > self._most_bytes:
            return "bytes"
        self._frames.write(data)
        self._frames.flush()
        self._say(f"frame {self._written} {len(data)} {now:.3f}")
        self._written += len(data)
        self._most_frames -= 1
        return "frames" if self._most_frames <= 0 else ""

    def _say(self, line: str) -> None:
        self._index.write(line + "\n")
        self._index.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
