"""Dividing pictures that join others which have their split."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clf_core.config import SplitConfig
from clf_core.data.extending import extended_split
from clf_core.values import SPLITS, Split


def test_new_pictures_bring_each_class_near_its_shares() -> None:
    fixed: list[Split | None] = ["train"] * 20 + [None] * 30
    splits = extended_split(["a"] * 50, [str(n) for n in range(50)], fixed, SplitConfig(train=0.6, val=0.2, test=0.2))
    assert Counter(splits) == {"train": 30, "val": 10, "test": 10}
    assert splits[:20] == ["train"] * 20


def test_a_new_class_gets_every_split() -> None:
    fixed: list[Split | None] = ["train", "val", "test", None, None, None]
    splits = extended_split(list("aaabbb"), list("123456"), fixed, SplitConfig())
    assert sorted(splits[3:]) == ["test", "train", "val"]


def test_free_pictures_follow_their_group_and_mixed_groups_go_to_train() -> None:
    fixed: list[Split | None] = ["test", None, None, None]
    splits = extended_split(["a", "b", "a", "b"], ["x", "x", "y", "y"], fixed, SplitConfig())
    assert splits == ["test", "test", "train", "train"]


pictures = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.booleans()), min_size=1, max_size=60)


@given(pictures, st.randoms(use_true_random=False), st.integers(0, 5))
def test_groups_never_straddle_whatever_the_order(listed, chance, seed) -> None:
    split_of = {group: SPLITS[group % 3] for _, group, known in listed if known}
    rows = [(label, str(group), split_of.get(group) if known else None) for label, group, known in listed]
    config = SplitConfig(seed=seed)

    def divided(order: list[int]) -> dict[int, Split]:
        labels, groups, fixed = zip(*(rows[at] for at in order), strict=True)
        return dict(zip(order, extended_split(labels, groups, fixed, config), strict=True))

    order = list(range(len(rows)))
    first = divided(order)
    chance.shuffle(order)
    assert divided(order) == first
    assert all(not fixed or first[at] == fixed for at, (_, _, fixed) in enumerate(rows))
    seen: dict[str, Split] = {}
    assert all(seen.setdefault(group, first[at]) == first[at] for at, (_, group, _) in enumerate(rows))
