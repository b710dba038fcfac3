"""Camera pictures on disk: counted, undone, refused in words, safe from strangers, and there after a restart."""

import os
import threading
import time

import pytest

from clf_core.errors import ConfigError, NotFoundError, PictureError, SourceError, StateError
from clf_core.workspace import capture_records, capture_rules, captures
from clf_core.workspace.captures import CaptureStore

JPEG = b"\xff\xd8\xff\xe0 frame "


@pytest.fixture
def store(tmp_path):
    return CaptureStore(tmp_path)


@pytest.fixture
def capture(store):
    return store.begin(("bee", "ant"))


def counts(capture):
    return {entry.name: entry.count for entry in capture.classes}


def test_pictures_are_counted_in_the_order_they_came_and_found_after_a_restart(store, capture, tmp_path):
    numbers = [store.add(capture.token, kind, JPEG + bytes([kind]), burst=1) for kind in (0, 1, 0, 0)]
    assert numbers == sorted(set(numbers))
    again = CaptureStore(tmp_path).by_token(capture.token)
    assert counts(again) == {"bee": 3, "ant": 1}
    assert again.total == 4
    assert again.classes[0].latest == (numbers[3], numbers[2], numbers[0])
    assert store.picture(capture.token, numbers[1]) == JPEG + b"\x01"


def test_a_summary_names_only_the_newest(store, capture):
    numbers = [store.add(capture.token, 0, JPEG) for _ in range(20)]
    assert store.get(capture.id).classes[0].latest == tuple(reversed(numbers[-capture_records.LATEST :]))


def test_a_token_opens_its_own_capture_and_nothing_else(store, capture, tmp_path):
    other = store.begin(("cat",))
    identifier, secret = capture.token.split(".")
    forged = [
        "",
        ".",
        identifier,
        f"{identifier}.",
        f"{identifier}.{secret[:-1]}",
        f"{identifier}.{secret}x",
        f"{other.id}.{secret}",
        f"{identifier}.Ünicode",
        f"../{tmp_path.name}/{identifier}.{secret}",
        f"{identifier}/../{identifier}.{secret}",
        f"{identifier}\0.{secret}",
    ]
    for token in forged:
        with pytest.raises(NotFoundError) as told:
            store.add(token, 0, JPEG)
        assert "Scan the code" in told.value.remedy
    assert store.get(capture.id).total == store.get(other.id).total == 0


def test_secrets_are_compared_in_constant_time(store, capture, monkeypatch):
    compared = []
    real = captures.hmac.compare_digest
    monkeypatch.setattr(captures.hmac, "compare_digest", lambda a, b: compared.append(b) or real(a, b))
    store.by_token(capture.token)
    assert compared == [capture.token.split(".")[1].encode()]


def test_an_old_token_is_refused_and_the_page_gets_a_new_one(store, capture, monkeypatch):
    now = time.time()
    monkeypatch.setattr(captures.time, "time", lambda: now + 25 * 3600)
    with pytest.raises(NotFoundError):
        store.by_token(capture.token)
    fresh = store.get(capture.id)
    assert fresh.token != capture.token
    assert store.by_token(fresh.token).id == capture.id


def test_undo_removes_the_last_hold_of_a_class_or_of_all(store, capture):
    for kind, burst in ((0, 1), (0, 1), (1, 2), (1, 2), (0, 3), (0, 3), (0, 3)):
        store.add(capture.token, kind, JPEG, burst)
    assert [entry.holds for entry in store.get(capture.id).classes] == [2, 1]
    assert counts(store.remove_last(capture.token, 1)) == {"bee": 5, "ant": 0}
    assert counts(store.remove_last(capture.token)) == {"bee": 2, "ant": 0}
    assert counts(store.remove_last(capture.token)) == {"bee": 0, "ant": 0}
    assert counts(store.remove_last(capture.token)) == {"bee": 0, "ant": 0}


def test_a_removed_picture_s_number_is_not_used_again(store, capture):
    first = store.add(capture.token, 0, JPEG)
    store.clear(capture.token, 0)
    time.sleep(0.003)
    assert store.add(capture.token, 0, JPEG) > first


def test_classes_are_renamed_added_and_removed_with_their_pictures(store, capture, tmp_path):
    for kind in (0, 1, 1):
        store.add(capture.token, kind, JPEG)
    changed = store.set_classes(capture.token, [(1, "wasp"), (None, "fly")])
    assert counts(changed) == {"wasp": 2, "fly": 0}
    assert changed.classes[1].id == 2
    assert len(list((tmp_path / capture.id / "frames").iterdir())) == 2
    again = store.set_classes(capture.token, [(1, "wasp"), (None, "moth")])
    assert [entry.id for entry in again.classes] == [1, 3], "numbers are not used again"
    with pytest.raises(NotFoundError):
        store.add(capture.token, 0, JPEG)


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [(0, "")],
        [(0, "a\nb")],
        [(0, "bee"), (1, " BEE ")],
        [(None, str(number)) for number in range(capture_rules.MAX_CLASSES + 1)],
    ],
)
def test_names_that_cannot_be_used_change_nothing(store, capture, wanted):
    with pytest.raises(ConfigError):
        store.set_classes(capture.token, wanted)
    assert counts(store.get(capture.id)) == {"bee": 0, "ant": 0}


