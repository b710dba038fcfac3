"""The pixel cache: what prediction sees to the last bit, made once, gone on with, refused where the disk is full."""

import io
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.data.augmentation import variant
from clf_core.data.loading import input_from_bytes
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, PictureError, StorageError
from clf_core.models.network import normalise
from clf_core.training.pixels import PixelCache, PixelInputs, margin_for


def preprocessing(fit="crop"):
    return Preprocessing(input_size=32, resize_size=36, fit=fit, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


@pytest.fixture(scope="module")
def files():
    """Photos of several shapes and kinds, by name."""
    random, made = np.random.default_rng(0), {}
    for number, (width, height, kind) in enumerate(
        [(200, 150, "JPEG"), (90, 210, "PNG"), (33, 35, "PNG"), (400, 40, "JPEG"), (36, 36, "PNG")]
    ):
        coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        data = io.BytesIO()
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(data, kind)
        made[f"{number:064x}"] = data.getvalue()
    return made


@pytest.mark.parametrize("fit", ["crop", "squeeze", "pad"])
@pytest.mark.parametrize("margin", [0, 7])
def test_the_plain_view_is_what_prediction_sees(tmp_path, files, fit, margin):
    prepared = preprocessing(fit)
    cache = PixelCache.build(tmp_path, list(files), files.__getitem__, prepared, margin=margin)
    assert cache.pixels.shape == (5, 32 + 2 * margin, 32 + 2 * margin, 3)
    expected = np.stack([input_from_bytes(data, prepared, ImportLimits()) for data in files.values()])
    np.testing.assert_array_equal(cache.plain(cache.rows_of(files)), expected)
    inputs = PixelInputs(cache, cache.rows_of(files), prepared, AugmentConfig(), seed=0)
    assert torch.equal(inputs.judge(np.array([4, 1])), normalise(expected[[4, 1]], prepared))
    assert torch.equal(inputs.learn(np.array([4, 1]), epoch=3), normalise(expected[[4, 1]], prepared))


def test_the_margin_holds_the_pixels_around(tmp_path, files):
    """A turned variant's corners come from the picture itself where there is one: as the single variant's do."""
    prepared = preprocessing()
    key, data = next(iter(files.items()))
    cache = PixelCache.build(tmp_path, [key], files.__getitem__, prepared, margin=2)
    wider = prepared.model_copy(update={"input_size": 36})
    seen = input_from_bytes(data, wider, ImportLimits()).astype(int)
    assert np.abs(cache.pixels[0].astype(int) - seen).max() <= 1


def test_the_margin_is_what_the_corners_need():
    assert margin_for(AugmentConfig(), 224) == 0
    assert margin_for(AugmentConfig(preset="light"), 224) == 0
    assert margin_for(AugmentConfig(rotate=10), 224) == 19
    assert margin_for(AugmentConfig(rotate=45), 224) == margin_for(AugmentConfig(rotate=180), 224) == 48


def test_a_finished_cache_is_used_again(tmp_path, files):
    keys = [*files, next(iter(files))]
    first = PixelCache.build(tmp_path, keys, files.__getitem__, preprocessing())
    told = []
    again = PixelCache.build(tmp_path, keys, {}.__getitem__, preprocessing(), progress=told.append)
    np.testing.assert_array_equal(again.pixels, first.pixels)
    assert told == [5]
    assert again.rows_of(keys).tolist() == [0, 1, 2, 3, 4, 0]


def test_another_preprocessing_makes_another(tmp_path, files):
    PixelCache.build(tmp_path, list(files), files.__getitem__, preprocessing())
    other = PixelCache.build(tmp_path, list(files), files.__getitem__, preprocessing("pad"))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".bin", ".json"]
    assert (other.plain(np.array([3]))[0, 0] == (102, 128, 153)).all()  # a bar in the mean colour


def test_it_is_gone_on_with_where_it_was_broken_off(tmp_path, files):
    read, done = [], []

    def reading(key):
        read.append(key)
        return files[key]

    def stop():
        if done and done[-1] == 3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        PixelCache.build(tmp_path, list(files), reading, preprocessing(), progress=done.append, check=stop)
    read.clear()
    cache = PixelCache.build(tmp_path, list(files), reading, preprocessing())
    assert sorted(read) == sorted(files)[3:]
    expected = np.stack([input_from_bytes(data, preprocessing(), ImportLimits()) for data in files.values()])
    np.testing.assert_array_equal(cache.plain(np.arange(5)), expected)


