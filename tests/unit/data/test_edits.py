"""Changing a manifest by hand: what is said is what was done, nothing is lost, groups stay together."""

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import SplitConfig
from clf_core.data import edits
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.results import PictureEdit

# number: class, split, group, why left out
PICTURES = [
    ("wasp", "train", "a", ""),
    ("wasp", "train", "a", ""),
    ("wasp", "val", "c", ""),
    ("bee", "test", "d", ""),
    ("bee", "train", "e", ""),
    ("bee", "val", "d", "Too dark"),  # left out, in another split than its copy
    ("fly", "train", "g", "Too bright"),
    ("fly", "test", "g", "Too bright"),
]


def make(pictures: list[tuple[str, str, str, str]]) -> Manifest:
    return Manifest.from_rows(
        ManifestRow(f"{at:064x}", 1, 1, 1, label, split, group, f"{at}.png", excluded=excluded)
        for at, (label, split, group, excluded) in enumerate(pictures)
    )


@pytest.fixture
def manifest() -> Manifest:
    return make(PICTURES)


def column(edit: edits.Edit | None, name: str) -> list[str]:
    assert edit is not None
    return edit.manifest.column(name)


def test_relabelling_moves_pictures_and_keeps_their_splits(manifest):
    edit = edits.relabel(manifest, [0, 2], "bee")
    assert edit.what == "Moved 2 pictures from 'wasp' to 'bee'"
    assert column(edit, "label")[:4] == ["bee", "wasp", "bee", "bee"]
    assert column(edit, "split") == manifest.column("split")
    assert manifest.column("label")[0] == "wasp"


@pytest.mark.parametrize(
    ("ids", "label", "what"),
    [
        ([0], "bee", "Moved 1 picture from 'wasp' to 'bee'"),
        ([0, 3], "fly", "Moved 2 pictures to 'fly'"),
        ([0, 0, 3], "bee", "Moved 1 picture from 'wasp' to 'bee'"),
        ([3], " hornet ", "Moved 1 picture from 'bee' into a new class 'hornet'"),
        ([3], "x" * 100, f"Moved 1 picture from 'bee' into a new class '{'x' * 59}…'"),
    ],
)
def test_relabelling_is_told_in_one_sentence(manifest, ids, label, what):
    assert edits.relabel(manifest, ids, label).what == what


def test_an_edit_that_changes_nothing_is_none(manifest):
    assert edits.relabel(manifest, [0, 1], "wasp") is None
    assert edits.relabel(manifest, [], "bee") is None
    assert edits.exclude(manifest, [5, 6], "Another reason") is None
    assert edits.restore(manifest, [0, 1]) is None
    assert edits.move(manifest, [0, 1], "train") is None
    assert edits.apply(manifest, []) is None
    assert edits.apply(manifest, [PictureEdit(id=0), PictureEdit(id=1, label="wasp", excluded="")]) is None
    assert edits.rename_class(manifest, "bee", "bee") is None
    assert edits.merge_classes(manifest, ["bee"], "bee") is None
    assert edits.returned(manifest, manifest, 1, SplitConfig()) is None


@pytest.mark.parametrize("label", ["", "a\nb", "x" * 501])
def test_a_class_name_that_cannot_be_used_is_refused(manifest, label):
    with pytest.raises(ConfigError) as caught:
        edits.relabel(manifest, [0], label)
    assert caught.value.field == "label"


def test_a_class_that_came_with_a_strange_name_can_be_relabelled_to_and_renamed():
    manifest = make([("a\u202eb ", "train", "a", ""), ("c", "train", "b", "")])
    assert column(edits.relabel(manifest, [1], "a\u202eb "), "label") == ["a\u202eb "] * 2
    assert column(edits.rename_class(manifest, "a\u202eb ", "ab"), "label") == ["ab", "c"]