@pytest.mark.parametrize("wanted", [[(7, "bee")], [(0, "bee"), (0, "ant")]])
def test_numbers_of_classes_that_are_not_there_are_refused(store, capture, wanted):
    with pytest.raises(NotFoundError):
        store.set_classes(capture.token, wanted)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", PictureError),
        (b"these are words", PictureError),
        (b"PK\x03\x04 archive", PictureError),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PictureError),
        (b"GIF89a animation", PictureError),
        (JPEG + bytes(capture_rules.MAX_FRAME_BYTES), SourceError),
    ],
)
def test_only_pictures_of_a_camera_are_taken(store, capture, data, error):
    with pytest.raises(error):
        store.add(capture.token, 0, data)
    assert store.get(capture.id).total == 0


def test_there_is_an_end_to_pictures_and_to_bytes(store, capture, monkeypatch):
    monkeypatch.setattr(captures, "MAX_FRAMES", 2)
    store.add(capture.token, 0, JPEG)
    monkeypatch.setattr(captures, "MAX_BYTES", len(JPEG) + 1)
    with pytest.raises(SourceError):
        store.add(capture.token, 0, JPEG)
    monkeypatch.setattr(captures, "MAX_BYTES", 1000)
    store.add(capture.token, 1, JPEG)
    with pytest.raises(SourceError, match="2 pictures were taken"):
        store.add(capture.token, 1, JPEG)


def test_many_threads_lose_no_picture(store, capture):
    def take(kind):
        for number in range(25):
            store.add(capture.token, kind, JPEG + bytes([number]), burst=kind)

    threads = [threading.Thread(target=take, args=(kind,)) for kind in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(store.get(capture.id)) == {"bee": 50, "ant": 50}


def test_a_summary_stands_while_classes_and_pictures_come_and_go(store, capture):
    """Readers take no lock: what they see may be a moment old, but it is never a fault."""
    done, faults = threading.Event(), []

    def look():
        while not done.is_set():
            try:
                store.by_token(capture.token)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to tell it
                faults.append(repr(error))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(20):
        changed = store.set_classes(capture.token, [(0, "bee"), (1, "ant"), (None, f"new {number}")])
        store.add(capture.token, changed.classes[2].id, JPEG)
        store.set_classes(capture.token, [(0, "bee"), (1, "ant")])
    done.set()
    for reader in readers:
        reader.join()
    assert not faults


def test_nothing_changes_while_the_pictures_are_imported(store, capture):
    store.add(capture.token, 1, JPEG, burst=5)
    with store.closed(capture.id) as taken:
        ((label, frame, path),) = taken
        assert (label, frame.burst, path.read_bytes()) == ("ant", 5, JPEG)
        for change in (
            lambda: store.add(capture.token, 0, JPEG),
            lambda: store.clear(capture.token, 1),
            lambda: store.remove_last(capture.token),
            lambda: store.set_classes(capture.token, [(0, "bee")]),
        ):
            with pytest.raises(StateError):
                change()
        with pytest.raises(StateError), store.closed(capture.id):
            pass
    store.add(capture.token, 0, JPEG)
    assert store.get(capture.id).total == 2


def test_files_that_are_no_frames_are_left_alone(store, capture, tmp_path):
    store.add(capture.token, 0, JPEG)
    frames = tmp_path / capture.id / "frames"
    (frames / ".writing-0123").write_bytes(b"half")
    (frames / "000000000001-000009-1-5.jpg").write_bytes(JPEG)  # of a class that is no more
    assert CaptureStore(tmp_path).get(capture.id).total == 1


def test_what_was_left_alone_is_removed_in_time(store, capture, tmp_path):
    store.add(capture.token, 0, JPEG)
    empty = store.begin(("cat",))
    ages = {capture.id: 6 * 86400, empty.id: 2 * 86400}
    for identifier, age in ages.items():
        for path in (tmp_path / identifier, tmp_path / identifier / "frames"):
            if path.exists():
                os.utime(path, (time.time() - age,) * 2)
    store.begin(("dog",))
    assert store.get(capture.id).total == 1, "pictures are kept for a week"
    with pytest.raises(NotFoundError):
        store.get(empty.id)
    for path in (tmp_path / capture.id, tmp_path / capture.id / "frames"):
        os.utime(path, (time.time() - 8 * 86400,) * 2)
    store.begin(("dog",))
    assert not (tmp_path / capture.id).exists()


@pytest.mark.parametrize("identifier", ["", "..", "c-../../x", "c-00000000000000000000", "d-x"])
def test_a_stranger_s_identifier_is_not_found_and_makes_no_path(store, identifier):
    with pytest.raises(NotFoundError):
        store.get(identifier)
    store.discard(identifier)
