import io
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import SourceFile
from clf_core.importing.tar import TarSource
from clf_core.results import SkippedFile

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "GNU": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
Members = Sequence[tuple[str | tarfile.TarInfo, bytes]]


def pack(members: Members, kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.isreg():
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def entries(data: bytes, limits: ImportLimits | None = None) -> list[SourceFile | SkippedFile]:
    return list(TarSource(io.BytesIO(data), "pets", limits or ImportLimits()).files())


def contents(data: bytes) -> dict[str, bytes]:
    return {entry.name: entry.read() for entry in entries(data) if isinstance(entry, SourceFile)}


def skipped(data: bytes, limits: ImportLimits | None = None) -> dict[str, str]:
    return {entry.name: entry.reason for entry in entries(data, limits) if isinstance(entry, SkippedFile)}


@pytest.mark.parametrize("kind", FORMATS)
def test_what_tar_programs_write(kind: str) -> None:
    long = "/".join(["a folder with quite a name"] * 5) + "/1.jpg"
    members: Members = [(long, b"1" * 700), special("a/", tarfile.DIRTYPE), ("a/käfer.jpg", b""), ("b/2.jpg", b"2")]
    assert contents(pack(members, FORMATS[kind])) == {long: b"1" * 700, "a/käfer.jpg": b"", "b/2.jpg": b"2"}
    assert skipped(pack(members, FORMATS[kind])) == {}


def test_names_beyond_255_bytes_and_not_utf8() -> None:
    name = "é" * 400 + ".jpg"
    assert list(contents(pack([(name, b"1")]))) == [name]
    (broken,) = contents(pack([("caf\udce9.jpg", b"1")], tarfile.GNU_FORMAT))
    assert broken.encode("utf-8").decode("utf-8") == broken
    assert broken.startswith("caf")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (special("a/link.jpg", tarfile.SYMTYPE, "../../etc/passwd"), "A link"),
        (special("a/link.jpg", tarfile.LNKTYPE, "b/2.jpg"), "A link"),
        (special("a/pipe", tarfile.FIFOTYPE), "Not an ordinary file"),
        (special("a/disk", tarfile.BLKTYPE), "Not an ordinary file"),
        (special("a/tty", tarfile.CHRTYPE), "Not an ordinary file"),
        (special("a/holes", tarfile.GNUTYPE_SPARSE), "A sparse file"),
        (("b/2.jpg", b"again"), "same name"),
    ],
)
def test_what_is_refused_one_by_one(member: tuple[str | tarfile.TarInfo, bytes], words: str) -> None:
    data = pack([("b/2.jpg", b"2"), member, ("b/3.jpg", b"3")], tarfile.GNU_FORMAT)
    assert contents(data) == {"b/2.jpg": b"2", "b/3.jpg": b"3"}
    (reason,) = skipped(data).values()
    assert words in reason


def test_sparse_files_of_pax() -> None:
    info = tarfile.TarInfo("a/holes")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.name": "a/real"}
    assert "sparse" in skipped(pack([(info, b"1")]))["a/real"]


@pytest.mark.parametrize("kept", [512 * 5, 512 * 5 - 100, 512 * 3 + 10, 512 * 3, 512 * 2 + 100])
def test_an_archive_that_is_cut_off_gives_what_is_whole(kept: int) -> None:
    data = pack([("a/1.jpg", b"1" * 500), ("a/2.jpg", b"2" * 1000)], tarfile.GNU_FORMAT)[:kept]
    assert contents(data) == (
        {"a/1.jpg": b"1" * 500, "a/2.jpg": b"2" * 1000} if kept == 512 * 5 else {"a/1.jpg": b"1" * 500}
    )
    (reason,) = skipped(data).values()
    assert "ut off" in reason


def test_a_damaged_header_ends_the_reading_in_words() -> None:
    data = bytearray(pack([("a/1.jpg", b"1"), ("a/2.jpg", b"2"), ("a/3.jpg", b"3")], tarfile.GNU_FORMAT))
    data[1024 + 30] ^= 1
    assert contents(bytes(data)) == {"a/1.jpg": b"1"}
    assert skipped(bytes(data)) == {"pets": "The archive is damaged here; 1 file before it can be read"}


def test_no_tar_archive() -> None:
    for data in (b"", b"x" * 2000, pack([("a", b"1")])[1:]):
        with pytest.raises(SourceError, match="tar archive 'pets' is broken"):
            entries(data)


def header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[257:265] = b"ustar  \0"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


