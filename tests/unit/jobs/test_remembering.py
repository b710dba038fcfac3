"""Trials show a network the same pictures again and again; it is asked once, and says the same."""

from types import SimpleNamespace

import numpy as np

from clf_core.jobs.remembering import RememberingRuntime


class _Means:
    """A network that says the mean of a picture, and counts how often it was asked."""

    spec = SimpleNamespace(feature_dim=1)
    engine = "test"

    def __init__(self):
        self.asked = 0

    def stream(self, inputs):
        for picture in inputs:
            self.asked += 1
            yield np.array([picture.mean()], dtype=np.float32)


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)


def test_answers_come_in_order_and_are_those_of_the_network():
    batch = pictures(300)[np.random.default_rng(1).integers(0, 300, 1000)]
    runtime = RememberingRuntime(_Means())
    assert np.array_equal(
        runtime.features(batch), batch.reshape(1000, -1).mean(axis=1, keepdims=True, dtype=np.float32)
    )


def test_a_picture_is_computed_once_however_often_it_comes():
    inner = _Means()
    runtime = RememberingRuntime(inner)
    first = runtime.features(pictures(200))
    assert np.array_equal(runtime.features(pictures(200)), first)
    assert inner.asked == runtime.computed == 200
    runtime.features(np.concatenate([pictures(200), pictures(5, seed=9)]))
    assert inner.asked == 205


def test_pictures_of_the_same_bytes_and_another_shape_are_different():
    inner = _Means()
    runtime = RememberingRuntime(inner)
    one = np.zeros((2, 8, 3), dtype=np.uint8)
    list(runtime.stream([one, one.reshape(4, 4, 3), one.reshape(8, 2, 3)]))
    assert inner.asked == 3


def test_it_forgets_what_was_not_asked_for_longest(monkeypatch):
    monkeypatch.setattr("clf_core.jobs.remembering._MOST_BYTES", 0)
    inner = _Means()
    runtime = RememberingRuntime(inner)
    runtime.features(pictures(64))
    runtime.features(pictures(64, seed=1))
    runtime.features(pictures(64, seed=1))
    assert inner.asked == 128
    runtime.features(pictures(64))
    assert inner.asked == 192


def test_none_gives_none():
    assert RememberingRuntime(_Means()).features(pictures(0)).shape == (0, 1)
