import os
import shutil
import time

import pytest

from clf_core.errors import ConfigError, NameTakenError, NotFoundError, StorageError
from clf_core.workspace import Workspace


def test_a_dataset_is_listed_with_its_counts(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    assert workspace.datasets.list() == (added,)
    assert added.classes == {"a": 6, "b": 4}
    assert added.splits == {"train": 5, "val": 2, "test": 3}
    assert added.class_splits["b"] == {"train": 2, "val": 1, "test": 1}
    assert (added.version, added.pictures, added.ignored_count) == (1, 10, 2)
    assert added.notices == ("Something to know.",)


def test_a_dataset_is_found_by_name_and_identifier_by_another_process_too(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    other = Workspace(workspace.root)
    assert other.datasets.find("pets") == other.datasets.find(added.id) == added


def test_an_unknown_dataset_is_told_with_those_there_are(workspace, imported):
    with pytest.raises(NotFoundError, match="There are no datasets yet"):
        workspace.datasets.find("x")
    workspace.datasets.add("Pets", imported, "me")
    with pytest.raises(NotFoundError, match="There is 'Pets'"):
        workspace.datasets.find("x")


@pytest.mark.parametrize("name", ["<b>x</b>", "../../outside", "/etc", "x" * 300, "\N{HONEYBEE}", "a\\..\\b"])
def test_a_hostile_name_is_text_and_never_a_path(workspace, imported, tmp_path, name):
    added = workspace.datasets.add(name, imported, "me")
    assert workspace.datasets.find(name).name == name
    assert {path.name for path in tmp_path.iterdir()} == {"workspace"}
    assert [path.name for path in (workspace.root / "datasets").iterdir()] == [added.id]


def test_a_taken_or_unusable_name_leaves_nothing(workspace, imported):
    workspace.datasets.add("Pets", imported, "me")
    with pytest.raises(NameTakenError):
        workspace.datasets.check_name("PETS")
    with pytest.raises(NameTakenError):
        workspace.datasets.add("PETS", imported, "me")
    with pytest.raises(ConfigError):
        workspace.datasets.add("a\nb", imported, "me")
    assert len(list((workspace.root / "datasets").iterdir())) == 1


def test_a_free_name_is_numbered_only_where_needed(workspace, imported):
    assert workspace.datasets.free_name("Pets") == "Pets"
    workspace.datasets.add("Pets", imported, "me")
    assert workspace.datasets.free_name("Pets") == "Pets 2"


def test_a_failed_write_lists_nothing_and_leaves_nothing(workspace, imported, monkeypatch):
    def refuse(*_):
        raise StorageError("The disk is full")

    monkeypatch.setattr(type(imported.manifest), "write", refuse)
    with pytest.raises(StorageError):
        workspace.datasets.add("Pets", imported, "me")
    assert workspace.datasets.list() == ()
    assert list((workspace.root / "datasets").iterdir()) == []


def test_the_manifest_is_the_one_stored(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    stored = Workspace(workspace.root).datasets.manifest(added.id, 1)
    assert stored.rows() == imported.manifest.rows()
    assert workspace.datasets.manifest(added.id, 1) is workspace.datasets.manifest(added.id, 1)


@pytest.mark.parametrize(("identifier", "version"), [("../../etc", 1), ("Pets", 1), (None, 2)])
def test_no_manifest_outside_the_store(workspace, imported, identifier, version):
    added = workspace.datasets.add("Pets", imported, "me")
    with pytest.raises(NotFoundError):
        workspace.datasets.manifest(identifier or added.id, version)


def test_a_deleted_index_is_filled_again_from_the_directories(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    (workspace.root / "index.sqlite3").unlink()
    assert workspace.datasets.list() == (added,)
    assert Workspace(workspace.root).datasets.list() == (added,)


def test_a_directory_that_appeared_without_the_index_is_found(workspace, imported):
    # As after a crash between the rename of the directory and the end of the index's transaction.
    added = workspace.datasets.add("Pets", imported, "me")
    elsewhere = workspace.root / "elsewhere"
    directory = workspace.root / "datasets" / added.id
    directory.rename(elsewhere)
    assert workspace.datasets.list() == ()
    elsewhere.rename(directory)
    assert workspace.datasets.list() == (added,)


def test_a_copy_made_by_hand_is_listed_under_a_name_of_its_own(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    datasets = workspace.root / "datasets"
    copy = "d-" + "f" * 20
    shutil.copytree(datasets / added.id, datasets / copy)
    assert {dataset.id: dataset.name for dataset in workspace.datasets.list()} == {added.id: "Pets", copy: "Pets 2"}
    (workspace.root / "index.sqlite3").unlink()
    assert {dataset.id: dataset.name for dataset in workspace.datasets.list()} == {added.id: "Pets", copy: "Pets 2"}


def test_an_incomplete_directory_is_not_listed(workspace, imported):
    added = workspace.datasets.add("Pets", imported, "me")
    datasets = workspace.root / "datasets"
    (datasets / ("d-" + "0" * 20)).mkdir()
    (datasets / "notes").mkdir()
    assert workspace.datasets.list() == (added,)


def test_a_damaged_dataset_does_not_hide_the_others(workspace, imported):
    sound, damaged = (workspace.datasets.add(name, imported, "me") for name in ("sound", "damaged"))
    (workspace.root / "datasets" / damaged.id / "versions" / "000001.json").write_text("{")
    again = Workspace(workspace.root)
    assert again.datasets.list() == (sound,)
    with pytest.raises(StorageError, match="cannot be read"):
        again.datasets.find("damaged")


def test_what_a_process_that_died_left_behind_is_removed_after_a_day(workspace, imported):
    workspace.datasets.add("Pets", imported, "me")
    old, fresh = (workspace.root / "datasets" / f".unfinished-{name}" for name in ("old", "fresh"))
    for path, age in ((old, 2 * 86400), (fresh, 0)):
        path.mkdir()
        os.utime(path, (time.time() - age,) * 2)
    workspace.datasets.list()
    assert not old.exists()
    assert fresh.exists()
