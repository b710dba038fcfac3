import numpy as np
import pytest

from clf_core.evaluation import unknown
from clf_core.evaluation.unknown import (
    References,
    alarm_limit,
    alarm_report,
    read_references,
    separation,
    write_references,
)


def cloud(random: np.random.Generator, count: int, direction: int) -> np.ndarray:
    """Features [count, 32] around one direction, all positive as after a ReLU."""
    features = np.abs(random.normal(1, 0.3, (count, 32)))
    features[:, direction : direction + 4] += 3
    return features.astype(np.float32)


def _unit_rows(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


@pytest.fixture
def learned() -> References:
    random = np.random.default_rng(1)
    return References.of(np.concatenate([cloud(random, 60, 0), cloud(random, 60, 8)]))


def test_distances_are_those_to_the_fifth_nearest(learned):
    random = np.random.default_rng(2)
    features = cloud(random, 7, 0)
    unit = _unit_rows(features)
    every = np.linalg.norm(unit[:, None, :] - learned.rows[None, :, :], axis=2)
    np.testing.assert_allclose(learned.distances(features), np.sort(every, axis=1)[:, 4], atol=2e-3)


def test_blocks_make_no_difference(learned, monkeypatch):
    features = cloud(np.random.default_rng(3), 11, 8)
    whole = learned.distances(features)
    monkeypatch.setattr(unknown, "_BLOCK", 4)
    np.testing.assert_allclose(learned.distances(features), whole, atol=1e-6)
    assert learned.distances(features[:0]).shape == (0,)


def test_what_all_known_pictures_share_is_what_a_foreign_one_lacks():
    """Known pictures vary in many ways around something common; a foreign one is plain, and has none of it."""
    random = np.random.default_rng(9)
    known = np.abs(random.normal(0, 1, (300, 64))).astype(np.float32)
    known[:, :8] += 4
    plain = np.abs(random.normal(0.5, 0.1, (100, 64))).astype(np.float32)
    learned = References.of(known[:200])
    limit = alarm_limit(learned.distances(known[200:]))
    assert (learned.distances(plain) > limit.distance).all()


def test_foreign_pictures_are_far_and_known_ones_as_rarely_as_promised(learned):
    random = np.random.default_rng(4)
    known = learned.distances(cloud(random, 400, 0))
    limit = alarm_limit(known[:200])
    foreign = learned.distances(cloud(random, 200, 20))
    assert limit is not None
    assert limit.promised <= unknown.ALARM_RATE
    assert (known[200:] > limit.distance).mean() < 0.1
    assert (foreign > limit.distance).mean() > 0.95
    assert separation(known, foreign) > 0.99


def test_over_validation_sets_drawn_anew_the_rate_is_kept():
    random, alarms = np.random.default_rng(5), 0
    for _ in range(400):
        limit = alarm_limit(random.normal(size=39), 0.1)
        alarms += int((random.normal(size=50) > limit.distance).sum())
    assert 0.08 <= alarms / (400 * 50) <= 0.11


def test_with_few_pictures_less_is_promised_and_with_fewer_nothing():
    limit = alarm_limit(np.arange(9.0))
    assert (limit.distance, limit.promised) == (8.0, pytest.approx(0.1))
    assert alarm_limit(np.arange(8.0)) is None
    assert alarm_limit(np.arange(99.0)).distance == 97.0
    with pytest.raises(ValueError, match="rate"):
        alarm_limit(np.arange(9.0), 0.0)


def test_alarms_are_counted_on_both_splits(learned):
    report = alarm_report(learned, np.arange(20.0), np.array([1.0, 18.5, 19.5, 30.0]))
    assert (report.distance, report.val, report.val_alarms) == (19.0, 20, 0)
    assert (report.test, report.test_alarms, report.references) == (4, 2, 120)
    assert report.test_low < 0.5 < report.test_high
    few = alarm_report(learned, np.arange(3.0), np.zeros(0))
    assert (few.distance, few.test, few.test_low) == (None, 0, None)


def test_of_many_training_pictures_a_part_is_kept(monkeypatch):
    monkeypatch.setattr(unknown, "MOST_REFERENCES", 50)
    features = cloud(np.random.default_rng(6), 200, 0)
    kept = References.of(features)
    assert kept.rows.shape == (50, 32)
    assert np.isclose(kept.rows[:, None] @ _unit_rows(features).T[None], 1, atol=1e-3).any(axis=2).all()


def test_a_picture_without_features_is_no_fault():
    references = References.of(np.zeros((3, 4), dtype=np.float32))
    assert references.neighbours == 3
    assert np.isfinite(references.distances(np.zeros((1, 4), dtype=np.float32))).all()
    with pytest.raises(ValueError, match="no training features"):
        References.of(np.zeros((0, 4), dtype=np.float32))


def test_they_come_back_from_disk_as_they_were(learned, tmp_path):
    path = tmp_path / "references.npz"
    write_references(path, learned)
    back = read_references(path)
    assert back is not None
    assert (back.rows == learned.rows).all()
    assert back.neighbours == learned.neighbours


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "other", "older"])
def test_references_that_cannot_be_read_are_passed_over(learned, tmp_path, damage):
    path = tmp_path / "references.npz"
    write_references(path, learned)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "text":
        path.write_text("no archive")
    else:
        rows = np.full((2, 3), np.nan if damage == "other" else 0.5, np.float16)
        np.savez(path, rows=rows, neighbours=1, **({"centre": np.zeros(3)} if damage == "older" else {}))
    assert read_references(path) is None


def test_separation_counts_ties_half():
    assert separation(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(0.875)
