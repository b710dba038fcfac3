"""Maps computed once: complete, in place, reused when whole, and drawn from by seed, epoch and row alone."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.errors import CancelledError, PictureError, StorageError
from clf_core.training import activations
from clf_core.training.activations import ActivationInputs, MapMaker, Views, collect
from clf_core.training.callbacks import SilentCallbacks
from tests.stored_pictures import damage_picture

SIDE = 16
PREPROCESSING = Preprocessing(input_size=SIDE, resize_size=SIDE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
AUGMENT = AugmentConfig(brightness=0.5)


class Quarters:
    """A front whose maps are the mean colours of four quarters, [3, 2, 2], and now and then a number too large."""

    engine = "test"

    def __init__(self):
        self.seen = 0

    def stream(self, inputs):
        for picture in inputs:
            self.seen += 1
            quarters = picture.reshape(2, SIDE // 2, 2, SIDE // 2, 3).mean((1, 3))
            yield quarters.transpose(2, 0, 1).astype(np.float32) * (1e6 if self.seen == 2 else 1)


class Told(SilentCallbacks):
    def __init__(self, stop_after=None):
        self.stages, self.done, self.messages, self.left = [], [], [], stop_after

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.done.append(done)

    def message(self, text):
        self.messages.append(text)

    def check_cancelled(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise CancelledError("Stopped")


@pytest.fixture
def keys_and_store(imported):
    manifest, store = imported({"red": 6, "blue": 6})
    return [row.sha256 for row in manifest.rows()], store


@pytest.fixture
def compute(keys_and_store, tmp_path):
    """``compute(front, told, **changes)`` collects the maps of all pictures with two variants of the first eight."""
    keys, store = keys_and_store

    def run(front, told=None, *, identity=("weights", "cut"), **changes):
        views = replace(Views(keys, keys[:8], 2, AUGMENT, seed=3), **changes)
        maker = MapMaker(front, identity, (3, 2, 2), PREPROCESSING)
        return collect(views, maker, tmp_path / "run", store.read, told or Told(), ImportLimits())

    return run


def test_every_map_is_where_it_belongs(compute, keys_and_store, tmp_path):
    keys, _ = keys_and_store
    front, told = Quarters(), Told()
    kept = compute(front, told)
    assert front.seen == 12 + 2 * 8
    assert told.stages == [("features", 28)]
    assert told.done == list(range(1, 29))
    assert kept.maps.shape == (28, 3, 2, 2)
    assert kept.maps.dtype == np.float16
    assert kept.rows_of([keys[0], keys[1], keys[8], keys[11]]).tolist() == [0, 3, 24, 27]
    assert np.isfinite(kept.maps).all()  # the large ones are cut off at what float16 holds
    assert kept.maps[1].max() == np.finfo(np.float16).max
    plain, variants = kept.maps[3].astype(float), kept.maps[4:6].astype(float)
    assert (np.abs(variants - plain).max((1, 2, 3)) > 1).all()
    assert not np.array_equal(variants[0], variants[1])
    with pytest.raises(ValueError, match="read-only"):
        kept.maps[0] = 0
    assert sorted(path.suffix for path in (tmp_path / "run").iterdir()) == [".bin", ".json"]


def test_whole_maps_are_used_again_and_others_made_anew(compute, keys_and_store, tmp_path):
    first = np.array(compute(Quarters()).maps)
    again, told = Quarters(), Told()
    np.testing.assert_array_equal(compute(again, told).maps, first)
    assert again.seen == 0
    assert told.stages == [("features", 28)]
    assert told.done == [28]
    for changes in ({"identity": ("weights", "other")}, {"seed": 4}, {"count": 1}, {"augment": AugmentConfig(hue=0.2)}):
        front = Quarters()
        compute(front, **changes)
        assert front.seen > 0, changes
        assert len(list((tmp_path / "run").glob("maps-*.bin"))) == 1
    without = compute(Quarters(), count=0)
    front = Quarters()
    compute(front, count=0, seed=9)  # without variants the seed plays no part
    assert front.seen == 0
    assert without.views == 0


@pytest.mark.parametrize("harm", ["cut short", "no note", "another boot", "nonsense"])
def test_what_is_not_whole_is_computed_again_alike(compute, tmp_path, harm):
    first = np.array(compute(Quarters()).maps)
    path = next((tmp_path / "run").glob("maps-*.bin"))
    note = path.with_suffix(".json")
    if harm == "cut short":
        path.write_bytes(path.read_bytes()[:-2])
    elif harm == "no note":
        note.unlink()
    else:
        note.write_text('{"boot": "another"}' if harm == "another boot" else "[")
    front = Quarters()
    np.testing.assert_array_equal(compute(front).maps, first)
    assert front.seen == 28


def test_stopping_leaves_nothing_that_could_be_mistaken_for_whole(compute, tmp_path):
    with pytest.raises(CancelledError):
        compute(Quarters(), Told(stop_after=5))
    assert list((tmp_path / "run").glob("maps-*.json")) == []
    front = Quarters()
    compute(front)
    assert front.seen == 28


def test_a_picture_that_is_gone_is_named(compute, keys_and_store):
    keys, store = keys_and_store
    damage_picture(store, keys[4], b"gone")
    with pytest.raises(PictureError, match=keys[4]):
        compute(Quarters())


@pytest.mark.parametrize(("room", "views"), [(20 * 24, 1), (19 * 24, 0)])
def test_a_full_disk_takes_variants_first(compute, monkeypatch, tmp_path, room, views):
    usage = shutil.disk_usage(tmp_path)._replace(free=room + activations._SPARE_BYTES)
    monkeypatch.setattr(activations.shutil, "disk_usage", lambda _: usage)
    told = Told()
    kept = compute(Quarters(), told)
    assert kept.views == views
    assert len(kept.maps) == 12 + 8 * views
    assert told.stages == [("features", 12 + 8 * views)]
    assert told.messages == [
        f"The disk has no room for 2 variants of each training picture; it learns from {views or 'none'}."
    ]


def test_a_disk_without_any_room_says_so(compute, monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)._replace(free=11 * 24 + activations._SPARE_BYTES)
    monkeypatch.setattr(activations.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="not enough room"):
        compute(Quarters())


def test_a_disk_that_fills_up_meanwhile_says_so(compute, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(activations, "write_json", full)
    with pytest.raises(StorageError, match="full"):
        compute(Quarters())


def test_which_variant_depends_on_seed_epoch_and_row_alone(compute, keys_and_store):
    keys, _ = keys_and_store
    kept = compute(Quarters())
    inputs, rows = ActivationInputs(kept, keys[:8], seed=1), np.arange(8)
    first = inputs.learn(rows, 1)
    assert first.dtype == torch.float32
    assert first.shape == (8, 3, 2, 2)
    backwards = ActivationInputs(kept, keys[:8], seed=1)
    backwards.learn(rows, 2)
    for row in reversed(rows):
        torch.testing.assert_close(backwards.learn(np.array([row]), 1)[0], first[row], rtol=0, atol=0)
    assert any(not torch.equal(inputs.learn(rows, epoch), first) for epoch in (2, 3))
    assert not torch.equal(ActivationInputs(kept, keys[:8], seed=2).learn(rows, 1), first)
    seen = {float(inputs.learn(np.array([4]), epoch).sum()) for epoch in range(1, 40)}
    assert len(seen) == 3  # the picture as it is, and both variants
    plain = inputs.judge(rows).numpy()
    np.testing.assert_array_equal(plain, kept.maps[kept.rows_of(keys[:8])].astype(np.float32))
    assert len(inputs) == 8


def test_pictures_without_variants_are_learned_from_as_they_are(compute, keys_and_store):
    keys, _ = keys_and_store
    inputs = ActivationInputs(compute(Quarters()), keys[8:], seed=1, views=0, channels_last=True)
    rows = np.arange(4)
    torch.testing.assert_close(inputs.learn(rows, 5), inputs.judge(rows), rtol=0, atol=0)
    assert inputs.judge(rows).is_contiguous(memory_format=torch.channels_last)
