"""Groups handed out to splits: whole, in the shares of every class, whatever the order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clf_core.config import SplitConfig
from clf_core.data.dividing import divide_groups
from clf_core.data.split import stratified_split
from clf_core.values import SPLITS, Split

SHARES: dict[Split, float] = {"train": 0.64, "test": 0.2, "val": 0.16}


def students(count: int, classes: int = 4, each: int = 3) -> tuple[list[str], list[str]]:
    """Every student showed every sign a few times."""
    rows = [
        (f"sign {kind}", f"student {who:03}") for who in range(count) for kind in range(classes) for _ in range(each)
    ]
    return [label for label, _ in rows], [group for _, group in rows]


def test_people_who_showed_every_class_are_divided_as_people():
    labels, groups = students(50)
    splits = stratified_split(labels, groups, SplitConfig(), set(groups))
    home = dict(zip(groups, splits, strict=True))
    assert [home[group] for group in groups] == splits, "nobody stands in two splits"
    people = Counter(home.values())
    assert (people["train"], people["test"], people["val"]) == (32, 10, 8)
    for kind in set(labels):
        assert {split for label, split in zip(labels, splits, strict=True) if label == kind} == set(SPLITS)


def test_three_people_give_each_split_one():
    labels, groups = students(3)
    splits = stratified_split(labels, groups, SplitConfig(), set(groups))
    assert Counter(splits) == {"train": 12, "test": 12, "val": 12}
    assert len(set(zip(groups, splits, strict=True))) == 3


def test_what_nobody_grouped_contradicts_itself_and_is_only_learned_from():
    labels, groups = students(12)
    assert set(stratified_split(labels, groups, SplitConfig())) == {"train"}


def test_pictures_that_are_there_already_count():
    sizes = {f"g{number}": {"a": 1, "b": 1} for number in range(10)}
    present: dict[str, dict[Split, int]] = {"a": {"train": 64}, "b": {"train": 64}}
    divided = divide_groups(sizes, dict.fromkeys("ab", SHARES), present, 0, set(sizes))
    assert set(divided.values()) == {"test", "val"}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 9), min_size=1),
        min_size=1,
        max_size=25,
    ),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
def test_every_group_gets_one_split_whatever_the_order(sizes, seed, random):
    shares = dict.fromkeys("abc", SHARES)
    divided = divide_groups(sizes, shares, {}, seed, set(sizes))
    assert divided.keys() == sizes.keys()
    shuffled = list(sizes.items())
    random.shuffle(shuffled)
    assert divide_groups(dict(shuffled), shares, {}, seed, set(sizes)) == divided
    assert "train" in divided.values()
