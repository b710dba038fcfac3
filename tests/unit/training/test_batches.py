"""Order and parts: pure functions of seed, epoch and batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clf_core.training.batches import batch_seed, batches_of, count_batches, order_of, part_of

SIZES = st.integers(1, 300)


@given(SIZES, st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_an_order_holds_each_picture_once(count, seed, epoch):
    labels = np.zeros(count, dtype=np.int64)
    order = order_of(labels, seed, epoch)
    assert sorted(order.tolist()) == list(range(count))
    assert np.array_equal(order, order_of(labels, seed, epoch))


def test_orders_differ_by_seed_and_epoch():
    labels = np.zeros(50, dtype=np.int64)
    orders = {tuple(order_of(labels, seed, epoch)) for seed in (0, 1) for epoch in (1, 2, 3)}
    assert len(orders) == 6


def test_the_sampler_shows_small_classes_as_often():
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    drawn = np.concatenate([order_of(labels, 0, epoch, balanced=True) for epoch in range(1, 6)])
    shares = np.bincount(labels[drawn], minlength=3) / len(drawn)
    assert np.all(np.abs(shares - 1 / 3) < 0.03)
    assert len(drawn) == 5000
    assert np.array_equal(order_of(labels, 0, 1, balanced=True), drawn[:1000])


@given(SIZES, st.integers(1, 64))
def test_batches_are_of_nearly_one_size(count, size):
    batches = batches_of(np.arange(count), size)
    sizes = [len(batch) for batch in batches]
    assert np.array_equal(np.concatenate(batches), np.arange(count))
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert len(batches) == count_batches(count, size) == -(-count // size)


@given(SIZES, st.integers(1, 20), st.booleans())
def test_parts_make_up_the_batch(size, parts, paired):
    places = [part_of(size, part, parts, paired=paired) for part in range(parts)]
    assert sorted(np.concatenate(places).tolist()) == list(range(size))
    assert all(np.all(np.diff(p) > 0) for p in places)
    if paired:
        for part in places:
            assert np.array_equal(part[::-1], size - 1 - part), "who is blended with whom is the same in a part"


def test_each_batch_has_its_own_random_state():
    seeds = {batch_seed(*key) for key in np.ndindex(3, 4, 5, 2)}
    assert len(seeds) == 3 * 4 * 5 * 2
    assert all(0 <= seed < 2**64 for seed in seeds)
