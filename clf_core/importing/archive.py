"""Reading zip archives that may be broken or hostile.

Nothing is ever unpacked to disk: members are read one by one into memory, each bounded by its declared
size, which is checked first (zipfile never returns more than that, and the checksum exposes a lie).

Refused as a whole: archives in several parts, too many members, too many bytes, and overlapping members,
which let 50 KB unpack to a gigabyte (CVE-2024-0450; D. Fifield, 'A better zip bomb', WOOT 2019).
Refused one by one, with the reason: links, devices, encrypted members, bomb-like compression, names
given twice, and packing methods other than deflate, because Python cannot bound the memory of the others.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import SourceBase, SourceFile, most_bytes, too_large
from clf_core.results import SkippedFile

_END = b"PK\x05\x06"
_END_SIZE = 22
_END64_SIZE = 56
_LOCATOR64_SIZE = 20
_MEMBER = struct.Struct("<4s24x3H12x")  # signature and the lengths of name, extra field and comment
_MAX_DIRECTORY_BYTES = 256 * 2**20

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_LOCAL_HEADER = 30
_SMALL = 2**20  # a tiny file of one colour compresses beyond any ratio and harms nobody

_PIECE = 2**20
_OTHER_SIZE = "Damaged inside the archive: it unpacks to another size than declared"

_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OSError)


class ZipSource(SourceBase):
    """The files of one zip archive; several threads may read at once."""

    def __init__(self, handle: BinaryIO, title: str, limits: ImportLimits, *, close_handle: bool = True) -> None:
        """Read and check the archive's directory.

        Args:
            handle: the open, seekable archive.
            title: name for people.
            limits: caps for the archive.
            close_handle: whether closing the source closes ``handle``.

        Raises:
            SourceError: the archive is broken, in several parts, wholly encrypted, too large or dangerous.
        """
        self.title = title
        self._handle = handle
        self._limits = limits
        self._close_handle = close_handle
        try:
            self._zip, directory_start = _open(handle, limits)
            self._members = [member for member in self._zip.infolist() if not _name(member).endswith("/")]
            _check_overlaps(self._members, directory_start)
            self._check_totals()
        except SourceError as error:
            if close_handle:
                handle.close()
            # The checks know the bytes only; a person with several archives needs the name.
            named = error.what.replace("archive", f"archive '{title}'", 1)
            raise SourceError(named, why=error.why, remedy=error.remedy) from error

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        seen: set[str] = set()
        for member in self._members:
            name = _name(member)
            reason = _reason_to_refuse(member, self._limits)
            if name in seen:
                reason = "The archive holds another file of the same name; the first one is used"
            if reason:
                yield SkippedFile(name=name, reason=reason)
            elif member.file_size > most_bytes(name, self._limits):
                yield too_large(name, self._limits)
            else:
                seen.add(name)
                reader = _Reader(self._zip, member, self._limits)
                yield SourceFile(name, member.file_size, reader, save=reader.save)

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()
        if self._close_handle:
            self._handle.close()

    def _check_totals(self) -> None:
        total = sum(member.file_size for member in self._members)
        if total > self._limits.max_total_bytes:
            raise SourceError(
                f"The archive would unpack to {total / 2**30:,.1f} GB, more than the "
                f"{self._limits.max_total_bytes / 2**30:,.1f} GB allowed",
                remedy="Import fewer pictures at once",
            )
        if self._members and all(member.flag_bits & _ENCRYPTED for member in self._members):
            raise SourceError(
                "The archive is protected by a password", remedy="Pack the pictures again without a password"
            )


class _Reader:
    """Reads one member, however the archive lies about it."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: ImportLimits) -> None:
        self._archive = archive
        self._member = member
        self._limits = limits

    def __call__(self) -> bytes:
        if self._member.file_size > self._limits.max_file_bytes:
            raise PictureError(too_large(self._member.filename, self._limits).reason)
        data = b"".join(self._pieces(self._member.file_size + 1))
        if len(data) != self._member.file_size:
            raise PictureError(_OTHER_SIZE)
        return data

    def save(self, target: BinaryIO) -> None:
        """See ``SourceFile.save``."""
        written = 0
        for piece in self._pieces(_PIECE):
            written += len(piece)
            target.write(piece)
        if written != self._member.file_size:
            raise PictureError(_OTHER_SIZE)

    def _pieces(self, size: int) -> Iterator[bytes]:
        try:
            with self._archive.open(self._member) as stream:
                while piece := stream.read(size):
                    yield piece
        except _UNREADABLE as error:
            raise PictureError("Damaged inside the archive: it does not unpack to what was packed") from error


