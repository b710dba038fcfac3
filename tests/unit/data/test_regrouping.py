"""Finding anew what belongs together."""

import numpy as np
import pytest
from PIL import Image

from clf_core.config import SplitConfig
from clf_core.data import regrouping
from clf_core.data.facts import Facts, measure
from clf_core.data.manifest import Manifest, ManifestRow

KEYS = [f"{number:064x}" for number in range(6)]


def make(names: list[str], keys: list[str] = KEYS, **fields: list[str]) -> Manifest:
    manifest = Manifest.from_rows(
        ManifestRow(key, 1, 1, 1, "a", "train", key, name) for key, name in zip(keys, names, strict=False)
    )
    return manifest.replaced(**fields)


NOTHING = frozenset[str]()
NAMES = ["p1_a.png", "p1_b.png", "p2_a.png", "other.png"]


def test_the_pattern_comes_before_the_table():
    manifest = make(NAMES, given_group=["", "x", "x", "x"])
    by_pattern = SplitConfig(group_pattern="{group}_*")
    assert regrouping.given_groups(manifest, SplitConfig(), SplitConfig()) == ["", "x", "x", "x"]
    assert regrouping.given_groups(manifest, by_pattern, SplitConfig()) == ["p1", "p1", "p2", "x"]


def test_what_a_former_pattern_made_is_dropped():
    by_pattern = SplitConfig(group_pattern="{group}_*")
    manifest = make(NAMES, given_group=["p1", "p1", "p2", "x"])
    assert regrouping.given_groups(manifest, SplitConfig(), by_pattern) == ["", "", "", "x"]
    assert regrouping.given_groups(manifest, SplitConfig(group_pattern="*_{group}"), by_pattern) == ["a", "b", "a", "x"]


def test_groups_join_copies_and_what_is_given():
    keys = [KEYS[4], KEYS[3], KEYS[3], KEYS[2], KEYS[1], KEYS[0]]
    manifest = make([f"{at}.png" for at in range(6)], keys)
    given = ["g", "", "", "g", "", ""]
    found = regrouping.groups(manifest, given, [(KEYS[1], KEYS[2]), ("f" * 64, KEYS[0])], set(KEYS), manifest)
    # rows 0 and 3 by the group, 3 and 4 as copies, 1 and 2 as the same file; 5 resembles what is not here
    assert found == [KEYS[1], KEYS[3], KEYS[3], KEYS[1], KEYS[1], KEYS[0]]


def test_pictures_of_which_nothing_was_measured_keep_the_group_they_came_with():
    first = make(NAMES[:3], group=["old", "old", "old"])
    manifest = make(NAMES, group=["by a pattern"] * 4)
    assert regrouping.groups(manifest, [""] * 4, [], NOTHING, first) == [KEYS[0]] * 3 + [KEYS[3]]
    assert regrouping.groups(manifest, [""] * 4, [], set(KEYS[:2]), first) == [*KEYS[:4]]


@pytest.mark.parametrize(("near", "expected"), [(False, {(0, 1)}), (True, {(0, 1), (0, 2), (1, 2)})])
def test_copies_are_equal_ones_or_near_ones_too(near, expected):
    random = np.random.default_rng(0)
    scene = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((200, 200), Image.BICUBIC)
    other = Image.fromarray(random.integers(0, 255, (12, 12, 3), dtype=np.uint8)).resize((200, 200), Image.BICUBIC)
    shown = [scene, scene.copy(), scene.resize((150, 150), Image.BICUBIC), other]
    facts = Facts.of((key, measure(picture)) for key, picture in zip(KEYS, shown, strict=False))
    found = regrouping.copies_among(facts, near=near)
    pairs = {(KEYS.index(one), KEYS.index(another)) for one, another in found}
    assert pairs <= expected
    manifest = make(NAMES)
    groups = regrouping.groups(manifest, [""] * 4, found, set(KEYS), manifest)
    assert groups == ([KEYS[0]] * 3 if near else [KEYS[0], KEYS[0], KEYS[2]]) + [KEYS[3]]


def test_nothing_resembles_nothing():
    assert regrouping.copies_among(Facts.empty(), near=True) == []
    assert regrouping.copies_among(Facts.empty(), near=False) == []
