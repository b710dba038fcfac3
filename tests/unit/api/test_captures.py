"""From camera pictures to a dataset, through the facade."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.errors import CancelledError, NotFoundError, PictureError, StateError


@pytest.fixture
def shot():
    """``shot(seed)`` returns a noisy JPEG, as a camera makes them; equal seeds give equal pictures."""

    def make(seed: int, kind: str = "JPEG") -> bytes:
        noise = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).save(buffer, kind)
        return buffer.getvalue()

    return make


def fill(bench, shot, classes, each=6):
    capture = bench.captures.begin(classes)
    for entry in capture.classes:
        for number in range(each):
            bench.captures.add(capture.token, entry.id, shot(1000 * entry.id + number), burst=number // 3)
    return capture


def test_a_capture_becomes_a_dataset_and_is_gone(bench, shot):
    capture = fill(bench, shot, ("bee", "ant"))
    report = bench.imports.capture(capture.id, "Insects")
    assert report.classes == {"ant": 6, "bee": 6}
    names = {picture.source_name.rsplit("/", 1)[-1] for picture in bench.datasets.pictures("Insects").pictures}
    assert "burst 01 frame 001.jpg" in names
    assert "burst 04 frame 003.jpg" in names
    with pytest.raises(NotFoundError):
        bench.captures.get(capture.id)
    assert not list((bench.settings.workspace / "captures").iterdir())


def test_a_capture_is_added_to_a_dataset(bench, shot):
    bench.imports.capture(fill(bench, shot, ("bee", "ant")).id, "Insects")
    capture = bench.captures.begin(("bee",))
    bench.captures.add(capture.token, 0, shot(77))
    report = bench.imports.capture(capture.id, into="Insects")
    assert report.version == 2
    assert report.classes == {"ant": 6, "bee": 7}


def test_a_cancelled_import_keeps_the_pictures_and_lets_more_come(bench, shot):
    capture = fill(bench, shot, ("bee", "ant"))
    with pytest.raises(CancelledError):
        bench.imports.capture(capture.id, "Insects", cancelled=lambda: True)
    bench.captures.add(capture.token, 0, shot(99))
    assert bench.captures.get(capture.id).total == 13
    assert bench.datasets.list() == ()


def test_pictures_that_come_during_the_import_are_refused_not_lost(bench, shot):
    capture = fill(bench, shot, ("bee", "ant"))
    refused = []

    def progress(done, total, skipped):
        try:
            bench.captures.add(capture.token, 0, shot(5000 + done))
        except StateError as error:
            refused.append(error.remedy)

    report = bench.imports.capture(capture.id, "Insects", progress=progress)
    assert len(refused) >= 12
    assert "add them to it" in refused[0]
    assert report.accepted == 12


@pytest.mark.parametrize("names", [("train", "test"), ("a/b", "a/c"), ("..", "."), ("=1+1", "<img src=x>"), ("1", "2")])
def test_whatever_a_class_is_called_its_pictures_belong_to_it(bench, shot, names):
    report = bench.imports.capture(fill(bench, shot, names).id, "Set")
    assert report.classes == dict.fromkeys(sorted(names), 6)
    assert report.skipped == ()


def test_the_frames_of_one_hold_never_straddle_splits(bench, shot):
    capture = bench.captures.begin(("bee", "ant"))
    for entry in capture.classes:
        for number in range(40):
            bench.captures.add(capture.token, entry.id, shot(1000 * entry.id + number), burst=number // 4)
    bench.imports.capture(capture.id, "Insects")
    splits = {}
    for picture in bench.datasets.pictures("Insects", limit=200).pictures:
        splits.setdefault(picture.source_name.rsplit(" frame", 1)[0], set()).add(picture.split)
    assert len(splits) == 20
    assert all(len(where) == 1 for where in splits.values())


def test_a_preview_is_a_small_new_webp(bench, shot):
    capture = bench.captures.begin(("bee",))
    heic = bench.captures.add(capture.token, 0, shot(1, "PNG"))
    preview = bench.captures.preview(capture.token, heic)
    assert preview[8:12] == b"WEBP"
    assert max(Image.open(io.BytesIO(preview)).size) <= 160
    broken = bench.captures.add(capture.token, 0, b"\xff\xd8\xff broken")
    with pytest.raises(PictureError):
        bench.captures.preview(capture.token, broken)
    with pytest.raises(NotFoundError):
        bench.captures.preview(capture.token, 12345678)
