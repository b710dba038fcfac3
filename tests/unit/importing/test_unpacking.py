import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

from clf_core.config import ImportLimits
from clf_core.errors import CancelledError, SourceError, StorageError
from clf_core.importing import unpacking
from clf_core.importing.entries import SourceFile
from clf_core.importing.kinds import packing
from clf_core.importing.source import open_source, uploaded_source
from clf_core.importing.unpacking import CUT, DAMAGED, unpack


def zstd(data: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(data)
    return bytes(target.getvalue().to_pybytes())


PACKERS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstd}
kinds = pytest.mark.parametrize("kind", PACKERS)


def unpacked(data: bytes, limits: ImportLimits | None = None) -> tuple[bytes, str]:
    kind = packing(data)
    assert kind is not None
    handle, damage = unpack(io.BytesIO(data), kind, limits or ImportLimits())
    with handle:
        handle.seek(0)
        return handle.read(), damage


def tar_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


NOISE = np.random.default_rng(0).bytes(1_500_000)


@kinds
def test_one_part_or_several_behind_each_other(kind: str) -> None:
    pack = PACKERS[kind]
    assert unpacked(pack(NOISE)) == (NOISE, "")
    assert unpacked(pack(b"one" * 999) + pack(b"two") + pack(NOISE)) == (b"one" * 999 + b"two" + NOISE, "")


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_zeros_behind_the_end_are_no_damage(kind: str) -> None:
    assert unpacked(PACKERS[kind](b"abc") + bytes(2_000_000)) == (b"abc", "")


def test_a_frame_of_zstd_that_is_to_be_skipped() -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert unpacked(skipped + zstd(b"abc") + skipped) == (b"abc", "")


@kinds
def test_cut_off(kind: str) -> None:
    data, damage = unpacked(PACKERS[kind](NOISE)[:-30])
    assert damage == CUT
    assert NOISE.startswith(data)
    assert len(data) > 500_000


@kinds
def test_damaged_in_the_middle(kind: str) -> None:
    packed = bytearray(PACKERS[kind](NOISE))
    middle = len(packed) * 9 // 10  # bzip2 packs blocks of 900 kB
    packed[middle : middle + 400] = bytes(400)
    data, damage = unpacked(bytes(packed))
    assert damage in (DAMAGED, CUT) or (kind == "zstd" and data != NOISE)  # zstd need not hold a checksum
    assert len(data) <= len(NOISE)


@kinds
def test_garbage_that_begins_right(kind: str) -> None:
    with pytest.raises(SourceError, match="The archive is broken"):
        unpacked(PACKERS[kind](b"abc")[:6] + b"\xff" * 300)


@kinds
def test_a_bomb(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_HARMLESS_BYTES", 8 * 2**20)
    bomb = PACKERS[kind](bytes(10 * 2**20))
    with pytest.raises(SourceError, match="8 MB allowed"):
        unpacked(bomb)


@kinds
def test_more_than_the_limit(kind: str) -> None:
    with pytest.raises(SourceError, match="allowed for it"):
        unpacked(PACKERS[kind](NOISE), ImportLimits(max_total_bytes=1_000_000))


def test_xz_that_wants_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_MOST_LZMA_MEMORY", 2**20)
    with pytest.raises(SourceError, match="The archive is broken"):
        unpacked(lzma.compress(b"abc"))


def test_a_disk_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    with pytest.raises(StorageError, match="not enough room") as caught:
        unpacked(gzip.compress(b"abc"))
    assert "564 MB more are needed" in str(caught.value)
    assert "has 1 MB" in str(caught.value)


def test_cancelling() -> None:
    with pytest.raises(CancelledError):
        unpack(io.BytesIO(gzip.compress(NOISE)), "gzip", ImportLimits(), cancelled=lambda: True)


class TestThroughTheDoor:
    members: ClassVar = {"ant/1.jpg": b"1" * 3000, "bee/2.jpg": b"2"}

    @kinds
    def test_the_name_does_not_matter(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / "pictures.zip"
        path.write_bytes(PACKERS[kind](tar_of(self.members)))
        with open_source(path, ImportLimits()) as source:
            assert {f.name: f.read() for f in source.files() if isinstance(f, SourceFile)} == self.members
        assert list(tmp_path.iterdir()) == [path]

    def test_titles(self, tmp_path: Path) -> None:
        for name in ("my pets.tar", "my pets.TAR.GZ", "my pets.tgz"):
            data = tar_of(self.members)
            handle = io.BytesIO(data if name.endswith("tar") else gzip.compress(data))
            with uploaded_source([(f"C:\\x\\{name}", handle)], ImportLimits()) as source:
                assert source.title == "my pets"
            assert not handle.closed

    def test_what_is_missing_is_told(self, tmp_path: Path) -> None:
        whole = gzip.compress(tar_of({f"ant/{n}.jpg": NOISE[n : n + 40_000] for n in range(50)}))
        (tmp_path / "a.tar.gz").write_bytes(whole[: len(whole) // 2])
        with open_source(tmp_path / "a.tar.gz", ImportLimits()) as source:
            *files, last = source.files()
        whole_ones = [file for file in files if isinstance(file, SourceFile)]
        assert 15 < len(whole_ones) < 30
        assert not isinstance(last, SourceFile)
        assert last.reason == f"The archive is cut off here; {len(whole_ones)} files before it can be read"

    def test_packed_but_no_archive(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg.gz").write_bytes(gzip.compress(NOISE))
        with pytest.raises(SourceError, match="not an archive of files"):
            open_source(tmp_path / "a.jpg.gz", ImportLimits())
