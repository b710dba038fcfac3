import os
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.errors import ConfigError, NotFoundError, SourceError, StateError, StorageError
from clf_core.workspace.names import is_id
from clf_core.workspace.uploads import KEPT_DAYS, MOST_OPEN, RESERVE_BYTES, UploadStore

GIGABYTE = 10**9


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def store(folder):
    return UploadStore(folder)


def begin(store, name="Pets.zip", size=10, fingerprint="print", most=GIGABYTE):
    return store.begin(name, size, fingerprint, most_bytes=most)


def test_pieces_become_the_file(store):
    upload = begin(store)
    assert is_id(upload.id)
    assert (upload.received, upload.complete) == (0, False)
    assert store.append(upload.id, 0, b"01234").received == 5
    done = store.append(upload.id, 5, b"56789")
    assert done.complete
    path, name = store.source_path(upload.id)
    assert (path.read_bytes(), name) == (b"0123456789", "Pets.zip")


def test_a_piece_sent_twice_changes_nothing_and_an_overlap_is_passed_over(store):
    upload = begin(store)
    store.append(upload.id, 0, b"01234")
    assert store.append(upload.id, 0, b"01234").received == 5
    assert store.append(upload.id, 3, b"34567").received == 8
    assert store.append(upload.id, 8, b"89").complete
    assert store.source_path(upload.id)[0].read_bytes() == b"0123456789"


@settings(max_examples=40)
@given(st.binary(min_size=1, max_size=200), st.lists(st.tuples(st.integers(0, 250), st.integers(0, 80)), max_size=20))
def test_whatever_order_pieces_come_in_only_the_true_beginning_is_kept(tmp_path_factory, data, pieces):
    folder = tmp_path_factory.mktemp("uploads")
    store = UploadStore(folder)
    upload = begin(store, size=len(data))
    for offset, length in pieces:
        chunk = data[offset : offset + length]
        try:
            received = store.append(upload.id, offset, chunk).received
        except StateError:
            assert offset > store.get(upload.id).received
            continue
        assert (folder / upload.id / "data").read_bytes() == data[:received]


def test_a_gap_and_a_surplus_are_refused(store):
    upload = begin(store)
    with pytest.raises(StateError, match="missing"):
        store.append(upload.id, 4, b"4")
    with pytest.raises(StateError):
        store.append(upload.id, -1, b"4")
    with pytest.raises(SourceError, match="announced"):
        store.append(upload.id, 0, b"x" * 11)
    assert store.get(upload.id).received == 0


def test_the_same_file_is_found_again_after_a_restart(store, folder):
    upload = begin(store)
    store.append(upload.id, 0, b"0123")
    again = begin(UploadStore(folder))
    assert (again.id, again.received) == (upload.id, 4)


@pytest.mark.parametrize("other", [{"name": "Cars.zip"}, {"size": 11}, {"fingerprint": "changed since"}])
def test_another_file_is_another_upload(store, other):
    assert begin(store, **other).id != begin(store).id


def test_an_unfinished_upload_cannot_be_used_yet(store):
    upload = begin(store)
    with pytest.raises(StateError, match="0 of 10 bytes"):
        store.source_path(upload.id)


def test_empty_and_too_large_files_are_refused_in_words(store):
    with pytest.raises(SourceError, match="empty"):
        begin(store, size=0)
    with pytest.raises(SourceError, match=r"2\.0 GB, and 1\.0 GB are allowed"):
        begin(store, size=2 * GIGABYTE)
    with pytest.raises(ConfigError):
        begin(store, fingerprint="")
    assert store.list() == ()


@pytest.mark.fault("A4")
def test_a_full_disk_says_what_is_needed_and_what_is_there(store, monkeypatch):
    usage = namedtuple("usage", "total used free")
    free = RESERVE_BYTES + 2 * 10 + 6
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(free, 0, free))
    upload = begin(store, size=10)
    # Ten bytes are promised to the first, so a second does not fit any more.
    with pytest.raises(StorageError, match=r"needs 0\.6 GB, has 0\.6 GB"):
        begin(store, name="second", size=10)
    for number in range(10):
        store.append(upload.id, number, b"x")