def test_a_number_nobody_has_changes_nothing(manifest):
    for attempt in (
        lambda: edits.relabel(manifest, [0, 99], "bee"),
        lambda: edits.exclude(manifest, [-1]),
        lambda: edits.apply(manifest, [PictureEdit(id=99, label="bee")]),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_excluding_keeps_the_picture_and_the_first_reason(manifest):
    edit = edits.exclude(manifest, [0, 5], "Exact copies")
    assert edit.what == "Left out 1 picture: Exact copies"
    assert column(edit, "excluded")[0] == "Exact copies"
    assert column(edit, "excluded")[5] == "Too dark"
    assert len(edit.manifest) == len(manifest)
    assert edits.exclude(manifest, [0]).what == "Left out 1 picture"
    assert column(edits.exclude(manifest, [0]), "excluded")[0]


def test_a_restored_picture_follows_its_copies(manifest):
    edit = edits.restore(manifest, [5])
    assert edit.what == "Restored 1 picture; 1 picture joined copies in their split"
    assert column(edit, "split")[5] == "test"
    assert not column(edit, "excluded")[5]


def test_a_restored_picture_without_copies_keeps_its_split(manifest):
    edit = edits.restore(edits.exclude(manifest, [2]).manifest, [2])
    assert (edit.what, column(edit, "split")[2]) == ("Restored 1 picture", "val")


def test_copies_that_come_back_together_meet_in_the_split_that_is_tested(manifest):
    edit = edits.restore(manifest, [6, 7])
    assert column(edit, "split")[6:] == ["test", "test"]
    assert column(edits.restore(manifest, [6]), "split")[6] == "train"


def test_moving_takes_the_whole_group_along(manifest):
    edit = edits.move(manifest, [0, 4], "val")
    assert edit.what == (
        "Moved 3 pictures into the validation split, 1 of them because copies and groups stay together"
    )
    assert column(edit, "split")[:5] == ["val", "val", "val", "test", "val"]


@pytest.mark.parametrize(("ids", "split"), [([3], "train"), ([0], "test"), ([5], "train")])
def test_the_test_split_is_locked(manifest, ids, split):
    with pytest.raises(StateError, match="would not compare"):
        edits.move(manifest, ids, split)
    assert column(edits.move(manifest, ids, split, unlock=True), "split")[ids[0]] == split
    with pytest.raises(StateError):
        edits.apply(manifest, [PictureEdit(id=ids[0], split=split, label="bee")])


def test_left_out_pictures_do_not_hold_the_lock(manifest):
    assert column(edits.move(manifest, [7], "val"), "split")[6:] == ["val", "val"]


def test_many_changes_are_one_edit(manifest):
    edit = edits.apply(
        manifest,
        [
            PictureEdit(id=0, label="bee"),
            PictureEdit(id=1, label="fly", split="val"),
            PictureEdit(id=4, excluded="Blurred"),
            PictureEdit(id=6, excluded=""),
            PictureEdit(id=0, label="fly"),  # the later one counts
            PictureEdit(id=5, excluded="Too dark indeed"),
        ],
    )
    assert column(edit, "label") == ["fly", "fly", "wasp", "bee", "bee", "bee", "fly", "fly"]
    assert column(edit, "split") == ["val", "val", "val", "test", "train", "val", "train", "test"]
    assert column(edit, "excluded") == ["", "", "", "", "Blurred", "Too dark indeed", "", "Too bright"]
    assert edit.what == (
        "Moved 2 pictures from 'wasp' to 'fly'; left out 1 picture: Blurred; restored 1 picture; "
        "left out 1 picture: Too dark indeed; "
        "moved 2 pictures into the validation split, 1 of them because copies and groups stay together"
    )


def test_classes_are_renamed_merged_and_split(manifest):
    renamed = edits.rename_class(manifest, "bee", "honey bee")
    assert renamed.what == "Renamed the class 'bee' to 'honey bee'"
    assert column(renamed, "label")[3:6] == ["honey bee"] * 3
    with pytest.raises(ConfigError, match="Merge"):
        edits.rename_class(manifest, "bee", "wasp")
    with pytest.raises(NotFoundError, match="wasp"):
        edits.rename_class(manifest, "moth", "x")
    for into in ("wasp", "insect"):
        merged = edits.merge_classes(manifest, ["wasp", "bee", "fly"], into)
        assert set(column(merged, "label")) == {into}
    assert merged.what == "Merged 'wasp', 'bee', 'fly' into 'insect'"
    apart = edits.split_class(manifest, [0, 1], "hornet")
    assert apart.what == "Moved 2 pictures from 'wasp' into a new class 'hornet'"
    with pytest.raises(ConfigError, match="already"):
        edits.split_class(manifest, [0], "bee")


def test_dividing_anew_says_what_came_of_it(manifest):
    config = SplitConfig(seed=2)
    given, groups = manifest.column("given_group"), manifest.column("group")
    edit = edits.divide(manifest, config, SplitConfig(), given, groups)
    assert edit.split == config
    assert edit.what.startswith("Divided anew into ")
    assert "seed 2" in edit.what
    assert "test pictures kept" in edit.what
    again = edits.divide(edit.manifest, config, config, given, groups)
    assert again is None
    assert edits.divide(edit.manifest, config, SplitConfig(), given, groups) is not None  # the settings differ


def test_returning_leaves_out_what_came_later_and_puts_it_into_the_groups_of_then():
    old = make([("a", "train", "x", ""), ("b", "test", "y", "")])
    rows = edits.relabel(old, [0], "b").manifest.rows()
    later = [
        ManifestRow("f" * 64, 1, 1, 1, "c", "train", "new name", "2.png"),
        ManifestRow("e" * 64, 1, 1, 1, "c", "train", "z", "3.png", excluded="Blurred"),
    ]
    newest = Manifest.from_rows([*rows, *later]).replaced(group=["x", "new name", "new name", "z"])
    edit = edits.returned(old, newest, 1, SplitConfig(seed=5))
    assert edit.what == "Returned to version 1"
    assert edit.split == SplitConfig(seed=5)
    assert edit.manifest.counts() == old.counts()
    assert column(edit, "excluded") == ["", "", "Added after version 1", "Blurred"]
    assert column(edit, "group") == ["x", "y", "y", "z"]
    assert column(edits.restore(edit.manifest, [2]), "split")[2] == "test"  # with its copy, where it is tested


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["relabel", "exclude", "restore", "move", "merge", "divide", "apply"]),
        st.lists(st.integers(0, 19), max_size=8),
        st.sampled_from(["a", "b", "c", "new"]),
        st.sampled_from(["train", "val", "test"]),
    ),
    max_size=8,
)


