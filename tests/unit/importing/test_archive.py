"""Broken and hostile zip archives."""

import contextlib
import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.archive import ZipSource
from clf_core.importing.entries import SourceFile
from clf_core.results import SkippedFile

Pack = Callable[..., bytes]
CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


def opened(data: bytes, limits: ImportLimits | None = None) -> ZipSource:
    return ZipSource(io.BytesIO(data), "test", limits or ImportLimits())


def skipped(data: bytes, limits: ImportLimits | None = None) -> dict[str, str]:
    return {entry.name: entry.reason for entry in opened(data, limits).files() if isinstance(entry, SkippedFile)}


def contents(data: bytes) -> dict[str, bytes]:
    return {entry.name: entry.read() for entry in opened(data).files() if isinstance(entry, SourceFile)}


def places(data: bytes, signature: bytes) -> list[int]:
    found, at = [], data.find(signature)
    while at >= 0:
        found.append(at)
        at = data.find(signature, at + 1)
    return found


def patched(data: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def test_reads_members_in_order_and_again(zip_bytes: Pack) -> None:
    data = zip_bytes([("b/2.jpg", b"two"), ("a/", b""), ("a/1.jpg", b"one" * 99)], zipfile.ZIP_DEFLATED)
    source = opened(data)
    entries = list(source.files())
    assert [(entry.name, entry.size) for entry in entries] == [("b/2.jpg", 3), ("a/1.jpg", 297)]
    assert entries[1].read() == entries[1].read() == b"one" * 99


def test_closing(zip_bytes: Pack) -> None:
    handle = io.BytesIO(zip_bytes([("a", b"x")]))
    with ZipSource(handle, "kept", ImportLimits(), close_handle=False):
        pass
    assert not handle.closed
    with ZipSource(handle, "closed", ImportLimits()) as source:
        (entry,) = source.files()
    assert handle.closed
    with pytest.raises(PictureError):
        entry.read()


class TestWholeArchive:
    @pytest.mark.parametrize(
        "data", [b"", b"PK\x03\x04", b"not a zip at all" * 9, END, END + b"\xff" * 18, END + b"\0" * 8 + b"\xff" * 10]
    )
    def test_broken(self, data: bytes) -> None:
        with pytest.raises(SourceError, match=r"broken|parts"):
            opened(data)

    def test_cut_off(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a/1.jpg", b"x" * 500), ("b/1.jpg", b"y" * 500)])
        for keep in range(0, len(data) - 1, 37):
            with pytest.raises(SourceError, match="broken"):
                opened(data[:keep])

    def test_empty_is_no_error(self, zip_bytes: Pack) -> None:
        assert list(opened(zip_bytes([])).files()) == []

    def test_several_parts(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x")])
        with pytest.raises(SourceError, match="several parts"):
            opened(patched(data, data.index(END) + 4, "<H", 3))

    def test_wholly_encrypted(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x"), ("b", b"y")])
        for at in places(data, CENTRAL):
            data = patched(data, at + 8, "<H", 1)
        with pytest.raises(SourceError, match="password"):
            opened(data)

    def test_members_sharing_bytes(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x" * 50), ("b", b"y" * 50)])
        second = places(data, CENTRAL)[1]
        with pytest.raises(SourceError, match="not safe"):
            opened(patched(data, second + 42, "<L", 0))  # both names point at the first member

    def test_a_member_reaching_into_the_next(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x" * 50), ("b", b"y" * 50)])
        first = places(data, CENTRAL)[0]
        with pytest.raises(SourceError, match="not safe"):
            opened(patched(data, first + 20, "<L", 50 + 31 + 1))

    def test_a_member_reaching_into_the_directory(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x" * 50)])
        with pytest.raises(SourceError, match="not safe"):
            opened(patched(data, data.index(CENTRAL) + 20, "<L", 51))

    def test_too_many_members(self, zip_bytes: Pack) -> None:
        data = zip_bytes([(f"{number}", b"") for number in range(11)])
        with pytest.raises(SourceError, match="more than 10 files"):
            opened(data, ImportLimits(max_files=10))
        assert len(list(opened(data, ImportLimits(max_files=11)).files())) == 11

    def test_too_many_bytes(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x" * 600), ("b", b"y" * 600)])
        with pytest.raises(SourceError, match="unpack to"):
            opened(data, ImportLimits(max_total_bytes=1199))

    def test_a_comment_that_looks_like_an_end(self, zip_bytes: Pack) -> None:
        data = bytearray(zip_bytes([("a", b"x")]))
        comment = b"remark " + END + b"\xff" * 40
        data[-2:] = struct.pack("<H", len(comment))
        with pytest.raises(SourceError, match=r"broken|parts"):
            opened(bytes(data) + comment)

    def test_bytes_before_the_archive_are_fine(self, zip_bytes: Pack) -> None:
        assert contents(b"#!/bin/sh\n" * 20 + zip_bytes([("a", b"x")])) == {"a": b"x"}

    def test_zip64(self) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive, archive.open("a/1.jpg", "w", force_zip64=True) as member:
            member.write(b"x" * 1000)
        assert contents(buffer.getvalue()) == {"a/1.jpg": b"x" * 1000}


class TestMembers:
    def test_links_and_devices(self, zip_bytes: Pack) -> None:
        members = []
        for name, kind in (("link", stat.S_IFLNK), ("device", stat.S_IFCHR), ("pipe", stat.S_IFIFO)):
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (kind | 0o777) << 16
            members.append((info, b"/etc/passwd"))
        found = skipped(zip_bytes([*members, ("fine", b"x")]))
        assert set(found) == {"link", "device", "pipe"}
        assert "link" in found["link"]

    def test_one_encrypted_member(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a", b"x"), ("b", b"y")])
        found = skipped(patched(data, places(data, CENTRAL)[1] + 8, "<H", 1))
        assert list(found) == ["b"]
        assert "password" in found["b"]

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_whose_memory_cannot_be_bounded(self, zip_bytes: Pack, method: int) -> None:
        assert "method" in skipped(zip_bytes([("a", b"x" * 100)], method))["a"]

    def test_bomb(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("bomb.bmp", bytes(4_000_000)), ("flat.bmp", bytes(900_000))], zipfile.ZIP_DEFLATED)
        found = skipped(data)
        assert list(found) == ["bomb.bmp"]
        assert "times its packed size" in found["bomb.bmp"]

    def test_a_large_file(self, zip_bytes: Pack) -> None:
        found = skipped(zip_bytes([("a", b"x" * 101), ("b", b"x" * 100)]), ImportLimits(max_file_bytes=100))
        assert list(found) == ["a"]

    def test_duplicate_names(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a/1.jpg", b"first"), ("a/1.jpg", b"second")])
        assert contents(data) == {"a/1.jpg": b"first"}
        assert "same name" in skipped(data)["a/1.jpg"]

    def test_a_refused_file_does_not_take_its_name(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("a/1.jpg", b"first"), ("a/1.jpg", b"second"), ("b", b"")])
        data = patched(data, places(data, CENTRAL)[0] + 8, "<H", 1)
        assert "password" in skipped(data)["a/1.jpg"]
        assert contents(data) == {"a/1.jpg": b"second", "b": b""}

    def test_bad_checksum(self, zip_bytes: Pack) -> None:
        data = bytearray(zip_bytes([("a", b"x" * 50)]))
        data[40] ^= 1
        (entry,) = opened(bytes(data)).files()
        with pytest.raises(PictureError, match="Damaged inside the archive"):
            entry.read()

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    @pytest.mark.parametrize("size", [0, 10, 499, 501, 5000])
    def test_a_lie_about_the_size(self, zip_bytes: Pack, method: int, size: int) -> None:
        data = zip_bytes([("a", bytes(range(250)) * 2)], method)
        (entry,) = opened(patched(data, data.index(CENTRAL) + 24, "<L", size)).files()
        with pytest.raises(PictureError, match="Damaged inside the archive"):
            entry.read()

    def test_two_names_for_one_member(self, zip_bytes: Pack) -> None:
        data = bytearray(zip_bytes([("safe.jpg", b"x")]))
        data[30:34] = b"evil"
        (entry,) = opened(bytes(data)).files()
        with pytest.raises(PictureError):
            entry.read()

    def test_utf8_names_without_the_flag(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("ärger/ü.jpg", b"x")])
        data = patched(patched(data, data.index(CENTRAL) + 8, "<H", 0), 6, "<H", 0)
        assert contents(data) == {"ärger/ü.jpg": b"x"}

    def test_names_of_old_programs(self, zip_bytes: Pack) -> None:
        data = zip_bytes([("Xrger/", b""), ("Xrger/1.jpg", b"x")]).replace(b"Xrger/", b"\x8erger\\")
        assert contents(data) == {"Ärger/1.jpg": b"x"}


@given(st.data())
@settings(max_examples=120)
def test_damage_anywhere_is_a_reason_not_a_crash(zip_bytes: Pack, data: st.DataObject) -> None:
    sound = zip_bytes([("a/1.jpg", b"one" * 40), ("b/2.jpg", b"two" * 40)], zipfile.ZIP_DEFLATED)
    broken = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    try:
        source = opened(bytes(broken))
    except SourceError:
        return
    for entry in source.files():
        if isinstance(entry, SourceFile):
            with contextlib.suppress(PictureError):  # anything else that is raised fails the test
                assert len(entry.read()) == entry.size
