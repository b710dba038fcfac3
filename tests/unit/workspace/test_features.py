import numpy as np
import pytest

from clf_core.config import Preprocessing
from clf_core.workspace.features import FeatureStore

_PREPARATION = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def _key(number: int) -> str:
    return f"{number:064x}"


def _store(folder, weights: str = "w", preparation: Preprocessing = _PREPARATION) -> FeatureStore:
    return FeatureStore(folder, weights, preparation)


@pytest.fixture
def table() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 6, (5, 16)).astype(np.float32)


def test_what_was_put_is_found_by_any_other_store_and_the_rest_is_missing(tmp_path, table):
    keys = [_key(n) for n in range(5)]
    early = _store(tmp_path)
    assert early.get(keys) == ({}, keys)
    _store(tmp_path).put(keys[:3], table[:3])
    _store(tmp_path).put(keys[4:], table[4:])
    for store in (early, _store(tmp_path)):
        found, missing = store.get([keys[4], keys[3], keys[0], keys[3], keys[4]])
        assert missing == [keys[3]]
        assert sorted(found) == sorted([keys[0], keys[4]])
        np.testing.assert_allclose(found[keys[0]], table[0], rtol=1e-3)
        assert found[keys[0]].dtype == np.float32


def test_values_beyond_half_precision_are_kept(tmp_path, table):
    table[2, 3] = 1e6
    _store(tmp_path).put([_key(n) for n in range(5)], table)
    found, _ = _store(tmp_path).get([_key(2)])
    np.testing.assert_array_equal(found[_key(2)], table[2])


def test_features_of_another_network_or_preparation_are_not_taken(tmp_path, table):
    keys = [_key(n) for n in range(5)]
    _store(tmp_path).put(keys, table)
    for other in (
        _store(tmp_path, "v"),
        _store(tmp_path, preparation=_PREPARATION.model_copy(update={"input_size": 192})),
    ):
        assert other.get(keys) == ({}, keys)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", "half", "flipped"])
def test_a_damaged_shard_is_passed_over_and_can_be_put_again(tmp_path, table, damage):
    keys = [_key(n) for n in range(5)]
    _store(tmp_path).put(keys[:2], table[:2])
    _store(tmp_path).put(keys[2:], table[2:])
    shard = next(path for path in tmp_path.glob("*/*.npz") if keys[0].encode() in path.read_bytes())
    data = shard.read_bytes()
    if damage == "half":
        damage = data[: len(data) // 2]
    elif damage == "flipped":
        damage = data[:200] + bytes(byte ^ 255 for byte in data[200:300]) + data[300:]
    shard.write_bytes(damage)
    store = _store(tmp_path)
    found, missing = store.get(keys)
    assert missing == keys[:2]
    assert sorted(found) == keys[2:]
    store.put(missing, table[:2])
    assert store.get(keys)[1] == []


def test_a_shard_that_goes_bad_after_it_was_seen_counts_as_missing(tmp_path, table):
    keys = [_key(n) for n in range(5)]
    store = _store(tmp_path)
    store.put(keys, table)
    assert store.get(keys)[1] == []
    next(tmp_path.glob("*/*.npz")).unlink()
    assert store.get(keys) == ({}, keys)
    store.put(keys, table)
    assert store.get(keys)[1] == []


def test_nothing_is_written_for_no_picture(tmp_path):
    _store(tmp_path).put([], np.zeros((0, 4), np.float32))
    assert list(tmp_path.iterdir()) == []
