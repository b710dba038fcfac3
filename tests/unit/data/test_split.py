"""Shares, groups and reproducibility of the splits."""

from collections import Counter, defaultdict
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import SplitConfig
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.split import ALWAYS_TRAIN, complete_split, folds, redivide, stratified_split
from clf_core.values import SPLITS, Split

CONFIG = SplitConfig()


def singles(count: int, label: str = "a") -> tuple[list[str], list[str]]:
    return [label] * count, [f"{label}{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, {"train": 1}),
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "test": 1, "val": 1}),
        (10, {"train": 6, "test": 2, "val": 2}),
        (100, {"train": 64, "test": 20, "val": 16}),
    ],
)
def test_shares_of_one_class(count: int, expected: dict[str, int]) -> None:
    assert Counter(stratified_split(*singles(count), CONFIG)) == expected


def test_the_seed_decides() -> None:
    first = stratified_split(*singles(50), CONFIG)
    assert stratified_split(*singles(50), CONFIG) == first
    assert stratified_split(*singles(50), SplitConfig(seed=1)) != first


def test_the_result_is_the_same_on_every_machine() -> None:
    short = {"train": "T", "val": "v", "test": "t"}
    assert "".join(short[split] for split in stratified_split(*singles(25), CONFIG)) == "vTtTTTTvTtTTtTTTtTTTTTtvv"


def test_contradicting_groups_go_to_train() -> None:
    labels = ["a", "b"] + ["a"] * 9 + ["b"] * 9
    groups = ["same", "same"] + [f"{number}" for number in range(18)]
    splits = stratified_split(labels, groups, CONFIG)
    assert splits[:2] == ["train", "train"]
    assert set(splits[2:]) == {"train", "val", "test"}


LABELLED = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=1, max_size=60)


@given(LABELLED, st.integers(0, 5), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_groups_stay_together_and_order_does_not_matter(
    pictures: list[tuple[str, int]], seed: int, chance: Random
) -> None:
    config = SplitConfig(seed=seed)
    labels, groups = [label for label, _ in pictures], [f"g{group}" for _, group in pictures]
    splits = stratified_split(labels, groups, config)
    of_group: dict[str, set[Split]] = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        of_group[group].add(split)
    assert all(len(found) == 1 for found in of_group.values())

    classes: dict[str, set[str]] = defaultdict(set)
    for label, group in zip(labels, groups, strict=True):
        classes[group].add(label)
    for label in set(labels):
        of_class = [(group, split) for (own, group, split) in zip(labels, groups, splits, strict=True) if own == label]
        assert "train" in {split for _, split in of_class}
        own_groups = {group for group, _ in of_class if len(classes[group]) == 1}
        if len(own_groups) >= 3:
            assert {"test", "val"} <= {split for _, split in of_class}

    order = list(range(len(labels)))
    chance.shuffle(order)
    again = stratified_split([labels[place] for place in order], [groups[place] for place in order], config)
    assert again == [splits[place] for place in order]


@given(st.integers(4, 300), st.floats(0.2, 0.8), st.floats(0.1, 0.9))
@settings(max_examples=100)
def test_single_pictures_come_within_one_of_their_share(count: int, train: float, part: float) -> None:
    test = (1 - train) * part
    config = SplitConfig(train=train, test=test, val=1 - train - test)
    found = Counter(stratified_split(*singles(count), config))
    for split in ("train", "val", "test"):
        assert abs(found[split] - getattr(config, split) * count) <= 2
        assert found[split] >= 1


class TestGivenSplits:
    def test_all_three_are_kept(self) -> None:
        given_splits: list[Split] = ["train", "val", "test", "train"]
        splits, notices = complete_split(given_splits, ["a"] * 4, list("wxyz"), CONFIG)
        assert splits == given_splits
        assert notices == ()

    def test_val_alone_becomes_test(self) -> None:
        given_splits: list[Split] = ["train"] * 20 + ["val"] * 5
        splits, notices = complete_split(given_splits, *singles(25), CONFIG)
        assert splits[20:] == ["test"] * 5
        assert Counter(splits[:20]) == {"train": 16, "val": 4}
        assert "became the test split" in notices[0]

    def test_val_is_drawn_from_train(self) -> None:
        given_splits: list[Split] = ["test"] * 5 + ["train"] * 20
        splits, notices = complete_split(given_splits, *singles(25), CONFIG)
        assert splits[:5] == ["test"] * 5
        assert Counter(splits[5:]) == {"train": 16, "val": 4}
        assert "drawn from the training folder" in notices[0]

    @pytest.mark.parametrize("only", [("train",), ("test",), ("test", "val")])
    def test_without_both_sides_everything_is_divided_anew(self, only: tuple[Split, ...]) -> None:
        given_splits: list[Split] = [only[number % len(only)] for number in range(20)]
        splits, notices = complete_split(given_splits, *singles(20), CONFIG)
        assert set(splits) == {"train", "val", "test"}
        assert "anew" in notices[0]


def divided(rows: list[tuple[str, int, Split, bool]]) -> Manifest:
    """A manifest of (class, group, split, in use)."""
    return Manifest.from_rows(
        ManifestRow(f"{at:064x}", 1, 1, 1, label, split, f"g{group}", f"{at}.png", excluded="" if used else "Left out")
        for at, (label, group, split, used) in enumerate(rows)
    )


def of_groups(manifest: Manifest, splits: list[Split]) -> dict[str, set[Split]]:
    found: dict[str, set[Split]] = defaultdict(set)
    for group, split in zip(manifest.column("group"), splits, strict=True):
        found[group].add(split)
    return found


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 25), st.sampled_from(SPLITS), st.booleans()),
    min_size=1,
    max_size=60,
)


