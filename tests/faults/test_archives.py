"""Hostile archives of every kind through the whole import: what is refused, what is named, and what stays untouched.

A canary beside the store tells whether anything was written or read outside; each case belongs to a row of the
fault table.
"""

import gzip
import hashlib
import io
import stat
import tarfile
import time
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from clf_core.config import ImportLimits, ImportOptions
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, SourceError
from clf_core.importing.importer import ImportedPictures, import_pictures
from clf_core.importing.source import open_source
from clf_core.results import SkippedFile
from tests.faults.fuzzing import declared_png

Members = Sequence[tuple[str, bytes]]
Bring = Callable[..., ImportedPictures]


def picture(number: int, kind: str = "PNG", side: int = 16) -> bytes:
    values = np.random.default_rng(number).integers(0, 256, (side, side + 2, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind)
    return buffer.getvalue()


SOUND: Members = [
    (f"{label}/{n}.png", picture(n + 10 * (label == "bee"))) for label in ("ant", "bee") for n in range(4)
]


def pack_zip(members: Members, *, links: Mapping[str, str] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # names given twice are wanted here
        for name, data in members:
            archive.writestr(name, data)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    return buffer.getvalue()


def pack_tar(members: Members, *, links: Mapping[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            for name, target in (links or {}).items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, target
                archive.addfile(info)
    return buffer.getvalue()


def pack_tar_gz(members: Members, *, links: Mapping[str, str] | None = None) -> bytes:
    return gzip.compress(pack_tar(members, links=links), 1)


def pack_tar_zst(members: Members, *, links: Mapping[str, str] | None = None) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(pack_tar(members, links=links))
    return bytes(target.getvalue().to_pybytes())


PACKERS = {"zip": pack_zip, "tar": pack_tar, "tar.gz": pack_tar_gz, "tar.zst": pack_tar_zst}
packed = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Import an archive given as bytes; afterwards everything outside the store has to be as it was."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary.png").write_bytes(picture(999))
    before = (outside / "canary.png").stat()

    def start(data: bytes, limits: ImportLimits | None = None, **options: object) -> ImportedPictures:
        limits = limits or ImportLimits()
        path = tmp_path / "upload"
        path.write_bytes(data)
        try:
            with open_source(path, limits, options=ImportOptions()) as source:
                store = PictureStore(tmp_path / "workspace" / "pictures")
                return import_pictures(source, store, limits=limits, **options)  # type: ignore[arg-type]
        finally:
            after = (outside / "canary.png").stat()
            assert (outside / "canary.png").read_bytes() == picture(999)
            assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
            assert {found.name for found in tmp_path.iterdir()} <= {"outside", "upload", "workspace"}
            assert [found.name for found in outside.iterdir()] == ["canary.png"]
            secret = hashlib.sha256(picture(999)).hexdigest()
            assert not PictureStore(tmp_path / "workspace" / "pictures").contains(secret)
            assert not any(picture(999) in found.read_bytes() for found in (tmp_path / "workspace").rglob("*.pack"))

    return start


def reasons(imported: ImportedPictures) -> dict[str, str]:
    return {file.name: file.reason for file in imported.skipped}


# --- C1 ---------------------------------------------------------------------------------------------------------------

PATHS = (
    *("../outside/evil.png", "../../outside/canary.png", "ant/../../outside/evil.png", "/evil.png", "//evil.png"),
    *("C:\\evil.png", "C:/evil.png", "..\\outside\\evil.png", "\\\\server\\share\\evil.png"),
)


@pytest.mark.fault("C1")
@packed
@pytest.mark.parametrize("name", PATHS)
def test_no_path_leads_outside(bring: Bring, pack: Callable[..., bytes], name: str) -> None:
    imported = bring(pack([*SOUND, (name, picture(500))]))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    (reason,) = reasons(imported).values()
    assert "outside the source" in reason or "absolute" in reason


@pytest.mark.fault("C1")
@packed
@pytest.mark.parametrize("target", ["../../outside/canary.png", "../outside", "/etc/passwd", "ant/0.png"])
def test_links_are_named_not_followed(bring: Bring, pack: Callable[..., bytes], target: str) -> None:
    imported = bring(pack(SOUND, links={"ant/link.png": target}))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    assert set(reasons(imported).values()) == {"A link to another place, which is not followed"}


@pytest.mark.fault("C1")
def test_a_link_and_then_a_file_through_it(bring: Bring) -> None:
    """Two members that together write outside where a program unpacks them to disk (CVE-2025-4517 and its kin)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("ant")
        link.type, link.linkname = tarfile.SYMTYPE, "../../outside"
        archive.addfile(link)
        for name, data in [*SOUND, ("ant/canary.png", picture(501))]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    imported = bring(buffer.getvalue())
    assert imported.manifest.counts() == {"ant": 5, "bee": 4}
    assert list(reasons(imported)) == ["ant"]


@pytest.mark.fault("C1")
@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE], ids=["chr", "blk", "fifo"])
def test_devices_are_refused(bring: Bring, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("ant/zero.png")
        info.type, info.devmajor, info.devminor = kind, 1, 5
        archive.addfile(info)
    imported = bring(buffer.getvalue()[: -10240 + 512] + pack_tar(SOUND))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    assert reasons(imported) == {"ant/zero.png": "Not an ordinary file"}


# --- C2 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.fault("C2")
def test_a_bomb_inside_a_zip_costs_only_itself(bring: Bring) -> None:
    imported = bring(pack_zip([*SOUND, ("ant/bomb.bmp", b"BM" + bytes(30_000_000))]))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    assert "as zip bombs do" in reasons(imported)["ant/bomb.bmp"]


@pytest.mark.fault("C2")
@pytest.mark.parametrize("pack", [pack_tar_gz, pack_tar_zst], ids=["tar.gz", "tar.zst"])
def test_a_bomb_as_a_packed_tar(bring: Bring, pack: Callable[..., bytes]) -> None:
    with pytest.raises(SourceError, match="MB allowed"):
        bring(pack([*SOUND, ("ant/bomb.bmp", b"BM" + bytes(80_000_000))]))


@pytest.mark.fault("C2")
def test_members_that_share_their_bytes(bring: Bring) -> None:
    data = bytearray(pack_zip(SOUND))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 42 : at + 46] = bytes(4)
        at = data.find(b"PK\x01\x02", at + 1)
    with pytest.raises(SourceError, match="not safe"):
        bring(bytes(data))


@pytest.mark.fault("C2")
@packed
@pytest.mark.parametrize("inner", PACKERS)
def test_nested_archives_are_not_entered(bring: Bring, pack: Callable[..., bytes], inner: str) -> None:
    nested = PACKERS[inner](SOUND)
    imported = bring(pack([*SOUND, (f"ant/more.{inner}", nested), ("ant/renamed.png", nested)]))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    assert len(reasons(imported)) == 2
    assert "archive" in reasons(imported)[f"ant/more.{inner}"]


@pytest.mark.fault("C2")
@pytest.mark.parametrize("pack", [pack_zip, pack_tar], ids=["zip", "tar"])
def test_a_hundred_thousand_files(bring: Bring, pack: Callable[..., bytes]) -> None:
    """The cap is told at once; within it, the listing is quick, and cancelling is quicker."""
    data = pack([(f"ant/{n}.png", b"") for n in range(100_000)])
    started = time.monotonic()
    with pytest.raises(SourceError, match="more than 99,999 files"):
        bring(data, ImportLimits(max_files=99_999))
    asked = iter(range(10**9))
    with pytest.raises(CancelledError):
        bring(data, cancelled=lambda: next(asked) == 50_000)
    assert time.monotonic() - started < 100  # about 10 s on a machine that does nothing else


# --- C3 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.fault("C3")
@packed
def test_names_given_twice(bring: Bring, pack: Callable[..., bytes]) -> None:
    imported = bring(pack([*SOUND, ("ant/0.png", picture(502))]))
    assert hashlib.sha256(SOUND[0][1]).hexdigest() in imported.manifest.column("sha256")
    (skipped,) = imported.skipped
    assert (skipped.name, "same name" in skipped.reason) == ("ant/0.png", True)


@pytest.mark.fault("C3")
def test_bad_checksums(bring: Bring) -> None:
    data = bytearray(pack_zip(SOUND, method=zipfile.ZIP_STORED))
    data[data.find(SOUND[2][1]) + 200] ^= 1
    imported = bring(bytes(data))
    assert "Damaged inside the archive" in reasons(imported)["ant/2.png"]
    assert imported.manifest.counts() == {"ant": 3, "bee": 4}


@pytest.mark.fault("C3")
def test_encrypted_and_in_several_parts(bring: Bring) -> None:
    sound = pack_zip(SOUND)
    locked, one_locked = bytearray(sound), bytearray(sound)
    at = locked.find(b"PK\x01\x02")
    one_locked[at + 8] |= 1
    while at >= 0:
        locked[at + 8] |= 1
        at = locked.find(b"PK\x01\x02", at + 1)
    with pytest.raises(SourceError, match="password"):
        bring(bytes(locked))
    assert "password" in reasons(bring(bytes(one_locked)))["ant/0.png"]
    with pytest.raises(SourceError, match="several parts"):
        bring(sound[:-18] + b"\x02" + sound[-17:])


@pytest.mark.fault("C3")
@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz, pack_tar_zst], ids=["tar", "tar.gz", "tar.zst"])
def test_a_tar_cut_off_gives_what_is_whole(bring: Bring, pack: Callable[..., bytes]) -> None:
    # A block of zstd holds 128 KB, so the archive has to be larger to have a whole one.
    members = [(f"{label}/{n}.bmp", picture(n, "BMP", side=64)) for n in range(40) for label in ("ant", "bee")]
    data = pack(members)
    imported = bring(data[: len(data) * 6 // 10])
    assert 10 < len(imported.manifest) < 80
    assert imported.skipped
    assert any("ut off" in reason for reason in reasons(imported).values())


@pytest.mark.fault("C3")
def test_a_zip_cut_off_is_said_to_be(bring: Bring) -> None:
    with pytest.raises(SourceError, match="broken"):
        bring(pack_zip(SOUND)[:-300])


# --- C4 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.fault("C4")
@packed
def test_what_systems_leave_behind_is_counted_and_no_class(bring: Bring, pack: Callable[..., bytes]) -> None:
    left = ["__MACOSX/pets/ant/._0.png", "pets/.DS_Store", "pets/ant/Thumbs.db", "pets/ant/._1.png", "pets/desktop.ini"]
    imported = bring(pack([*((f"pets/{name}", data) for name, data in SOUND), *((name, picture(7)) for name in left)]))
    assert imported.manifest.counts() == {"ant": 4, "bee": 4}
    assert (imported.ignored_count, imported.skipped) == (len(left), ())


# --- C5 ---------------------------------------------------------------------------------------------------------------

ODD_CLASSES = (
    *("\N{HONEYBEE} bee", "CON", "NUL", "a\tb\nc", "\x1b[31mred", "\u202egnp.exe", "<img src=x onerror=alert(1)>"),
    *("![](http:evil", "=cmd|' !A0", "x" * 300, "é" * 200, " ", "-rf"),
)


@pytest.mark.fault("C5")
@packed
@pytest.mark.parametrize("label", ODD_CLASSES, ids=[ascii(label)[:20] for label in ODD_CLASSES])
def test_class_names_stay_literal_text(bring: Bring, pack: Callable[..., bytes], label: str) -> None:
    imported = bring(pack([*SOUND, *((f"{label}/{n}.png", picture(700 + n)) for n in range(2))]))
    assert unicodedata.normalize("NFC", label) in imported.manifest.classes


@pytest.mark.fault("C5")
@packed
def test_two_spellings_of_one_name_are_one_class_and_it_is_said(bring: Bring, pack: Callable[..., bytes]) -> None:
    names = [unicodedata.normalize(form, "käfer") for form in ("NFC", "NFD")]
    imported = bring(pack([*SOUND, *((f"{name}/{n}.png", picture(800 + n)) for n, name in enumerate(names))]))
    assert imported.manifest.counts()[names[0]] == 2
    assert any("Unicode" in notice for notice in imported.notices)


@pytest.mark.fault("C5")
@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz], ids=["tar", "tar.gz"])
def test_a_name_that_is_no_utf8(bring: Bring, pack: Callable[..., bytes]) -> None:
    imported = bring(pack([*SOUND, ("ant/caf\udce9.png", picture(900))]))
    assert imported.manifest.counts() == {"ant": 5, "bee": 4}
    assert all(name.encode("utf-8") for name in imported.manifest.column("source_name"))


# --- B1, B2, B4 -------------------------------------------------------------------------------------------------------


@pytest.mark.fault("B1", "B2")
@packed
def test_malformed_pictures_are_counted_one_by_one(bring: Bring, pack: Callable[..., bytes]) -> None:
    chance = np.random.default_rng(3)
    members = list(SOUND)
    for number, kind in enumerate(("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") * 3):
        data = bytearray(picture(number, kind))
        for at in chance.integers(2, len(data), 6):
            data[at] ^= 0xFF
        members.append((f"ant/bad{number}.{kind.lower()}", bytes(data[: len(data) - 40 * (number % 2)])))
    started = time.monotonic()
    imported = bring(pack(members))
    assert time.monotonic() - started < 10
    assert len(imported.manifest) + len(imported.skipped) + imported.ignored_count == len(members)
    assert all(file.reason for file in imported.skipped)


def _frames(count: int) -> bytes:
    frames = [Image.new("RGB", (32, 32), (n % 250, 9, 9)) for n in range(count)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.mark.fault("B2")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_huge_pictures_and_many_frames(bring: Bring) -> None:
    extra = [
        ("ant/huge.png", declared_png(50_000, 50_000)),
        ("ant/cut.png", picture(1)[:300]),
        ("ant/film.gif", _frames(400)),
    ]
    imported = bring(pack_zip([*SOUND, *extra]))
    assert imported.manifest.counts() == {"ant": 5, "bee": 4}
    assert any("first frame only" in notice for notice in imported.notices)
    assert "million" in reasons(imported)["ant/huge.png"]
    assert "ut off" in reasons(imported)["ant/cut.png"]


OPENED = {"AVIF": "AVIF", "WebP": "WEBP"}
NOT_OPENED = {
    "JPEG XL": (b"\xff\x0a" + bytes(60), "save it as JPEG or PNG"),
    "SVG": (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "not opened for safety",
    ),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage", "not opened for safety"),
    "a script": (b"#!/bin/sh\nrm -rf /\n", "A text file"),
}


@pytest.mark.fault("B4")
@packed
@pytest.mark.parametrize("kind", OPENED)
def test_told_by_content_and_opened(bring: Bring, pack: Callable[..., bytes], kind: str) -> None:
    imported = bring(pack([*SOUND, ("ant/renamed.jpg", picture(42, OPENED[kind]))]))
    assert imported.manifest.counts() == {"ant": 5, "bee": 4}


@pytest.mark.fault("B4")
def test_heic_is_opened(bring: Bring) -> None:
    import pi_heif
    import pillow_heif

    pillow_heif.register_heif_opener()  # writes the file; the studio reads by pi-heif
    data = picture(43, "HEIF")
    pi_heif.register_heif_opener()
    imported = bring(pack_zip([*SOUND, ("ant/IMG_0001.HEIC", data)]))
    assert imported.manifest.counts() == {"ant": 5, "bee": 4}


@pytest.mark.fault("B4")
@packed
@pytest.mark.parametrize("kind", NOT_OPENED)
def test_told_by_content_and_refused(bring: Bring, pack: Callable[..., bytes], kind: str) -> None:
    data, words = NOT_OPENED[kind]
    imported = bring(pack([*SOUND, ("ant/picture.png", data)]))
    assert imported.skipped == (SkippedFile(name="ant/picture.png", reason=imported.skipped[0].reason),)
    assert words in imported.skipped[0].reason