@pytest.mark.parametrize("note", ['{"done": 99}', "", "[]", '{"done": -3}', '{"done": "4"}'])
def test_a_damaged_note_costs_time_only(tmp_path, files, note):
    PixelCache.build(tmp_path, list(files), files.__getitem__, preprocessing())
    (binary,), (record,) = tmp_path.glob("*.bin"), tmp_path.glob("*.json")
    record.write_text(note)
    binary.write_bytes(binary.read_bytes()[:5000])  # one row and a half
    cache = PixelCache.build(tmp_path, list(files), files.__getitem__, preprocessing())
    expected = np.stack([input_from_bytes(data, preprocessing(), ImportLimits()) for data in files.values()])
    np.testing.assert_array_equal(cache.plain(np.arange(5)), expected)
    assert json.loads(record.read_text()) == {"done": 5}


def test_too_little_room_is_said_before_anything_is_decoded(tmp_path, files, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(StorageError, match=r"not enough room.*5 pictures take 0\.0 GB") as caught:
        PixelCache.build(tmp_path, list(files), {}.__getitem__, preprocessing())
    assert "input_size" in caught.value.remedy


def test_a_disk_that_fills_up_meanwhile_is_put_into_words(tmp_path, files, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="The disk is full"):
        PixelCache.build(tmp_path, list(files), files.__getitem__, preprocessing())


def test_a_damaged_picture_is_named(tmp_path, files):
    broken = {**files, "f" * 64: b"no picture"}
    with pytest.raises(PictureError, match="f" * 64):
        PixelCache.build(tmp_path, list(broken), broken.__getitem__, preprocessing())


def test_a_variant_depends_on_seed_epoch_and_row_alone(tmp_path, files):
    prepared, augment = preprocessing(), AugmentConfig(preset="strong")
    cache = PixelCache.build(
        tmp_path, list(files), files.__getitem__, prepared, margin=margin_for(augment, prepared.input_size)
    )

    def inputs(seed=0):
        return PixelInputs(cache, cache.rows_of(files), prepared, augment, seed)

    together = inputs().learn(np.array([0, 1, 2, 3, 4]), epoch=2)
    asked_alone = inputs()
    asked_alone.learn(np.array([3]), epoch=1)
    torch.testing.assert_close(asked_alone.learn(np.array([4, 2]), epoch=2), together[[4, 2]], rtol=0, atol=1e-5)
    assert torch.equal(inputs().learn(np.array([0, 1, 2, 3, 4]), epoch=2), together)
    for other in (inputs(seed=1).learn(np.arange(5), epoch=2), inputs().learn(np.arange(5), epoch=3)):
        assert ((other - together).abs().mean(dim=(1, 2, 3)) > 0.05).all()


def test_a_cropped_variant_of_a_strip_shows_the_picture(tmp_path):
    """With bars beside it: no window lies on bars alone, which would teach a wrong label."""
    prepared = preprocessing("pad")
    data = io.BytesIO()
    Image.new("RGB", (300, 60), (255, 0, 0)).save(data, "PNG")
    cache = PixelCache.build(tmp_path, ["a" * 64], lambda _: data.getvalue(), prepared)
    inputs = PixelInputs(cache, np.zeros(200, dtype=np.int64), prepared, AugmentConfig(crop=0.1), seed=0)
    red = inputs.learn(np.arange(200), epoch=1)[:, 0] > 2.9  # 255 is 3.0
    assert red.flatten(1).any(dim=1).all()
    picture = Image.open(data)
    for view in range(1, 20):
        single = variant(picture, prepared, AugmentConfig(crop=0.1).resolved(), sha256="a" * 64, view=view, seed=0)
        assert (single[..., 0] == 255).any()


def test_it_reads_the_studio_store(tmp_path, files):
    store = PictureStore(tmp_path / "store")
    keys = [store.add(data) for data in files.values()]
    cache = PixelCache.build(tmp_path / "cache", keys, store.read, preprocessing())
    np.testing.assert_array_equal(
        cache.plain(cache.rows_of(keys[:1]))[0],
        input_from_bytes(next(iter(files.values())), preprocessing(), ImportLimits()),
    )