class TestDividingAnew:
    @given(ROWS, st.integers(0, 4), st.booleans())
    @settings(max_examples=150)
    def test_no_group_straddles_and_tested_pictures_stay(
        self, rows: list[tuple[str, int, Split, bool]], seed: int, lock: bool
    ) -> None:
        manifest = divided(rows)
        splits = redivide(manifest, SplitConfig(seed=seed, lock_test=lock))
        assert all(len(found) == 1 for found in of_groups(manifest, splits).values())
        if lock:
            for (_, _, before, used), after in zip(rows, splits, strict=True):
                assert not (used and before == "test") or after == "test"

    @given(ROWS, st.integers(0, 4))
    def test_without_the_lock_it_is_the_usual_division(
        self, rows: list[tuple[str, int, Split, bool]], seed: int
    ) -> None:
        used = [row for row in rows if row[3]]
        config = SplitConfig(seed=seed, lock_test=False)
        splits = redivide(divided(rows), config)
        expected = stratified_split([row[0] for row in used], [f"g{row[1]}" for row in used], config)
        assert [split for split, row in zip(splits, rows, strict=True) if row[3]] == expected

    def test_the_lock_leaves_the_shares_of_the_others(self) -> None:
        rows: list[tuple[str, int, Split, bool]] = [
            ("a", at, "test" if at < 40 else "train", True) for at in range(100)
        ]
        splits = redivide(divided(rows), SplitConfig(seed=3))
        assert splits[:40] == ["test"] * 40
        assert Counter(splits[40:]) == {"train": 48, "val": 12}

    def test_a_class_without_test_pictures_gets_some_even_under_the_lock(self) -> None:
        rows: list[tuple[str, int, Split, bool]] = [("a", at, "test", True) for at in range(10)]
        rows += [("b", 10 + at, "train", True) for at in range(50)]
        splits = redivide(divided(rows), SplitConfig())
        assert splits[:10] == ["test"] * 10
        assert Counter(splits[10:]) == {"train": 32, "val": 8, "test": 10}

    def test_left_out_pictures_follow_their_group(self) -> None:
        rows: list[tuple[str, int, Split, bool]] = [("a", 0, "train", False), ("a", 0, "test", True)]
        rows += [("a", at, "train", True) for at in range(1, 9)]
        assert redivide(divided(rows), SplitConfig())[:2] == ["test", "test"]


class TestFolds:
    def test_they_hold_out_every_picture_once_and_keep_groups_together(self) -> None:
        groups = [f"g{at // 2}" for at in range(40)]
        labels = np.array([at // 2 % 2 for at in range(40)], dtype=np.int64)
        found = folds(labels, groups, 5, seed=1)
        assert Counter(found.tolist()) == dict.fromkeys(range(5), 8)
        assert found[::2].tolist() == found[1::2].tolist()

    def test_a_class_of_one_group_is_never_held_out(self) -> None:
        found = folds(np.array([0, 0, 0, 1]), ["a", "b", "c", "d"], 3, seed=0)
        assert found[3] == ALWAYS_TRAIN
        assert set(found[:3].tolist()) == {0, 1, 2}
