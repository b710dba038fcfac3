"""Nearest training pictures against plain arithmetic, and tables that come back as they were written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clf_core.errors import NotFoundError, StorageError
from clf_core.evaluation.nearest import FeatureTable, chosen_evenly, nearest, read_features, write_features


def _table(count, width=5, seed=0):
    features = np.random.default_rng(seed).normal(3, 1, (count, width)).astype(np.float32)
    return FeatureTable(tuple(f"{number:064x}" for number in range(count)), features)


def test_similarities_are_the_cosines_of_centred_features():
    table = _table(40)
    query = np.random.default_rng(1).normal(3, 1, 5).astype(np.float32)
    features, centre = table.features.astype(float), table.features.astype(float).mean(axis=0)
    rows, one = features - centre, query.astype(float) - centre
    expected = rows @ one / (np.linalg.norm(rows, axis=1) * np.linalg.norm(one))
    np.testing.assert_allclose(table.similarities(query), expected, atol=1e-5)


def test_a_picture_is_most_like_itself():
    table = _table(30)
    for row in (0, 7, 29):
        similarities = table.similarities(table.features[row])
        assert similarities.argmax() == row
        assert similarities[row] == pytest.approx(1, abs=1e-5)


def test_where_nothing_has_a_direction_nothing_is_similar():
    table = FeatureTable(("a", "b"), np.ones((2, 3), dtype=np.float32))
    assert table.similarities(np.array([1, 2, 3], dtype=np.float32)).tolist() == [0, 0]
    assert _table(4).similarities(_table(4).mean).tolist() == [0, 0, 0, 0]
    assert FeatureTable((), np.zeros((0, 3), dtype=np.float32)).similarities(np.ones(3, dtype=np.float32)).shape == (0,)


def test_of_near_copies_only_the_nearest_is_taken():
    similarities = np.array([0.9, 0.5, 0.95, 0.1, 0.5], dtype=np.float32)
    groups = ["a", "b", "a", "c", "d"]
    assert nearest(similarities, groups, 3).tolist() == [2, 1, 4]
    assert nearest(similarities, groups, 99).tolist() == [2, 1, 4, 3]


@given(arrays(np.int64, st.integers(0, 60), elements=st.integers(0, 6)), st.integers(1, 70))
def test_too_many_pictures_are_thinned_out_evenly(label_index, most):
    kept = chosen_evenly(label_index, most)
    assert sorted(set(kept.tolist())) == kept.tolist()
    if len(label_index) <= most:
        assert len(kept) == len(label_index)
        return
    before, after = (np.bincount(label_index[rows], minlength=7) for rows in (slice(None), kept))
    assert len(kept) <= max(most, np.count_nonzero(before))
    largest = after.max()
    assert (after == np.minimum(before, largest)).all()  # as many of each as there are, up to the same number
    assert np.minimum(before, largest + 1).sum() > most  # and no more would have fitted


def test_a_table_comes_back_as_it_was(tmp_path):
    table = _table(7)
    write_features(tmp_path / "f.npz", table)
    back = read_features(tmp_path / "f.npz")
    assert back.keys == table.keys
    assert back.features.dtype == np.float32
    np.testing.assert_array_equal(back.features, table.features)


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "f.npz"
    with pytest.raises(NotFoundError):
        read_features(path)
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(StorageError, match="damaged"):
        read_features(path)
    np.savez(path, keys=np.array([{"code": 1}], dtype=object), features=np.ones((1, 2), dtype=np.float32))
    with pytest.raises(StorageError, match="damaged"):
        read_features(path)
    np.savez(path, keys=np.array(["a"]), features=np.full((1, 2), np.nan, dtype=np.float32))
    with pytest.raises(StorageError, match="damaged"):
        read_features(path)


def test_keys_and_features_must_fit():
    with pytest.raises(ValueError, match="do not fit"):
        FeatureTable(("a",), np.ones((2, 3), dtype=np.float32))