class TestHostileHeaders:
    @pytest.mark.parametrize("kind", [b"x", b"L", b"g", b"K"])
    def test_a_name_of_gigabytes_is_not_taken_into_memory(self, kind: bytes) -> None:
        first = pack([("a/1.jpg", b"1")])[:1024]
        data = first + header(b"long", b"77777777777\0", kind) + b"x" * 4096
        assert contents(data) == {"a/1.jpg": b"1"}
        assert "cut off" in skipped(data)["pets"]

    def test_a_name_of_megabytes_is_refused_and_what_follows_is_read(self) -> None:
        size = 3 * 2**20
        long = header(b"long", b"%011o\0" % size, b"x") + b"x" * size
        data = long + pack([("a/1.jpg", b"1"), ("a/2.jpg", b"2")], tarfile.GNU_FORMAT)
        assert contents(data) == {"a/2.jpg": b"2"}
        assert "no honest name" in skipped(data)["a/1.jpg"]

    @pytest.mark.parametrize(
        "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001\0", b"9999", b"\x81" + b"\0" * 11]
    )
    def test_sizes_that_cannot_be(self, size: bytes) -> None:
        data = pack([("a/1.jpg", b"1")])[:1024] + header(b"a/2.jpg", size) + b"2" * 512
        assert contents(data) == {"a/1.jpg": b"1"}
        assert len(skipped(data)) == 1

    def test_a_size_in_base_256(self) -> None:
        data = header(b"a/1.jpg", b"\x80" + (3).to_bytes(11, "big")) + b"abc" + bytes(509) + bytes(1024)
        assert contents(data) == {"a/1.jpg": b"abc"}

    def test_headers_without_end(self) -> None:
        data = pack([("a/1.jpg", b"1")])[:1024] + header(b"x", b"0\0", b"x") * 100
        assert "nothing but headers" in skipped(data)["pets"]

    def test_a_list_of_holes_without_end(self) -> None:
        sparse = bytearray(header(b"holes", b"0\0", b"S"))
        sparse[482] = 1
        sparse[148:156] = b" " * 8
        sparse[148:156] = b"%06o\0 " % sum(sparse)
        data = pack([("a/1.jpg", b"1")])[:1024] + bytes(sparse) + (bytes(504) + b"\1" + bytes(7)) * 10_001
        assert "endless" in skipped(data)["pets"]

    @pytest.mark.parametrize(
        "record", [b"9999 path=x\n", b"x path=y\n", b"0 path=y\n", b"-5 path=y\n", b"11 path\n   ", b""]
    )
    def test_pax_records_that_are_nonsense(self, record: bytes) -> None:
        data = header(b"p", b"%o\0" % len(record), b"x") + record.ljust(512, b"\0")[: 512 if record else 0]
        assert list(contents(data + pack([("a/1.jpg", b"1")], tarfile.GNU_FORMAT))) == ["a/1.jpg"]

    def test_a_size_in_pax_that_is_nonsense(self) -> None:
        record = b"15 size=-10000\n"
        data = pack([("a/1.jpg", b"1")], tarfile.GNU_FORMAT)[:1024]
        data += header(b"p", b"%o\0" % len(record), b"x") + record.ljust(512, b"\0") + header(b"a/2.jpg", b"1\0")
        assert "damaged" in skipped(data)["pets"]


class TestLimits:
    data = pack([("a/1.jpg", b"1" * 3), ("a/2.jpg", b"2" * 5)])

    def test_files_and_bytes(self) -> None:
        with pytest.raises(SourceError, match="more than 1 files"):
            entries(self.data, ImportLimits(max_files=1))
        with pytest.raises(SourceError, match="hold more than"):
            entries(self.data, ImportLimits(max_total_bytes=7))
        assert "allowed for one file" in skipped(self.data, ImportLimits(max_file_bytes=4))["a/2.jpg"]

    def test_a_video_may_be_larger_but_is_not_taken_into_memory(self) -> None:
        (entry,) = entries(pack([("a/1.mp4", b"1" * 9)]), ImportLimits(max_file_bytes=4))
        assert isinstance(entry, SourceFile)
        target = io.BytesIO()
        assert entry.save is not None
        entry.save(target)
        assert target.getvalue() == b"1" * 9
        with pytest.raises(PictureError, match="allowed for one file"):
            entry.read()


def test_several_threads_read_a_real_file_and_one_in_memory(tmp_path: Path) -> None:
    wanted = {f"a/{n}.jpg": bytes([n]) * (2000 + n) for n in range(60)}
    data = pack(list(wanted.items()))
    (tmp_path / "a.tar").write_bytes(data)
    for handle in (io.BytesIO(data), (tmp_path / "a.tar").open("rb")):
        with TarSource(handle, "a", ImportLimits()) as source, ThreadPoolExecutor(8) as pool:
            files = [entry for entry in source.files() if isinstance(entry, SourceFile)] * 5
            read = pool.map(lambda file: (file.name, file.read()), files)
            assert all(wanted[name] == content for name, content in read)
        assert handle.closed


def test_reading_after_closing_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack([("a/1.jpg", b"1")]))
    source = TarSource((tmp_path / "a.tar").open("rb"), "a", ImportLimits())
    (entry,) = source.files()
    source.close()
    assert isinstance(entry, SourceFile)
    with pytest.raises(PictureError, match="any more"):
        entry.read()


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=120), st.binary(max_size=1500)), max_size=4),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_the_same_as_tarfile(members: list[tuple[str, bytes]], kind: int) -> None:
    named = [(f"a/{name.replace(chr(0), '')}x", data) for name, data in members]
    named = [(name.encode("utf-8", "ignore").decode(), data) for name, data in named]
    wanted: dict[str, bytes] = {}
    for name, data in named:
        wanted.setdefault(name.replace("\\", "/"), data)
    assert contents(pack(named, kind)) == wanted
