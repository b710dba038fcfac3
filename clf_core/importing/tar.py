"""Reading tar archives that may be broken or hostile.

The headers are read here and not by Python's tarfile, which takes a declared header of any size into memory
and whose links have been a way out of the target folder (CVE-2025-4517). Nothing is unpacked to disk; the
members are read one by one, each within the bounds its header declares and the archive's real size.

Formats: the old one, ustar and pax (POSIX.1-2001), and GNU's (long names, sizes in base 256). Refused one by
one, with the reason: links, devices, pipes, sparse files, names given twice. An archive that is cut off or
damaged gives what comes before the damage; the rest is listed in words.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import BinaryIO

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import Budget, SourceBase, SourceFile, copier, most_bytes, printable, too_large
from clf_core.importing.kinds import TAR_BLOCK, tar_checksum_holds
from clf_core.results import SkippedFile

_MOST_HEADER_BYTES = 2**20  # of a name or a set of pax records; honest ones have some hundred
_MOST_HEADERS = 16  # such headers in front of one member
_MOST_SPARSE_BLOCKS = 10_000
_MOST_NUMBER = 2**62

_REGULAR = (b"0", b"\0", b"7")
_DIRECTORY, _GNU_SPARSE, _VOLUME_LABEL = b"5", b"S", b"V"
_LINKS = (b"1", b"2")
_WITHOUT_DATA = (*_LINKS, b"3", b"4", _DIRECTORY, b"6")
_PAX, _PAX_GLOBAL = (b"x", b"X"), b"g"
_GNU_NAME, _GNU_LINK = b"L", b"K"

_SPARSE = "A sparse file, which is not read here: pack it again without --sparse"


@dataclass(frozen=True)
class _Header:
    """One block of 512 bytes that describes what follows it."""

    name: str
    size: int
    kind: bytes
    continued: bool


@dataclass(frozen=True)
class _Member:
    """One member of the archive; ``refusal`` says why it is not read."""

    name: str
    offset: int
    size: int
    refusal: str


class _DamagedError(Exception):
    """The archive cannot be followed beyond this point; the text says why."""


class TarSource(SourceBase):
    """The files of one plain tar archive; several threads may read at once."""

    def __init__(
        self, handle: BinaryIO, title: str, limits: ImportLimits, *, close_handle: bool = True, damage: str = ""
    ) -> None:
        """Take an open archive.

        Args:
            handle: the open, seekable archive.
            title: name for people.
            limits: caps for the archive.
            close_handle: whether closing the source closes ``handle``.
            damage: what is already known to be wrong with it, such as 'cut off'.

        Raises:
            SourceError: it does not begin like a tar archive.
        """
        self.title = title
        self._handle = handle
        self._limits = limits
        self._close_handle = close_handle
        self._damage = damage
        self._lock = Lock()
        self._descriptor = _descriptor(handle)
        self._end = handle.seek(0, os.SEEK_END)
        start = self._read_at(0, TAR_BLOCK)
        if len(start) < TAR_BLOCK or (any(start) and not tar_checksum_holds(start)):
            self.close()
            raise SourceError(
                f"The tar archive '{title}' is broken",
                why="Its beginning is missing or damaged; the download or copy may be incomplete",
                remedy="Download or pack it again",
            )

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        budget = Budget(self._limits)
        seen: set[str] = set()
        count = 0
        try:
            for member in self._members(budget):
                entry = self._entry(member, seen)
                count += isinstance(entry, SourceFile)
                if isinstance(entry, SourceFile):
                    budget.count_bytes(entry.size)
                yield entry
        except _DamagedError as damage:
            files = "1 file" if count == 1 else f"{count:,} files"
            yield SkippedFile(name=printable(self.title), reason=f"{damage}; {files} before it can be read")
            return
        if self._damage:
            reason = f"The archive is {self._damage}: files after the first {count:,} may be missing"
            yield SkippedFile(name=printable(self.title), reason=reason)

    def close(self) -> None:
        """Close the archive."""
        if self._close_handle:
            self._handle.close()

    def _entry(self, member: _Member, seen: set[str]) -> SourceFile | SkippedFile:
        if member.refusal:
            return SkippedFile(name=member.name, reason=member.refusal)
        if member.offset + member.size > self._end:
            return SkippedFile(name=member.name, reason="Cut off: the archive ends before this file does")
        if member.name in seen:
            reason = "The archive holds another file of the same name; the first one is used"
            return SkippedFile(name=member.name, reason=reason)
        if member.size > most_bytes(member.name, self._limits):
            return too_large(member.name, self._limits)
        seen.add(member.name)

        def read() -> bytes:
            if member.size > self._limits.max_file_bytes:
                raise PictureError(too_large(member.name, self._limits).reason)
            return self._read_whole(member.offset, member.size)

        def read_part(start: int, size: int) -> bytes:
            return self._read_whole(member.offset + start, size)

        return SourceFile(member.name, member.size, read, save=copier(member.size, read_part))

    def _members(self, budget: Budget) -> Iterator[_Member]:
        """Walk from header to header.

        Raises:
            _DamagedError: the way on is lost.
            SourceError: there are too many members.
        """
        offset = 0
        while True:
            offset, header, extra = self._next_header(offset)
            if header is None:
                return
            budget.count_file()
            size = _size(header, extra)
            end = offset if header.kind in _WITHOUT_DATA else offset + -(-size // TAR_BLOCK) * TAR_BLOCK
            name = _plain(extra.get("GNU.sparse.name") or extra.get("path") or header.name)
            is_folder = header.kind in (_DIRECTORY, _VOLUME_LABEL) or (header.kind == b"\0" and name.endswith("/"))
            if not is_folder:
                yield _Member(name, offset, size, _refusal(header, extra))
            if end > self._end and header.kind not in _WITHOUT_DATA:
                if is_folder or _refusal(header, extra):
                    raise _DamagedError("The archive is cut off here")
                return  # the member itself is told to be cut off
            offset = end

    def _next_header(self, offset: int) -> tuple[int, _Header | None, dict[str, str]]:
        """The next member's header and what special headers before it say; None at the end mark."""
        extra: dict[str, str] = {}
        for _ in range(_MOST_HEADERS):
            block = self._read_at(offset, TAR_BLOCK)
            if len(block) < TAR_BLOCK:
                raise _DamagedError("The archive is cut off here")
            if not any(block):
                return offset, None, {}
            header = _parse(block)
            offset += TAR_BLOCK
            if header.kind in (*_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_LINK):
                extra.update(self._special(header, offset))
                offset += -(-header.size // TAR_BLOCK) * TAR_BLOCK
                continue
            return (self._after_sparse_map(offset) if header.continued else offset), header, extra
        raise _DamagedError("The archive holds nothing but headers here")

    def _special(self, header: _Header, offset: int) -> dict[str, str]:
        if header.kind == _PAX_GLOBAL or header.kind == _GNU_LINK:
            return {}  # comments of git archives; targets of links, which are refused anyway
        if header.size > _MOST_HEADER_BYTES:
            return {"refused": f"Its header declares {header.size:,} bytes, which no honest name needs"}
        data = self._read_at(offset, header.size)
        if len(data) < header.size:
            raise _DamagedError("The archive is cut off here")
        if header.kind == _GNU_NAME:
            return {"path": _text(data)}
        return _pax_records(data)

    def _after_sparse_map(self, offset: int) -> int:
        for _ in range(_MOST_SPARSE_BLOCKS):
            block = self._read_at(offset, TAR_BLOCK)
            offset += TAR_BLOCK
            if len(block) < TAR_BLOCK or not block[504]:
                return offset
        raise _DamagedError("The archive holds an endless list of holes here")

    def _read_whole(self, offset: int, size: int) -> bytes:
        try:
            data = self._read_at(offset, size)
        except (OSError, ValueError) as error:
            raise PictureError("The archive could not be read any more") from error
        if len(data) != size:
            raise PictureError("Cut off: the archive ends before this file does")
        return data

    def _read_at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from ``offset`` on; fewer only at the archive's end."""
        size = max(0, min(size, self._end - offset))
        if self._descriptor is None:
            with self._lock:
                self._handle.seek(offset)
                return self._handle.read(size)
        pieces: list[bytes] = []
        while size > 0:
            piece = os.pread(self._descriptor, size, offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return b"".join(pieces)


def _descriptor(handle: BinaryIO) -> int | None:
    """The number of a real file, which several threads may read without a lock; None for one in memory."""
    if not hasattr(os, "pread"):
        return None
    try:
        handle.flush()
        return handle.fileno()
    except (OSError, AttributeError, ValueError):
        return None


def _parse(block: bytes) -> _Header:
    """Read one header of 512 bytes; raises ``_DamagedError``."""
    size = _number(block[124:136])
    if not tar_checksum_holds(block) or size is None:
        raise _DamagedError("The archive is damaged here")
    kind = block[156:157]
    name = _text(block[:100])
    is_ustar = block[257:263] == b"ustar\0"
    if is_ustar and kind not in (_GNU_NAME, _GNU_LINK, _GNU_SPARSE):
        prefix = _text(block[345:500])
        name = f"{prefix}/{name}" if prefix else name
    return _Header(name, size, kind, kind == _GNU_SPARSE and bool(block[482]))


def _number(field: bytes) -> int | None:
    """A size: octal digits, or GNU's base 256, whose first bit is set; None for negative and absurd ones."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True) + (1 << (8 * len(field) - 1))
    else:
        digits = field.split(b"\0")[0].strip()
        if not all(byte in b"01234567" for byte in digits):
            return None
        value = int(digits or b"0", 8)
    return value if 0 <= value < _MOST_NUMBER else None


def _pax_records(data: bytes) -> dict[str, str]:
    """Read 'length key=value newline' records; what does not fit ends the reading."""
    records: dict[str, str] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space]
        if space < 0 or not digits.isdigit():
            break
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end <= space or end > len(data) or not equals:
            break
        records[_text(key)] = value.decode("utf-8", "surrogateescape")
        at = end
    return records


def _size(header: _Header, extra: dict[str, str]) -> int:
    given = extra.get("size")
    if given is None:
        return header.size
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise _DamagedError("The archive is damaged here")
    return int(given)


def _refusal(header: _Header, extra: dict[str, str]) -> str:
    if "refused" in extra:
        return extra["refused"]
    if header.kind in _LINKS:
        return "A link to another place, which is not followed"
    if header.kind == _GNU_SPARSE or any(key.startswith("GNU.sparse") for key in extra):
        return _SPARSE
    if header.kind not in _REGULAR:
        return "Not an ordinary file"
    return ""


def _plain(name: str) -> str:
    """A name up to its first NUL, with '/' between its parts as in every other source."""
    return printable(name).split("\0")[0].replace("\\", "/")


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "surrogateescape")
