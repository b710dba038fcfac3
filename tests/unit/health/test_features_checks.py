"""Outliers and the honest accuracy, on made-up features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.health.honesty import measure_leak, spread
from clf_core.health.outliers import check_outliers
from clf_core.health.slow import chosen_places, slow_checks


def _nothing() -> None:
    return None


def _usual(count: int, dim: int = 64, seed: int = 0) -> np.ndarray:
    """Features that lie about a common direction, as those of pictures of one kind do; none is negative."""
    random = np.random.default_rng(seed)
    return np.abs(np.linspace(0, 2, dim) + random.normal(0, 0.3, (count, dim))).astype(np.float32)


def test_a_stranger_is_found_and_the_others_are_not(survey, kinds):
    features = _usual(100)
    features[[7, 50]] = np.abs(np.random.default_rng(9).normal(0, 2, (2, 64)))
    assert kinds(check_outliers(survey("ab" * 50), np.arange(100), features, _nothing)) == {"outliers": [107, 150]}
    assert check_outliers(survey("ab" * 50), np.arange(100), _usual(100), _nothing) == []


def test_a_stranger_given_twice_does_not_hide_behind_its_copy(survey, kinds):
    features = _usual(100)
    features[[7, 50]] = np.abs(np.random.default_rng(9).normal(0, 2, 64))
    files = np.arange(100)
    files[50] = 7
    found = check_outliers(survey("ab" * 50, files=files), np.arange(100), features, _nothing)
    assert kinds(found) == {"outliers": [107, 150]}


@pytest.mark.parametrize("count", [1, 2, 29])
def test_with_few_pictures_nothing_is_an_outlier(survey, count):
    features = np.random.default_rng(0).normal(0, 3, (count, 8)).astype(np.float32)
    assert check_outliers(survey("a" * count), np.arange(count), features, _nothing) == []


def _copies(survey, splits: str = "", labels: str = ""):
    """Pictures in four copies each whose features say nothing of the class."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 4)
    features = random.normal(size=(60, 40)).astype(np.float32)[groups]
    kinds_of = random.integers(0, 2, 60)[groups]
    return survey(["ab"[kind] for kind in kinds_of], groups=groups, splits=splits), features


def test_copies_on_both_sides_make_noise_look_learned(survey):
    pictures, features = _copies(survey)
    leak = measure_leak(pictures, np.arange(240), features, _nothing)
    assert leak.with_leak > 0.9
    assert leak.without_leak < 0.7
    assert leak.with_leak_low < leak.with_leak < leak.with_leak_high <= 1
    assert leak.without_leak_low < leak.without_leak < leak.without_leak_high
    assert leak.pictures == 240


def test_without_copies_both_figures_are_the_same(survey):
    random = np.random.default_rng(1)
    pictures = survey("ab" * 60)
    features = random.normal(size=(120, 6)).astype(np.float32)
    leak = measure_leak(pictures, np.arange(120), features, _nothing)
    assert leak.with_leak == leak.without_leak
    assert leak.with_leak_high == leak.without_leak_high


@pytest.mark.fault("D3")
def test_the_test_split_takes_no_part_in_the_accuracy(survey):
    pictures, features = _copies(survey, splits="tvtvs" * 48)
    before = measure_leak(pictures, np.arange(240), features, _nothing)
    features[pictures.splits == 2] = 1e3
    assert measure_leak(pictures, np.arange(240), features, _nothing) == before
    assert before.pictures <= 192


@pytest.mark.parametrize("labels", ["aaaa", "ab"])
def test_nothing_to_judge_gives_no_figure(survey, labels):
    features = np.ones((len(labels), 3), dtype=np.float32)
    assert measure_leak(survey(labels), np.arange(len(labels)), features, _nothing) is None


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 9)), min_size=1, max_size=50))
def test_spreading_moves_only_pictures_of_groups_and_never_onto_one_fold(rows):
    fold, groups = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    moved = spread(fold, groups)
    sizes = np.bincount(groups)[groups]
    assert (moved[sizes == 1] == fold[sizes == 1]).all()
    assert ((moved < 0) == (fold < 0)).all()
    assert moved.max() <= max(fold.max(), -1)


def test_spreading_deals_a_whole_group_over_the_folds():
    moved = spread(np.array([3, 3, 3, 3, 3, 4, 0]), np.array([0, 0, 0, 0, 0, 1, 2]))
    assert sorted(moved[:5]) == [0, 1, 2, 3, 4]
    assert moved[5:].tolist() == [4, 0]


def test_of_very_many_pictures_a_sample_is_looked_at():
    rows = [
        ManifestRow(f"{n:064x}", 1, 9, 9, "ab"[n % 2], "train", str(n), f"{n}", excluded="" if n % 4 else "No")
        for n in range(80)
    ]
    manifest = Manifest.from_rows(rows)
    assert chosen_places(manifest).tolist() == list(range(60))
    few = chosen_places(manifest, most=20)
    assert len(np.unique(few)) == 20
    assert few.max() < 60
    assert (few == chosen_places(manifest, most=20)).all()


def test_all_slow_checks_together(survey, kinds):
    features = _usual(120)
    features[::2, :8] += 2
    features[5] = np.abs(np.random.default_rng(9).normal(0, 2, 64))
    made = slow_checks(survey("ab" * 60), np.arange(120), features, _nothing)
    assert "outliers" in kinds(made.found)
    assert made.leak.without_leak > 0.9
