"""What a source is, told by its first bytes: an archive, a packed archive or a video. Names decide nothing."""

from typing import Literal

from clf_core.data.signatures import is_picture

START_BYTES = 1024
"""Enough of a file to tell what it is."""

Packing = Literal["gzip", "bzip2", "xz", "zstd"]

TAR_BLOCK = 512
_CHECKSUM = slice(148, 156)

_PACKINGS: tuple[tuple[bytes, Packing], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)

VIDEO_ENDINGS = frozenset(
    ("mp4", "m4v", "mov", "qt", "3gp", "3g2", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "m2ts")
)

_QUICKTIME_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TS_PACKET, _M2TS_PACKET = 188, 192


def is_zip(start: bytes) -> bool:
    """True for the start of a zip archive, an empty one included."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def packing(start: bytes) -> Packing | None:
    """The compression of a file that begins with ``start``; zstd may begin with a frame to be skipped (RFC 8878)."""
    for magic, kind in _PACKINGS:
        if start.startswith(magic):
            return kind
    skippable = len(start) > 8 and start[1:4] == b"\x2a\x4d\x18" and 0x50 <= start[0] <= 0x5F
    return "zstd" if skippable else None


def is_tar(start: bytes) -> bool:
    """True when ``start`` begins with a tar header, of whatever age: its checksum is right."""
    return len(start) >= TAR_BLOCK and tar_checksum_holds(start[:TAR_BLOCK])


def tar_checksum_holds(header: bytes) -> bool:
    """Compare the checksum in a header of 512 bytes with its content, as POSIX.1-1988 (ustar) defines it."""
    field = header[_CHECKSUM].strip(b" \0")
    try:
        declared = int(field, 8)
    except ValueError:
        return False
    rest = header[: _CHECKSUM.start] + b" " * 8 + header[_CHECKSUM.stop :]
    unsigned = sum(rest)
    if declared != unsigned and declared != unsigned - 256 * sum(byte > 127 for byte in rest):
        return False  # neither the sum of unsigned bytes nor, as some old programs made it, of signed ones
    return any(rest[:100])


def has_video_ending(name: str) -> bool:
    """True when a name ends as videos do, in any case."""
    return name.rpartition("/")[2].rpartition(".")[2].lower() in VIDEO_ENDINGS


def video_format(start: bytes) -> str:
    """The container of a video that begins with ``start``, in FFmpeg's words, or an empty string.

    Playlists and lists of files (m3u8, ffconcat, MPD) are no containers: a player that opened one would
    follow the addresses and paths in it.
    """
    if start[4:8] == b"ftyp":  # ISO/IEC 14496-12; AVIF and HEIC pictures begin the same way
        return "" if is_picture(start) else "mov"
    if start[4:8] in _QUICKTIME_BOXES:
        return "mov"
    if start.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return "avi"
    if start.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if start.startswith(b"\x00\x00\x01\xb3"):
        return "mpegvideo"
    for first, packet in ((0, _TS_PACKET), (4, _M2TS_PACKET)):
        if len(start) > first + 3 * packet and all(start[first + n * packet] == 0x47 for n in range(4)):
            return "mpegts"
    return ""
