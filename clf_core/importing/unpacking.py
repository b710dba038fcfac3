"""Taking the compression off a tar archive: into a temporary file without a name, counted while it is written.

A compressed tar can only be read from its start; pictures are read in any order by several threads. So the
compression layer alone comes off first. Nothing in the archive decides where anything is written.
"""

import bz2
import lzma
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from clf_core.config import ImportLimits
from clf_core.errors import CancelledError, ClfError, SourceError, StorageError
from clf_core.files import storage_error
from clf_core.importing.kinds import Packing

_CHUNK = 2**20
_ZSTD_CHUNK = 2**14  # a reading that fails gives nothing of what came before the damage
_LOOK_EVERY = 64 * 2**20  # bytes between two looks at the free disk
_RESERVE_BYTES = 500 * 2**20  # what must stay free: a full disk stops everything else on the machine
_HARMLESS_BYTES = 64 * 2**20  # an archive this small harms nobody, however well it was packed
_MOST_LZMA_MEMORY = 256 * 2**20

_DAMAGE = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)

CUT = "cut off"
DAMAGED = "damaged"


class _Decompressor(Protocol):
    """What the standard library's decompressors of bzip2 and xz have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def unpack(
    handle: BinaryIO,
    kind: Packing,
    limits: ImportLimits,
    *,
    folder: Path | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[BinaryIO, str]:
    """Write what ``handle`` unpacks to into a temporary file.

    Args:
        handle: the open, seekable packed file.
        kind: its compression.
        limits: caps on the bytes and on how much they may grow.
        folder: where the temporary file is made; None for the system's place.
        cancelled: asked for every megabyte; True stops.

    Returns:
        The temporary file, which vanishes when it is closed, and what is wrong with the packed one: empty,
        ``CUT`` or ``DAMAGED``. What came before the damage is in the file.

    Raises:
        SourceError: nothing could be unpacked, or too much.
        StorageError: the disk has no room.
        CancelledError: ``cancelled`` said so.
    """
    packed = handle.seek(0, 2)
    handle.seek(0)
    most = min(limits.max_total_bytes, max(_HARMLESS_BYTES, packed * limits.max_compression_ratio))
    place = folder or Path(tempfile.gettempdir())
    try:
        target = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - closed by the source that reads it
    except OSError as error:
        raise storage_error(error, place / "unpacked") from error
    try:
        damage = _copy(_pieces(handle, kind), target, most, place, cancelled)
        if target.tell() == 0:
            raise _nothing_came(kind)
    except OSError as error:
        target.close()
        raise storage_error(error, place / "unpacked") from error
    except ClfError:
        target.close()
        raise
    return target, damage


def _copy(
    pieces: Iterator[bytes], target: BinaryIO, most: int, place: Path, cancelled: Callable[[], bool] | None
) -> str:
    written = looked = 0
    while True:
        try:
            piece = next(pieces, b"")
        except _DAMAGE as error:
            cut = isinstance(error, EOFError) or "runcated" in str(error)
            return CUT if cut else DAMAGED
        if not piece:
            return ""
        written += len(piece)
        if written > most:
            raise _too_much(most)
        if written >= looked:
            _check_room(place)
            looked = written + _LOOK_EVERY
        if cancelled is not None and cancelled():
            raise CancelledError("The import was cancelled", remedy="Nothing was added to your datasets")
        target.write(piece)


def _pieces(handle: BinaryIO, kind: Packing) -> Iterator[bytes]:
    """What the file unpacks to, in pieces of at most a megabyte."""
    if kind == "zstd":
        import pyarrow as pa

        stream = pa.CompressedInputStream(pa.PythonFile(handle, "r"), "zstd")  # reads frame after frame
        buffer = bytearray(_ZSTD_CHUNK)
        while count := stream.readinto(buffer):  # its read() never frees the bytes meant for a reading that failed
            yield bytes(memoryview(buffer)[:count])
        return
    makers: dict[str, Callable[[], _Decompressor]] = {
        "gzip": _Gzip,
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_LZMA_MEMORY),
    }
    yield from _members(handle, makers[kind])


def _members(handle: BinaryIO, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """Unpack one member after another: gzip, bzip2 and xz files may be put behind each other."""
    decompressor = make()
    data = handle.read(_CHUNK)
    while True:
        if not data and decompressor.needs_input:
            raise EOFError
        if piece := decompressor.decompress(data, _CHUNK):
            yield piece
        data = b""
        if decompressor.eof:
            data = _after_padding(handle, decompressor.unused_data)
            if not data:
                return
            decompressor = make()
        elif decompressor.needs_input:
            data = handle.read(_CHUNK)


def _after_padding(handle: BinaryIO, data: bytes) -> bytes:
    """The next bytes that are not zero: tapes and some programs pad with zeros."""
    data = data.lstrip(b"\0")
    while not data:
        more = handle.read(_CHUNK)
        if not more:
            return b""
        data = more.lstrip(b"\0")
    return data


class _Gzip:
    """zlib's decompressor behind the interface of the two others. The header is read in C, however long it is."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._left = b""
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        piece = self._inner.decompress(self._left + data, max_length)
        self._left = self._inner.unconsumed_tail
        # A full piece means that more may wait inside, though all input is taken.
        self.needs_input = not self._left and len(piece) < max_length
        return piece


def _check_room(place: Path) -> None:
    free = shutil.disk_usage(place).free
    if free < _RESERVE_BYTES + _LOOK_EVERY:
        raise StorageError(
            "There is not enough room on the disk to unpack the archive",
            why=f"At least {(_RESERVE_BYTES + _LOOK_EVERY) / 2**20:,.0f} MB more are needed in {place}, "
            f"which has {free / 2**20:,.0f} MB",
            remedy="Free some space, or unpack the archive elsewhere and import the folder",
        )


def _too_much(most: int) -> SourceError:
    return SourceError(
        f"The archive unpacks to more than the {most / 2**20:,.0f} MB allowed for it",
        why="Either it holds too much for one import, or it is a bomb, made to fill a disk",
        remedy="Import fewer pictures at once, or pack them without compression",
    )


def _nothing_came(kind: Packing) -> SourceError:
    return SourceError(
        "The archive is broken",
        why=f"Nothing can be unpacked from it, although it begins like a {kind} file",
        remedy="Download or pack it again",
    )
