"""Packs: what was added is read back, whatever happens in between; nothing that is needed is swept."""

import errno
import hashlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.data import pack_index, pack_sweeping, packs
from clf_core.data.pack_index import Table, index_of, packed_index
from clf_core.data.store import PictureStore
from clf_core.errors import NotFoundError, StorageError
from tests.stored_pictures import make_old, packs_of, spot_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def another(store: PictureStore) -> PictureStore:
    """As another process sees the same folder."""
    return PictureStore(store._root)


def key_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(0, 1), st.binary(max_size=40)),
            st.tuples(st.sampled_from(["sync", "reopen", "sweep"]), st.integers(0, 1), st.just(b"")),
        ),
        max_size=30,
    ),
    st.integers(1, 100),
)
def test_any_order_of_steps_reads_back(steps: list[tuple[str, int, bytes]], pack_bytes: int) -> None:
    """Two objects on one folder; packs of a few bytes, so that they fill up and are continued."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(packs, "PACK_BYTES", pack_bytes)
        patch.setattr(packs, "SMALL_PACK_BYTES", pack_bytes // 2)
        stores = [PictureStore(Path(name)), PictureStore(Path(name))]
        added: list[set[bytes]] = [set(), set()]
        durable: set[bytes] = set()
        for step, which, data in steps:
            store = stores[which]
            if step == "add":
                assert store.add(data) == key_of(data)
                added[which].add(data)
            elif step == "sweep":
                assert store.sweep(set()) == 0
            else:
                store.sync()
                durable |= added[which]
                if step == "reopen":
                    stores[which] = PictureStore(Path(name))
            for seen, own in zip(stores, added, strict=True):
                assert all(seen.read(key_of(data)) == data for data in durable | own)
        total = sum(path.stat().st_size for path in Path(name).rglob("*.pack"))
        assert total <= sum(len(data) for own in added for data in own)


def test_what_is_not_synced_is_known_to_nobody_else(store: PictureStore) -> None:
    sha256 = store.add(b"1")
    assert not another(store).contains(sha256)
    store.sync()
    assert another(store).read(sha256) == b"1"


def test_packs_finished_later_are_found(store: PictureStore) -> None:
    reader = another(store)
    for number in range(20):
        data = f"{number}".encode()
        with pytest.raises(NotFoundError):
            reader.read(key_of(data))
        store.add(data)
        store.sync()
        assert reader.read(key_of(data)) == data


def test_pictures_added_singly_share_a_pack(store: PictureStore) -> None:
    for number in range(50):
        store.add(f"{number}".encode())
        store.sync()
    assert [path.suffix for path in packs_of(store)] == [".idx", ".pack"]
    assert another(store).read(key_of(b"0")) == b"0"


@pytest.mark.parametrize("limit", ["PACK_BYTES", "PACK_PICTURES"])
def test_a_full_pack_is_closed_and_another_begun(
    store: PictureStore, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(packs, limit, 10)
    written = [f"{number:02}".encode() for number in range(25)]
    for data in written:
        store.add(data)
    closed = sum(path.suffix == ".idx" for path in packs_of(store))
    assert closed == (5 if limit == "PACK_BYTES" else 2)
    assert another(store).read(key_of(b"00")) == b"00"
    store.sync()
    assert [another(store).read(key_of(data)) for data in written] == written


_ADDING = """
import sys
from pathlib import Path
from clf_core.data.store import PictureStore
store = PictureStore(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.add(f"picture {number}".encode() * 50)
    if number % 40 == 0:
        store.sync()
{end}
"""


def adding(store: PictureStore, first: int, last: int, end: str = "store.sync()") -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", _ADDING.replace("{end}", end), str(store._root), str(first), str(last)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE)


def test_processes_add_at_once(store: PictureStore) -> None:
    running = [adding(store, 0, 300), adding(store, 150, 450)]
    assert [process.wait(60) for process in running] == [0, 0]
    for process in running:
        assert process.stdout is not None
        process.stdout.close()
    for number in range(450):
        data = f"picture {number}".encode() * 50
        assert store.read(key_of(data)) == data


@pytest.mark.fault("A4")
def test_killed_before_the_index_nothing_is_known_and_adding_again_works(store: PictureStore) -> None:
    kept = store.add(b"kept")
    store.sync()
    process = adding(store, 1, 30, end="print('added', flush=True); input()")
    assert process.stdout is not None
    assert process.stdout.readline() == b"added\n"
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert len(packs_of(store)) == 3
    reader = another(store)
    assert not any(reader.contains(key_of(f"picture {number}".encode() * 50)) for number in range(1, 30))
    assert reader.read(kept) == b"kept"
    written = [f"picture {number}".encode() * 50 for number in range(1, 30)]
    for data in written:
        reader.add(data)
    reader.sync()
    assert [store.read(key_of(data)) for data in written] == written


def test_a_forked_process_writes_a_pack_of_its_own(store: PictureStore) -> None:
    store.add(b"before")
    child = os.fork()
    if child == 0:
        store.add(b"child")
        store.sync()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.add(b"parent")
    store.sync()
    assert [store.read(key_of(data)) for data in (b"before", b"child", b"parent")] == [b"before", b"child", b"parent"]


@pytest.mark.fault("A4")
class TestTheDiskRefuses:
    def test_what_it_took_of_a_picture_is_given_back(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.add(b"first")
        write = os.write

        def full(descriptor: int, data: memoryview) -> int:
            monkeypatch.setattr(os, "write", refuse)
            return write(descriptor, data[:3])

        def refuse(descriptor: int, data: memoryview) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="disk is full"):
            store.add(b"second")
        assert packs_of(store)[0].stat().st_size == 5
        assert not store.contains(key_of(b"second"))
        monkeypatch.setattr(os, "write", write)
        store.add(b"third")
        store.sync()
        assert [another(store).read(key_of(data)) for data in (b"first", b"third")] == [b"first", b"third"]

    def test_pictures_it_would_not_flush_are_written_anew(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a failed flush the system may have dropped the data, and say at the next one that all is well."""
        keys = [store.add(data) for data in (b"1", b"2")]
        flush = os.fsync

        def refuse(descriptor: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", refuse)
        for _ in range(2):
            with pytest.raises(StorageError, match="Could not write"):
                store.sync()
            assert [store.read(key) for key in keys] == [b"1", b"2"]
        (doubtful, *_) = packs_of(store)
        monkeypatch.setattr(os, "fsync", flush)
        store.sync()
        assert [another(store).read(key) for key in keys] == [b"1", b"2"]
        assert spot_of(store, keys[0]).pack != doubtful

    def test_an_index_that_finds_no_room_is_written_next_time(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = store.add(b"1")

        def full(self: Path, target: Path) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", full)
            with pytest.raises(StorageError, match="disk is full"):
                store.sync()
        assert not another(store).contains(key)
        store.sync()
        assert another(store).read(key) == b"1"


class TestDamage:
    @pytest.mark.parametrize(
        "harm",
        [
            lambda data: data[:10],
            lambda data: data[:-1],
            lambda data: b"X" + data[1:],
            lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
            lambda data: b"",
        ],
    )
    def test_a_damaged_index_is_told_once_and_its_pictures_can_be_added_again(
        self, store: PictureStore, caplog: pytest.LogCaptureFixture, harm: Callable[[bytes], bytes]
    ) -> None:
        key = store.add(b"1")
        store.sync()
        index = packs_of(store)[0]
        index.write_bytes(harm(index.read_bytes()))
        reader = another(store)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                with pytest.raises(StorageError, match="cannot be found") as caught:
                    reader.read(key)
        assert index.name in caught.value.why
        assert sum(index.name in message for message in caplog.messages) == 1
        make_old(reader)
        assert reader.sweep(set()) == 0  # nobody knows what is in it
        assert index.with_suffix(".pack").exists()
        reader.add(b"1")
        reader.sync()
        assert another(store).read(key) == b"1"

    def test_a_pack_that_was_cut_off_is_told_and_its_pictures_can_be_added_again(self, store: PictureStore) -> None:
        whole, cut = store.add(b"11111"), store.add(b"22222")
        store.sync()
        pack = packs_of(store)[1]
        os.truncate(pack, 7)
        reader = another(store)
        assert reader.read(whole) == b"11111"
        with pytest.raises(StorageError, match="cannot be read") as caught:
            reader.read(cut)
        assert pack.name in caught.value.why
        reader.add(b"22222")
        reader.sync()
        assert another(store).read(cut) == b"22222"


class TestSweeping:
    def test_packs_of_which_nothing_is_needed_go_with_their_index(self, store: PictureStore) -> None:
        lost = [store.add(data) for data in (b"1", b"2")]
        make_old(store)
        kept, beside = store.add(b"3"), store.add(b"4")
        make_old(store)
        young = store.add(b"5")
        store.sync()
        reader = another(store)
        assert reader.sweep({kept}) == 2
        for seen in (store, reader):
            assert not any(seen.contains(key) for key in lost)
            assert [seen.read(key) for key in (kept, beside, young)] == [b"3", b"4", b"5"]
        assert len(packs_of(store)) == 4

    def test_packs_without_an_index_go_after_a_day_but_not_ones_own(self, store: PictureStore) -> None:
        waiting = store.add(b"1")
        for path in packs_of(store):
            os.utime(path, (1, 1))
        abandoned, young = (store._packs._folder / f"{name * 16}.pack" for name in "ab")
        for path in (abandoned, young):
            path.write_bytes(b"x")
        os.utime(abandoned, (1, 1))
        assert store.sweep(set()) == 0
        assert (abandoned.exists(), young.exists()) == (False, True)
        assert store.read(waiting) == b"1"
        store.sync()
        assert another(store).read(waiting) == b"1"

    def test_a_pack_is_young_again_when_one_of_its_pictures_is_added(self, store: PictureStore) -> None:
        key = store.add(b"1")
        make_old(store)
        another(store).add(b"1")
        assert store.sweep(set()) == 0
        assert store.read(key) == b"1"

    @pytest.mark.parametrize("moment", ["before it is put aside", "after it was put aside"])
    @pytest.mark.parametrize("links", [True, False])
    def test_a_picture_that_is_added_meanwhile_stays(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch, moment: str, links: bool
    ) -> None:
        key = store.add(b"1")
        make_old(store)
        other = another(store)
        rename = Path.replace

        def meanwhile(self: Path, target: Path) -> Path:
            monkeypatch.setattr(Path, "replace", rename)
            if moment == "before it is put aside":
                other.add(b"1")
            result = rename(self, target)
            if moment == "after it was put aside":
                other.add(b"1")
            return result

        def refuse(source: Path, target: Path) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        if not links:
            monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(Path, "replace", meanwhile)
        store.sweep(set())
        other.sync()
        assert store.read(key) == another(store).read(key) == b"1"

    @pytest.mark.parametrize("synced", [True, False])
    def test_an_object_that_pauses_finds_its_pack_gone_and_begins_another(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch, synced: bool
    ) -> None:
        first = store.add(b"1")
        if synced:
            store.sync()
        for path in packs_of(store):
            os.utime(path, (1, 1))
        assert another(store).sweep(set()) == int(synced)
        monkeypatch.setattr(packs, "_IDLE_SECONDS", 0.0)
        keys = [store.add(data) for data in (b"2", b"1")]
        store.sync()
        assert [another(store).read(key) for key in (*keys, first)] == [b"2", b"1", b"1"]

    def test_a_pack_removed_while_pictures_are_added_is_told(self, store: PictureStore) -> None:
        store.add(b"1")
        packs_of(store)[0].unlink()
        with pytest.raises(StorageError, match="gone"):
            store.sync()
        key = store.add(b"1")
        store.sync()
        assert another(store).read(key) == b"1"

    def test_an_index_left_aside_by_a_crash_is_put_back(
        self, store: PictureStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = store.add(b"1")
        store.sync()
        index = packs_of(store)[0]
        index.rename(index.with_name(f".sweeping-{index.name}"))
        reader = another(store)
        assert not reader.contains(key)
        reader.sweep({key})
        assert not reader.contains(key)  # another sweep may be at it
        monkeypatch.setattr(pack_sweeping, "_IDLE_SECONDS", -1.0)
        reader.sweep({key})
        assert reader.read(key) == b"1"


def test_threads_read_add_and_sync_at_once(store: PictureStore) -> None:
    wrong: list[object] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 150):
                data = f"{number}".encode() * 20
                key = store.add(data)
                if number % 10 == 0:
                    store.sync()
                if store.read(key) != data:
                    wrong.append(key)
        except Exception as error:  # noqa: BLE001 - told by the assertion
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    store.sync()
    assert all(another(store).contains(key_of(f"{number}".encode() * 20)) for number in range(350))


def test_a_hundred_thousand_pictures_are_known_quickly(tmp_path: Path) -> None:
    digests = [hashlib.sha256(f"{number}".encode()).digest() for number in range(100_000)]
    rows = [pack_index.RECORD.pack(digest, number, 1) for number, digest in enumerate(digests)]
    for number in range(10):
        pack = tmp_path / f"{number:016x}.pack"
        index_of(pack).write_bytes(packed_index(b"".join(rows[number * 10_000 : (number + 1) * 10_000])))
    started = time.perf_counter()
    table = Table.empty().read_again(tmp_path)
    assert time.perf_counter() - started < 0.5  # some 20 ms; machines that test are busy
    assert [spot.offset for spot in table.find(digests[77_777])] == [77_777]
    assert table.find(b"\0" * 32) == []
    assert table.read_again(tmp_path) is table
