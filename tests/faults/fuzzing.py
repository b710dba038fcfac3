"""Malformed pictures and archives, one after another, in a process that may take 1 GB and 10 seconds for each.

``python -m tests.faults.fuzzing KIND COUNT`` makes COUNT cases from their numbers, so that each can be made again,
and tries them the way an import does. Prints each number before it is tried, so that the last one printed is the
one that crashed or hung, and at the end a line of JSON. Anything that is neither accepted nor refused in words ends
the process with a traceback.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import random
import re
import resource
import signal
import stat
import struct
import sys
import tarfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from clf_core.config import ImportLimits, ImportOptions
from clf_core.data.decoding import decode_with_facts
from clf_core.errors import InputError, PictureError
from clf_core.importing.entries import SourceFile
from clf_core.importing.placing import place_files
from clf_core.importing.source import uploaded_source

MOST_BYTES = 2**30
MOST_SECONDS = 10
LIMITS = ImportLimits()

Mutation = Callable[[bytearray, random.Random], None]

# --- pictures ---------------------------------------------------------------------------------------------------------

_WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "JPEG with EXIF": ("JPEG", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}),
    "PNG": ("PNG", {}),
    "WebP": ("WEBP", {}),
    "lossless WebP": ("WEBP", {"lossless": True}),
    "GIF": ("GIF", {}),
    "BMP": ("BMP", {}),
    "TIFF": ("TIFF", {}),
    "packed TIFF": ("TIFF", {"compression": "tiff_lzw"}),
    "deflated TIFF": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "AVIF": ("AVIF", {}),
    "HEIF": ("HEIF", {}),
}


@cache
def picture(kind: str, mode: str = "RGB") -> bytes:
    """A small sound picture file."""
    values = np.random.default_rng(len(kind)).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    image = Image.fromarray(values, "RGBA").convert(mode)
    buffer = io.BytesIO()
    form, options = _WRITERS[kind]
    image.save(buffer, form, **options)
    return buffer.getvalue()


@cache
def animation(kind: str) -> bytes:
    """Several frames in one file."""
    frames = [Image.new("RGB", (20, 20), (n, n, n)) for n in range(0, 250, 25)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _truncate(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, len(data)) :]


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 32))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _edit_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 8))):
        data[chance.randrange(min(len(data), 80))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))


def _write_number(data: bytearray, chance: random.Random) -> None:
    """A number where programs expect sizes, offsets and counts: huge, negative, zero."""
    size = chance.choice((2, 4, 8))
    place = chance.randrange(max(1, len(data) - size))
    number = chance.choice((0, 1, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**40, 2**63 - 1)) % 2 ** (
        8 * size
    )
    data[place : place + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _insert_and_delete(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data))
    data[place:place] = chance.randbytes(chance.randrange(1, 64))
    place = chance.randrange(len(data))
    del data[place : place + chance.randrange(1, 64)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 400)]
    data[start:start] = piece * chance.randrange(1, 30)


MUTATIONS: tuple[Mutation, ...] = (_truncate, _flip, _edit_header, _write_number, _insert_and_delete, _repeat)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def declared_png(width: int, height: int, colour: int = 2, extra: bytes = b"", rows: bytes = b"") -> bytes:
    """A PNG that declares any size, with right checksums."""
    header = struct.pack(">LLBBBBB", width, height, 8, colour, 0, 0, 0)
    body = _chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + body + _chunk(b"IEND", b"")


def _huge(chance: random.Random) -> bytes:
    """Files of a few kilobytes that declare, or really hold, very much."""
    side = chance.choice((2_000, 20_000, 60_000, 2**31 - 1))
    choice = chance.randrange(7)
    if choice == 0:
        return declared_png(side, chance.choice((1, side)), chance.choice((0, 2, 3, 4, 6)), rows=bytes(200_000))
    if choice == 1:  # text that unpacks to 50 MB
        return declared_png(9, 9, extra=_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9)))
    if choice == 2:
        data = bytearray(picture("BMP"))
        data[18:26] = struct.pack("<ll", side, chance.choice((side, -side)))
        return bytes(data)
    if choice == 3:
        return b"GIF89a" + struct.pack("<HH", 65535, 65535) + picture("GIF")[10:]
    if choice == 4:  # many scans over a large area
        data = picture("progressive JPEG")
        scan = data[data.index(b"\xff\xda") : -2]
        large = bytearray(data[:-2])
        at = large.index(b"\xff\xc2")
        large[at + 5 : at + 9] = struct.pack(">HH", 8_000, 8_000)
        return bytes(large) + scan * 200 + b"\xff\xd9"
    if choice == 5:  # as many pixels as are allowed, and all are there
        return declared_png(5_000, 4_000, 0, rows=bytes(5_001 * 4_000))
    data = bytearray(animation(chance.choice(("GIF", "WEBP", "PNG", "TIFF"))))
    _write_number(data, chance)
    return bytes(data)


def make_picture(chance: random.Random) -> bytes:
    """One malformed picture."""
    if chance.random() < 0.04:
        return _huge(chance)
    kind = chance.choice(tuple(_WRITERS))
    modes = {"PNG": ("RGB", "RGBA", "P", "1", "L", "LA"), "TIFF": ("RGB", "CMYK", "1", "F")}.get(kind, ("RGB",))
    data = bytearray(picture(kind, chance.choice(modes)))
    if chance.random() < 0.1:
        other = picture(chance.choice(tuple(_WRITERS)))
        cut = chance.randrange(1, len(data))
        data[cut:] = other[cut:]
    for _ in range(chance.choice((1, 1, 2, 3))):
        if data:
            chance.choice(MUTATIONS)(data, chance)
    return bytes(data)


def check(holds: bool, otherwise: str) -> None:
    """End the process unless it holds."""
    if not holds:
        raise AssertionError(otherwise)


def try_picture(data: bytes) -> bool:
    """Whether it is accepted; False when it is refused in words."""
    try:
        decoded = decode_with_facts(data, LIMITS)
    except PictureError as error:
        check(bool(error.what), "a refusal without words")
        check("memory" not in error.what, "the limit on memory was reached")
        return False
    assert decoded.picture.mode == "RGB"
    return True


# --- archives ---------------------------------------------------------------------------------------------------------

_NAMES = (
    *("ant/1.png", "ant/2.png", "bee/1.png", "bee/2.jpg", "train/ant/3.png", "../../outside.png", "/etc/passwd.png"),
    *(
        "C:\\windows\\x.png",
        "\\\\server\\share\\x.png",
        "ant/../../x.png",
        "__MACOSX/._1.png",
        "ant/.DS_Store",
        "labels.csv",
    ),
    *(
        "ant/CON.png",
        "ant/a\0b.png",
        "ant/\u202e.png",
        "ant/" + "x" * 300 + ".png",
        "d/" * 60 + "1.png",
        "ant/more.zip",
        "",
    ),
)


def _members(chance: random.Random) -> list[tuple[str, bytes]]:
    contents = (
        *(picture("PNG"), picture("JPEG"), picture("BMP"), b"", b"text", b"file,label\n1.png,ant\n2.png,bee\n"),
        *(bytes(chance.choice((10, 600_000))), chance.randbytes(300)),
    )
    return [(chance.choice(_NAMES), chance.choice(contents)) for _ in range(chance.randrange(1, 7))]


def _zip(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    method = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in _members(chance):
            info = zipfile.ZipInfo(name or "x")
            info.compress_type = method
            if chance.random() < 0.15:
                info.create_system = 3
                kind = chance.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR))
                info.external_attr = (kind | 0o777) << 16
            archive.writestr(info, data)
        if chance.random() < 0.2:
            archive.comment = chance.randbytes(chance.randrange(1, 400))
    return buffer.getvalue()


def _zip_records(data: bytearray, chance: random.Random) -> None:
    """Change fields of the directory: flags, methods, sizes, offsets (overlaps), counts, parts."""
    starts = [at for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for at in _all(data, mark)]
    for _ in range(chance.randrange(1, 4)):
        if not starts:
            return
        at = chance.choice(starts) + chance.randrange(4, 46)
        size = chance.choice((1, 2, 4))
        known = chance.choice((0, 1, 0xFF, len(data), chance.choice(starts), 2**31, 2**32 - 1))
        data[at : at + size] = (known % 2 ** (8 * size)).to_bytes(size, "little")


def _zip_overlap(data: bytearray, chance: random.Random) -> None:
    """Let every name of the directory point at one member."""
    target = chance.choice([0, *_all(data, b"PK\x03\x04")])
    for at in _all(data, b"PK\x01\x02"):
        data[at + 42 : at + 46] = struct.pack("<L", target)


def _zip_bomb(data: bytearray, chance: random.Random) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ant/1.bmp", b"BM" + bytes(chance.choice((3, 20)) * 2**20))
        archive.writestr("bee/1.png", picture("PNG"))
    data[:] = buffer.getvalue()


def _all(data: bytearray, mark: bytes) -> list[int]:
    found, at = [], data.find(mark)
    while at >= 0:
        found.append(at)
        at = data.find(mark, at + 1)
    return found


def make_zip(chance: random.Random) -> bytes:
    """One malformed zip archive."""
    data = bytearray(_zip(chance))
    special = (_zip_records, _zip_records, _zip_records, _zip_overlap, *MUTATIONS)
    for _ in range(chance.choice((1, 1, 2))):
        if data:
            (_zip_bomb if chance.random() < 0.01 else chance.choice(special))(data, chance)
    return bytes(data)


def _tar(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    form = chance.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in _members(chance):
            info = tarfile.TarInfo(name if form != tarfile.USTAR_FORMAT else name[:90])
            if chance.random() < 0.2:
                info.type = chance.choice(
                    (
                        tarfile.SYMTYPE,
                        tarfile.LNKTYPE,
                        tarfile.CHRTYPE,
                        tarfile.FIFOTYPE,
                        tarfile.DIRTYPE,
                        b"S",
                        b"V",
                        b"M",
                    )
                )
                info.linkname = "../../outside.png"
            if info.isreg():
                info.size = len(data)
            if form == tarfile.PAX_FORMAT and chance.random() < 0.3:
                key = chance.choice(("size", "path", "GNU.sparse.size", "GNU.sparse.map", "comment"))
                info.pax_headers = {key: chance.choice(("-1", "9" * 30, "x" * 2_000, "0", "../x\0y"))}
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _tar_fields(data: bytearray, chance: random.Random) -> None:
    """Change a header and put its checksum right, so that the change is believed."""
    heads = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not heads:
        return
    at = chance.choice(heads)
    numbers = (
        b"77777777777\0",
        b"\x80" + b"\xff" * 11,
        b"\xff" * 12,
        b"-0000000001\0",
        b"00000000000\0",
        b"%011o\0" % 10**8,
    )
    start, value = chance.choice(
        (
            (124, chance.choice(numbers)),
            (156, chance.choice((b"x", b"g", b"L", b"K", b"S", b"1", b"2", b"3", b"5", b"X", b"\xff"))),
            (0, chance.randbytes(100)),
            (345, chance.randbytes(155)),
            (482, b"\1"),
        )
    )
    data[at + start : at + start + len(value)] = value
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])


def make_tar(chance: random.Random) -> bytes:
    """One malformed tar archive."""
    data = bytearray(_tar(chance))
    for _ in range(chance.choice((1, 1, 2))):
        if data:
            chance.choice((_tar_fields, _tar_fields, _tar_fields, *MUTATIONS))(data, chance)
    return bytes(data)


def _zstd(data: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(data)
    return bytes(target.getvalue().to_pybytes())


def make_packed(chance: random.Random) -> bytes:
    """One malformed packed tar archive: damaged before or after packing, or a bomb."""
    pack = chance.choice(
        (lambda data: gzip.compress(data, 1), bz2.compress, lambda data: lzma.compress(data, preset=0), _zstd)
    )
    if chance.random() < 0.01:
        return bytes(pack(bytes(70 * 2**20)))
    if chance.random() < 0.3:
        return bytes(pack(make_tar(chance)))
    data = bytearray(pack(_tar(chance)))
    chance.choice(MUTATIONS)(data, chance)
    return bytes(data)


def try_archive(data: bytes) -> bool:
    """Whether a picture of it is accepted; False when it or each of its files is refused in words."""
    files: list[SourceFile] = []
    refused = accepted = 0
    try:
        with uploaded_source([("upload.zip", io.BytesIO(data))], LIMITS, options=ImportOptions()) as source:
            for entry in source.files():
                if isinstance(entry, SourceFile):
                    files.append(entry)
                else:
                    assert entry.reason
                    refused += 1
            layout = place_files(files, max_depth=LIMITS.max_depth)
            assert len(layout.placed) + layout.ignored_count <= len(files)
            for placed in layout.placed:
                try:
                    accepted += try_picture(files[placed.index].read())
                except PictureError as error:
                    check(bool(error.what), "a refusal without words")
    except InputError as error:
        check(bool(error.what and error.remedy), f"a refusal without words: {error}")
    return accepted > 0


KINDS: dict[str, tuple[Callable[[random.Random], bytes], Callable[[bytes], bool]]] = {
    "pictures": (make_picture, try_picture),
    "zip": (make_zip, try_archive),
    "tar": (make_tar, try_archive),
    "packed tar": (make_packed, try_archive),
}


def _peak_bytes() -> int:
    """The most memory this process has held; getrusage would count what its parent held when it was started."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def main(kind: str, count: int) -> None:
    """Try the cases of one kind and print what became of them."""
    import pi_heif
    import pillow_heif

    pillow_heif.register_heif_opener()  # writes the HEIC files
    pi_heif.register_heif_opener()  # reads them, as the studio does
    make, attempt = KINDS[kind]
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process even inside a decoder
    warnings.simplefilter("ignore")
    accepted, slowest = 0, 0.0
    for number in range(count):
        os.write(1, b"%d\n" % number)
        data = make(random.Random(f"{kind} {number}"))
        signal.alarm(MOST_SECONDS)
        started = time.monotonic()
        accepted += attempt(data)
        slowest = max(slowest, time.monotonic() - started)
        signal.alarm(0)
    peak = _peak_bytes()
    sys.stdout.write(json.dumps({"cases": count, "accepted": accepted, "slowest": slowest, "peak": peak}) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(sys.argv[1], int(sys.argv[2]))