def whole(count: int = 20) -> Manifest:
    """Pictures of which each pair is a group in one split."""
    splits = ("train", "val", "test", "train", "train")
    return make([("abc"[at % 3], splits[at // 2 % 5], f"g{at // 2}", "") for at in range(count)])


def act(manifest: Manifest, action: str, ids: list[int], label: str, split: str) -> edits.Edit | None:
    if action == "relabel":
        return edits.relabel(manifest, ids, label)
    if action == "exclude":
        return edits.exclude(manifest, ids, "Because")
    if action == "restore":
        return edits.restore(manifest, ids)
    if action == "move":
        return edits.move(manifest, ids, split, unlock=True)
    if action == "merge":
        return edits.merge_classes(manifest, list(manifest.classes)[:2], label)
    if action == "apply":
        changes = [PictureEdit(id=number, label=label, excluded="" if number % 2 else "x") for number in ids]
        return edits.apply(manifest, changes)
    config = SplitConfig(seed=len(ids), lock_test=False)
    return edits.divide(manifest, config, SplitConfig(), manifest.column("given_group"), manifest.column("group"))


@given(ACTIONS)
@settings(max_examples=200)
def test_whatever_is_done_nothing_is_lost_no_group_straddles_and_the_first_version_comes_back(actions):
    first = manifest = whole()
    for action in actions:
        edit = act(manifest, *action)
        if edit is None:
            continue
        assert edit.what[0].isupper()
        manifest = edit.manifest
        assert manifest.ids.tolist() == first.ids.tolist()
        assert manifest.column("sha256") == first.column("sha256")
        of_group = defaultdict(set)
        for group, split, used in zip(
            manifest.column("group"), manifest.column("split"), manifest.in_use.tolist(), strict=True
        ):
            if used:
                of_group[group].add(split)
        assert all(len(splits) == 1 for splits in of_group.values())
    back = edits.returned(first, manifest, 1, SplitConfig())
    assert (manifest if back is None else back.manifest).table.equals(first.table)


def test_the_table_read_back_is_the_one_written(manifest, tmp_path: Path):
    edit = edits.exclude(manifest, [0], "=\U0001f41c, 'quoted'")
    edit.manifest.write(tmp_path / "m.parquet")
    assert Manifest.read(tmp_path / "m.parquet").column("excluded")[0] == "=\U0001f41c, 'quoted'"


def test_a_class_that_was_found_right_is_noted_and_taken_back_with_the_class(manifest):
    noted = edits.apply(manifest, [PictureEdit(id=0, checked=True), PictureEdit(id=3, checked=True)])
    assert noted.what == "Found the class of 2 pictures right"
    assert [row.id for row in noted.manifest.rows() if "checked" in row.flags] == [0, 3]
    assert edits.apply(noted.manifest, [PictureEdit(id=0, checked=True)]) is None
    moved = edits.relabel(noted.manifest, [0], "bee")
    assert [row.id for row in moved.manifest.rows() if "checked" in row.flags] == [3]
    back = edits.apply(noted.manifest, [PictureEdit(id=3, checked=False)])
    assert back.what == "Took back that the class of 1 picture was found right"
    assert [row.id for row in back.manifest.rows() if "checked" in row.flags] == [0]