def _open(handle: BinaryIO, limits: ImportLimits) -> tuple[zipfile.ZipFile, int]:
    """Open the archive after a look at its directory; also returns where the directory starts."""
    try:
        start = _check_directory(handle, limits)
        return zipfile.ZipFile(handle), start
    except _UNREADABLE as error:
        raise SourceError(
            "The zip archive is broken",
            why="Its table of contents is missing or damaged; the download or copy may be incomplete",
            remedy="Download or pack it again",
        ) from error


def _check_directory(handle: BinaryIO, limits: ImportLimits) -> int:
    """Count the members before zipfile builds an object for each; returns where the directory starts."""
    end = handle.seek(0, io.SEEK_END)
    tail_start = max(0, end - _END_SIZE - 0xFFFF)
    handle.seek(tail_start)
    tail = handle.read()
    at = tail.rfind(_END)
    # As zipfile does: a record without a comment at the very end comes before any other candidate.
    if tail[-_END_SIZE:].startswith(_END) and tail.endswith(b"\0\0"):
        at = len(tail) - _END_SIZE
    if at < 0 or at + _END_SIZE > len(tail):
        raise zipfile.BadZipFile
    disk, first_disk = struct.unpack_from("<2H", tail, at + 4)
    size: int = struct.unpack_from("<L", tail, at + 12)[0]
    directory_end = tail_start + at
    disks = 1 + max(disk, first_disk) if disk != 0xFFFF else 1
    large = _directory_64(handle, directory_end)
    if large:
        size, disks = large
        directory_end -= _END64_SIZE + _LOCATOR64_SIZE
    if disks > 1:
        raise SourceError(
            "The archive is one of several parts", remedy="Pack the pictures again into a single .zip file"
        )
    if size > min(directory_end, _MAX_DIRECTORY_BYTES):
        raise zipfile.BadZipFile
    _count_members(handle, directory_end - size, size, limits)
    return directory_end - size


def _directory_64(handle: BinaryIO, end: int) -> tuple[int, int] | None:
    """Size of the directory and number of disks, where a zip64 record says so (APPNOTE 4.3.14, 4.3.15)."""
    if end < _END64_SIZE + _LOCATOR64_SIZE:
        return None
    handle.seek(end - _END64_SIZE - _LOCATOR64_SIZE)
    record = handle.read(_END64_SIZE + _LOCATOR64_SIZE)
    if not record.startswith(b"PK\x06\x06") or record[_END64_SIZE : _END64_SIZE + 4] != b"PK\x06\x07":
        return None
    size: int = struct.unpack_from("<Q", record, 40)[0]
    disks: int = struct.unpack_from("<L", record, _END64_SIZE + 16)[0]
    return size, disks


def _count_members(handle: BinaryIO, start: int, size: int, limits: ImportLimits) -> None:
    handle.seek(start)
    left, count = size, 0
    while left >= _MEMBER.size:
        signature, *lengths = _MEMBER.unpack(handle.read(_MEMBER.size))
        if signature != b"PK\x01\x02":
            raise zipfile.BadZipFile
        count += 1
        if count > limits.max_files:
            raise SourceError(
                f"The archive holds more than {limits.max_files:,} files", remedy="Import fewer pictures at once"
            )
        handle.seek(sum(lengths), io.SEEK_CUR)
        left -= _MEMBER.size + sum(lengths)


def _check_overlaps(members: list[zipfile.ZipInfo], directory_start: int) -> None:
    """Every byte of an honest archive belongs to one member at most."""
    free_from = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        # The local header repeats the name; its extra field is not known here, so this is a lower bound.
        end = member.header_offset + _LOCAL_HEADER + len(_raw_name(member)) + member.compress_size
        if member.header_offset < free_from or end > directory_start:
            raise SourceError(
                "The archive is not safe to open",
                why="Some of its files share the same bytes, as in a zip bomb",
                remedy="Pack the pictures again with an ordinary zip program",
            )
        free_from = end


def _reason_to_refuse(member: zipfile.ZipInfo, limits: ImportLimits) -> str:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "A link to another place, which is not followed"
    if kind not in (0, stat.S_IFREG):
        return "Not an ordinary file"
    if member.flag_bits & _ENCRYPTED:
        return "Protected by a password: pack it again without one"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "Packed by a method that is not read here: pack it again as an ordinary zip"
    if member.file_size > max(_SMALL, member.compress_size * limits.max_compression_ratio):
        times = member.file_size // max(member.compress_size, 1)
        return f"Would unpack to {times:,} times its packed size, as zip bombs do"
    return ""


def _raw_name(member: zipfile.ZipInfo) -> bytes:
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8_NAME else "cp437")


def _name(member: zipfile.ZipInfo) -> str:
    """The name as its author wrote it.

    Programs on macOS write UTF-8 without saying so, and old ones on Windows write backslashes.
    """
    name = member.filename
    if not member.flag_bits & _UTF8_NAME:
        try:
            name = member.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = member.filename
    return name.replace("\\", "/")