@pytest.mark.fault("A4")
def test_a_disk_that_fills_up_while_sending_keeps_what_came(store, monkeypatch):
    upload = begin(store)
    store.append(upload.id, 0, b"0123")

    def full(_descriptor, _data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        with pytest.raises(StorageError, match="full"):
            store.append(upload.id, 4, b"4567")
    assert store.get(upload.id).received == 4
    assert store.append(upload.id, 4, b"456789").complete


def test_only_so_many_may_wait(store):
    for number in range(MOST_OPEN):
        begin(store, fingerprint=str(number))
    with pytest.raises(StateError, match="discard"):
        begin(store, fingerprint="one more")
    assert begin(store, fingerprint="3").name == "Pets.zip", "one that waits is still found"
    store.discard(store.list()[0].id)
    begin(store, fingerprint="one more")


def test_discarding_removes_the_bytes_and_is_no_error_twice(store, folder):
    upload = begin(store)
    store.discard(upload.id)
    store.discard(upload.id)
    assert not (folder / upload.id).exists()
    with pytest.raises(NotFoundError):
        store.append(upload.id, 0, b"0")


def test_abandoned_uploads_are_removed_when_another_begins(store, folder):
    old, young = begin(store, fingerprint="old"), begin(store, fingerprint="young")
    (folder / "u-0123").mkdir()
    long_ago = time.time() - (KEPT_DAYS + 1) * 86_400
    for path in [*(folder / old.id).iterdir(), folder / old.id]:
        os.utime(path, (long_ago, long_ago))
    begin(store, fingerprint="new")
    assert old.id not in {upload.id for upload in store.list()}
    assert young.id in {upload.id for upload in store.list()}


@pytest.mark.parametrize("identifier", ["..", "../secret", "u-0", "/etc", "u-" + "0" * 20, "u-" + "G" * 20, ""])
def test_nothing_but_an_identifier_becomes_a_path(store, folder, identifier):
    canary = folder.parent / "secret"
    canary.mkdir()
    (canary / "upload.json").write_text("{}")
    with pytest.raises(NotFoundError):
        store.append(identifier, 0, b"x")
    with pytest.raises(NotFoundError):
        store.source_path(identifier)
    store.discard(identifier)
    assert (canary / "upload.json").exists()


def test_a_name_is_text_whatever_it_holds(store):
    upload = begin(store, name="../../etc/\npasswd\u202e" + "x" * 600)
    assert "\n" not in upload.name
    assert "\u202e" not in upload.name
    assert len(upload.name) == 500
    assert upload.name.startswith("../../etc/")
    assert begin(store, name="  ").name == "Upload"


def test_a_record_half_written_or_damaged_does_not_count(store, folder):
    upload = begin(store)
    (folder / upload.id / "upload.json").write_text('{"id": 3')
    assert store.list() == ()
    assert begin(store).id != upload.id


def test_two_senders_of_one_file_do_not_mix_it_up(store):
    data = bytes(range(256)) * 40
    upload = begin(store, size=len(data))

    def send():
        for offset in range(0, len(data), 64):
            store.append(upload.id, offset, data[offset : offset + 64])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.source_path(upload.id)[0].read_bytes() == data


@pytest.mark.fault("A2")
def test_a_killed_process_leaves_what_it_wrote(store, folder):
    """kill -9 in the middle; the bytes so far are a true beginning of the file and sending goes on."""
    size = 64 * 2**20
    upload = begin(store, size=size)
    code = (
        "import sys; from pathlib import Path; from clf_core.workspace.uploads import UploadStore\n"
        "store, identifier = UploadStore(Path(sys.argv[1])), sys.argv[2]\n"
        "block = bytes(range(256)) * 256\n"
        f"for offset in range(0, {size}, len(block)): store.append(identifier, offset, block)\n"
    )
    sender = subprocess.Popen([sys.executable, "-c", code, str(folder), upload.id])
    deadline = time.monotonic() + 60
    while store.get(upload.id).received < 2**20 and time.monotonic() < deadline:
        time.sleep(0.005)
    sender.kill()
    sender.wait()
    store = UploadStore(folder)
    received = store.get(upload.id).received
    assert 2**20 <= received < size
    whole = bytes(range(256)) * (size // 256)
    assert store.append(upload.id, received, whole[received:]).complete
    assert store.source_path(upload.id)[0].read_bytes() == whole


def test_the_signing_key_is_secret_and_outlives_a_restart(store, folder):
    key = store.signing_key
    assert len(key) == 32
    assert UploadStore(folder).signing_key == key
    assert (folder / ".key").stat().st_mode & 0o077 == 0
    assert store.list() == ()
    (folder / ".key").write_bytes(b"cut short")
    assert len(UploadStore(folder).signing_key) == 32
