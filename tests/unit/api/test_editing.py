"""Changing a dataset through the facade: who did what, copies and groups kept together, and the way back."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportOptions, SplitConfig
from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.results import PictureEdit

UNLOCKED = SplitConfig(lock_test=False)


@pytest.fixture
def ids(bench, pets):
    """``ids(...)`` returns the numbers of the pictures that match."""

    def find(**conditions) -> list[int]:
        return [picture.id for picture in bench.datasets.pictures("Pets", **conditions).pictures]

    return find


def _by_id(bench) -> dict[int, tuple[str, str, str]]:
    pictures = bench.datasets.pictures("Pets", shown="all", limit=1000).pictures
    return {picture.id: (picture.label, picture.split, picture.excluded) for picture in pictures}


def test_every_change_is_a_version_and_every_version_comes_back(bench, pets, ids):
    red = ids(label="red")
    editing = bench.editing
    first = _by_id(bench)
    made = [
        editing.relabel("Pets", red[:2], "blue", who="Ada"),
        editing.exclude("pets", red[2:4], "Blurred"),
        editing.restore(pets.dataset_id, red[2:3]),
        editing.move("Pets", ids(label="blue", split="train")[:1], "val"),
        editing.apply("Pets", [PictureEdit(id=red[5], label="green"), PictureEdit(id=red[6], excluded="Dark")]),
        editing.rename_class("Pets", "green", "yellow"),
        editing.merge_classes("Pets", ["yellow", "red"], "red"),
        editing.split_class("Pets", red[8:9], "orange"),
        editing.divide("Pets", UNLOCKED.model_copy(update={"seed": 3})),
    ]
    assert [version.version for version in made] == list(range(2, 11))
    assert [version.parent for version in made] == list(range(1, 10))
    assert made[0].who == "Ada"
    assert made[1].who
    assert made[1].what == "Left out 2 pictures: Blurred"
    history = editing.versions("Pets")
    assert [version.version for version in history] == list(range(10, 0, -1))
    last = _by_id(bench)
    back = editing.return_to("Pets", 1, who="Ada")
    assert (back.version, back.parent, back.what) == (11, 10, "Returned to version 1")
    assert _by_id(bench) == first
    assert bench.datasets.get("Pets").split_config == SplitConfig()
    assert editing.undo("Pets").what == "Returned to version 10"
    assert _by_id(bench) == last
    assert bench.datasets.get("Pets").split_config.seed == 3
    assert len(editing.versions("Pets")) == 12


def test_what_changes_nothing_returns_the_version_there_is(bench, pets, ids):
    assert bench.editing.relabel("Pets", ids(label="red"), "red").version == 1
    assert bench.editing.return_to("Pets", 1).version == 1
    assert len(bench.editing.versions("Pets")) == 1


def test_undo_of_the_import_is_refused(bench, pets):
    with pytest.raises(NotFoundError, match="nothing to undo"):
        bench.editing.undo("Pets")


def test_versions_that_are_not_there_are_told(bench, pets):
    for attempt in (
        lambda: bench.editing.return_to("Pets", 7),
        lambda: bench.editing.diff("Pets", 1, 7),
        lambda: bench.editing.versions("Dogs"),
        lambda: bench.editing.relabel("Pets", [999], "x"),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_the_test_split_is_locked_until_somebody_says_so(bench, pets, ids):
    tested = ids(split="test")
    with pytest.raises(StateError):
        bench.editing.move("Pets", tested[:1], "train")
    assert bench.editing.move("Pets", tested[:1], "train", unlock=True).version == 2
    bench.editing.return_to("Pets", 1)
    bench.editing.divide("Pets", SplitConfig(seed=11))
    assert ids(split="test") == tested
    bench.editing.divide("Pets", SplitConfig(seed=11, lock_test=False))
    assert ids(split="test") != tested


def test_pictures_added_later_stay_left_out_after_a_return_and_can_be_restored(bench, pets, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "more", {"red": 3, "green": 4}, seed=5)
    bench.imports.path(folder, into="Pets")
    with_more = bench.datasets.get("Pets")
    assert (with_more.version, with_more.pictures) == (2, 27)
    bench.editing.return_to("Pets", 1)
    now = bench.datasets.get("Pets")
    assert (now.pictures, now.excluded, list(now.classes)) == (20, 7, ["blue", "red"])
    later = bench.datasets.pictures("Pets", shown="left out").pictures
    assert {picture.excluded for picture in later} == {"Added after version 1"}
    bench.editing.restore("Pets", [picture.id for picture in later])
    assert bench.datasets.get("Pets").classes == with_more.classes
    difference = bench.editing.diff("Pets", 2, 4)
    assert (difference.added, difference.removed, difference.excluded, difference.relabelled) == (0, 0, 0, 0)


def test_pictures_that_join_are_divided_as_those_that_are_there(bench, pets, write_pictures, tmp_path):
    bench.editing.divide("Pets", SplitConfig(train=0.3, val=0.3, test=0.4, lock_test=False))
    folder = write_pictures(tmp_path / "more", {"green": 20}, seed=5)
    bench.imports.path(folder, into="Pets")
    assert bench.datasets.get("Pets").class_splits["green"] == {"train": 6, "val": 6, "test": 8}


def test_a_dataset_that_is_changed_while_pictures_are_added_keeps_both(bench, pets, ids, tmp_path):
    red = ids(label="red", split="train")[0]
    (tmp_path / "more" / "red").mkdir(parents=True)
    data = bench.datasets.picture_bytes(bench.datasets.pictures("Pets", label="red", split="train").pictures[0].sha256)
    Image.open(io.BytesIO(data)).save(tmp_path / "more" / "red" / "copy.bmp")

    def change(*_):
        if bench.datasets.get("Pets").version == 1:
            bench.editing.move("Pets", [red], "val")

    bench.imports.path(tmp_path / "more", into="Pets", progress=change)
    now = _by_id(bench)
    assert (bench.datasets.get("Pets").version, len(now)) == (3, 21)
    assert now[red] == ("red", "val", "")
    assert now[20][:2] == ("red", "val")  # the copy went where its original is now


def test_a_difference_is_told_by_picture(bench, pets, ids):
    (one, two) = ids(label="red")[:2]
    bench.editing.relabel("Pets", [one], "blue")
    bench.editing.exclude("Pets", [two], "Dark")
    found = bench.editing.diff("Pets", 1, 3)
    assert (found.relabelled, found.excluded) == (1, 1)
    assert [change.id for change in found.changes] == [one, two]


def test_a_dataset_gets_another_name_and_its_runs_keep_the_one_they_saw(bench, pets, run_in_state):
    run = run_in_state("done")
    assert bench.editing.rename("Pets", "Animals").name == "Animals"
    assert bench.datasets.get("Animals").id == pets.dataset_id
    assert bench.runs.get(run).dataset == "Pets"


@pytest.mark.parametrize("pattern", ["*", "{group}*", "{group}{group}"])
def test_a_pattern_that_says_nothing_is_refused(bench, pets, tmp_path, pattern):
    with pytest.raises(ConfigError) as caught:
        bench.editing.divide("Pets", SplitConfig(group_pattern=pattern))
    assert caught.value.field == "group_pattern"
    with pytest.raises(ConfigError):
        bench.imports.path(tmp_path / "pets", "Other", options=ImportOptions(split=SplitConfig(group_pattern=pattern)))


@pytest.fixture
def patients(bench, tmp_path):
    """Ten patients with three pictures each, all different."""
    random = np.random.default_rng(0)
    for label in ("sick", "well"):
        (tmp_path / "patients" / label).mkdir(parents=True)
        for patient in range(10):
            for side in range(3):
                pixels = random.integers(0, 255, (40, 40, 3), dtype=np.uint8)
                name = f"{label}{patient}_{side}.png"
                Image.fromarray(pixels).save(tmp_path / "patients" / label / name)
    return bench.imports.path(tmp_path / "patients", "Patients")


def _splits_of(bench, key) -> dict[str, set[str]]:
    splits: dict[str, set[str]] = {}
    for picture in bench.datasets.pictures("Patients", limit=1000).pictures:
        splits.setdefault(key(picture), set()).add(picture.split)
    return splits


def test_pictures_of_one_group_by_name_meet_in_one_split(bench, patients):
    def patient(picture) -> str:
        return picture.source_name.rpartition("/")[2].partition("_")[0]

    assert any(len(splits) > 1 for splits in _splits_of(bench, patient).values())
    by_name = UNLOCKED.model_copy(update={"group_pattern": "{group}_*"})
    made = bench.editing.divide("Patients", by_name)
    assert "{group}_*" in made.what
    assert all(len(splits) == 1 for splits in _splits_of(bench, patient).values())
    assert set(bench.datasets.get("Patients").splits.values()) - {0}
    bench.editing.divide("Patients", UNLOCKED)  # the pattern is taken back, and with it the groups
    assert any(len(splits) > 1 for splits in _splits_of(bench, patient).values())


@pytest.mark.fault("D2")
def test_near_copies_meet_in_one_split_when_divided_anew(bench, tmp_path):
    random = np.random.default_rng(1)
    for label in ("a", "b"):
        (tmp_path / "copies" / label).mkdir(parents=True)
        for number in range(12):
            scene = Image.fromarray(random.integers(0, 255, (9, 9, 3), dtype=np.uint8)).resize(
                (120, 120), Image.BICUBIC
            )
            scene.save(tmp_path / "copies" / label / f"{number}_big.png")
            scene.resize((80, 80), Image.BICUBIC).save(tmp_path / "copies" / label / f"{number}_small.jpg", quality=80)
    apart = SplitConfig(keep_copies_together=False)
    bench.imports.path(tmp_path / "copies", "Patients", options=ImportOptions(split=apart))

    def scene_of(picture) -> str:
        return picture.label + picture.source_name.rpartition("/")[2].partition("_")[0]

    assert any(len(splits) > 1 for splits in _splits_of(bench, scene_of).values())
    bench.editing.divide("Patients", UNLOCKED)
    assert all(len(splits) == 1 for splits in _splits_of(bench, scene_of).values())
