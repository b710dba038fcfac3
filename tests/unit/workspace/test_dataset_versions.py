"""A dataset changes by versions: complete or not at all, in order, whoever changes it at the same time."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from filelock import FileLock
from PIL import Image
from pyarrow import parquet

import clf_core.workspace.datasets as under_test
from clf_core.config import SplitConfig
from clf_core.data import edits
from clf_core.data.facts import Facts, measure
from clf_core.data.manifest import Manifest
from clf_core.errors import NameTakenError, NotFoundError, StorageError
from clf_core.results import SkippedFile
from clf_core.workspace import Workspace, dataset_files
from clf_core.workspace.dataset_records import clean_who
from clf_core.workspace.datasets import Draft

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pets(workspace, imported):
    return workspace.datasets.add("Pets", imported, "me")


@pytest.fixture
def change(workspace, pets):
    """``change(edit)`` makes a version of what a function of ``edits`` returns."""

    def make(work, who="you", store=None) -> int:
        def draft(manifest, _):
            edit = work(manifest)
            return edit and Draft(edit.manifest, edit.what, edit.split)

        return (store or workspace.datasets).change(pets.id, draft, who)

    return make


def test_a_change_is_a_version_with_who_what_and_where_it_came_from(workspace, pets, change):
    assert change(lambda manifest: edits.exclude(manifest, [0, 1], "Copies")) == 2
    newest, first = workspace.datasets.versions(pets.id)
    assert (newest.version, newest.parent, newest.who, newest.what) == (2, 1, "you", "Left out 2 pictures: Copies")
    assert (newest.pictures, newest.excluded, newest.classes) == (8, 2, 2)
    assert (first.version, first.parent, first.who, first.what) == (1, None, "me", "Imported 10 pictures")
    assert newest.created >= first.created
    now = Workspace(workspace.root).datasets.find("Pets")
    assert (now.version, now.pictures, now.excluded, now.created) == (2, 8, 2, pets.created)
    assert workspace.datasets.find("Pets", 1) == pets


def test_no_difference_makes_no_version(workspace, pets, change):
    assert change(lambda manifest: edits.relabel(manifest, [0], "a")) == 1
    assert len(workspace.datasets.versions(pets.id)) == 1


def test_an_edit_that_fails_changes_nothing(workspace, pets, change):
    with pytest.raises(NotFoundError):
        change(lambda manifest: edits.exclude(manifest, [99]))
    assert workspace.datasets.find("Pets") == pets


def test_edits_keep_telling_of_the_import_before_them_and_an_import_tells_of_itself(workspace, pets, change):
    change(lambda manifest: edits.exclude(manifest, [0]))
    change(lambda manifest: edits.exclude(manifest, [1]))
    edited = workspace.datasets.find("Pets")
    assert (edited.skipped, edited.ignored_count, edited.notices) == (pets.skipped, 2, pets.notices)
    newer = (SkippedFile(name="x", reason="y"),)
    workspace.datasets.change(pets.id, lambda manifest, _: Draft(manifest, "Added", skipped=newer), "me")
    change(lambda manifest: edits.exclude(manifest, [2]))
    assert Workspace(workspace.root).datasets.find("Pets").skipped == newer
    assert workspace.datasets.find("Pets", 2).skipped == pets.skipped
    stored = json.loads((workspace.root / "datasets" / pets.id / "versions" / "000005.json").read_text())
    assert (stored["skipped"], stored["import_version"]) == ([], 4)


def test_the_settings_of_the_split_are_kept_until_they_are_changed(workspace, pets, change):
    config = SplitConfig(seed=9)
    change(lambda manifest: edits.Edit(manifest, "Divided", config))
    change(lambda manifest: edits.exclude(manifest, [2]))
    assert workspace.datasets.find("Pets").split_config == config
    assert workspace.datasets.find("Pets", 1).split_config == SplitConfig()


def test_threads_that_change_at_once_all_land(workspace, pets, change):
    def leave_out(number: int) -> None:
        store = Workspace(workspace.root).datasets if number % 2 else workspace.datasets
        change(lambda manifest: edits.exclude(manifest, [number]), f"thread {number}", store)

    threads = [threading.Thread(target=leave_out, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = workspace.datasets.versions(pets.id)
    assert [version.version for version in history] == list(range(11, 0, -1))
    assert {version.who for version in history} == {"me", *(f"thread {number}" for number in range(10))}
    assert workspace.datasets.find("Pets").excluded == 10


def test_processes_that_change_at_once_all_land(workspace, pets):
    code = (
        "import sys; from pathlib import Path\n"
        "from clf_core.api.editing import Editing; from clf_core.workspace import Workspace\n"
        "editing = Editing(Workspace(Path(sys.argv[1])))\n"
        "for picture in range(int(sys.argv[2]), 10, 2): editing.exclude('Pets', [picture], who=sys.argv[2])\n"
    )
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(workspace.root), start], cwd=ROOT) for start in ("0", "1")
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert workspace.datasets.find("Pets").excluded == 10
    assert [version.parent for version in workspace.datasets.versions(pets.id)] == [*range(10, 0, -1), None]


def test_waiting_for_somebody_else_ends_in_words(workspace, pets, change, monkeypatch):
    monkeypatch.setattr(under_test, "_LOCK_SECONDS", 0.05)
    with (
        FileLock(workspace.root / "datasets" / pets.id / "versions" / ".lock"),
        pytest.raises(StorageError, match="somebody else"),
    ):
        change(lambda manifest: edits.exclude(manifest, [0]))


@pytest.mark.fault("A4")
@pytest.mark.parametrize("ending", ["parquet", "facts.parquet", "json"])
def test_a_full_disk_in_the_middle_of_a_version_leaves_none(workspace, pets, change, monkeypatch, ending):
    sync = os.fsync
    folder = workspace.root / "datasets" / pets.id / "versions"
    before = sorted(path.name for path in folder.iterdir())

    def refuse(handle: int) -> None:
        written = sum(path.name.startswith("000002") for path in folder.iterdir())
        if written == ["parquet", "facts.parquet", "json"].index(ending):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr("clf_core.files.os.fsync", refuse)
    facts = Facts.of([("0" * 64, measure(Image.new("RGB", (8, 8))))])
    brought = Draft(edits.exclude(workspace.datasets.manifest(pets.id, 1), [0]).manifest, "Added", facts=facts)
    with pytest.raises(StorageError, match="disk is full"):
        workspace.datasets.change(pets.id, lambda *_: brought, "me")
    monkeypatch.undo()
    assert sorted(path.name for path in folder.iterdir() if path.name != ".lock") == before
    assert workspace.datasets.find("Pets") == pets
    assert change(lambda manifest: edits.exclude(manifest, [0])) == 2


@pytest.mark.fault("A2")
def test_what_a_killed_process_left_of_a_version_is_no_version(workspace, pets, change):
    folder = workspace.root / "datasets" / pets.id / "versions"
    half = edits.exclude(workspace.datasets.manifest(pets.id, 1), range(10)).manifest
    half.write(folder / "000002.parquet")  # killed before the record was written
    (folder / ".writing-0123456789abcdef").write_bytes(b"{")
    again = Workspace(workspace.root).datasets
    assert again.find("Pets") == pets
    assert [version.version for version in again.versions(pets.id)] == [1]
    for look in (lambda: again.manifest(pets.id, 2), lambda: again.find("Pets", 2)):
        with pytest.raises(NotFoundError):
            look()
    assert change(lambda manifest: edits.exclude(manifest, [0]), store=again) == 2
    assert Workspace(workspace.root).datasets.manifest(pets.id, 2).in_use.sum() == 9


def test_a_dataset_of_the_first_format_is_read_and_can_be_changed(workspace, pets, change):
    folder = workspace.root / "datasets" / pets.id / "versions"
    table = workspace.datasets.manifest(pets.id, 1).table.drop(["id", "given_group", "excluded"])
    old = pa.Table.from_arrays(table.columns, schema=table.schema.with_metadata({b"clf_manifest_format": b"1"}))
    parquet.write_table(old, folder / "000001.parquet")
    record = json.loads((folder / "000001.json").read_text())
    for name in ("who", "what", "parent", "import_version", "excluded", "split_config"):
        del record[name]
    (folder / "000001.json").write_text(json.dumps(record))
    again = Workspace(workspace.root).datasets
    assert again.find("Pets") == pets
    (version,) = again.versions(pets.id)
    assert (version.what, version.who, version.parent) == ("Imported", "", None)
    assert again.manifest(pets.id, 1).ids.tolist() == list(range(10))
    assert change(lambda manifest: edits.exclude(manifest, [3]), store=again) == 2
    assert again.find("Pets").skipped == pets.skipped
    assert edits.returned(again.manifest(pets.id, 1), again.manifest(pets.id, 2), 1, SplitConfig()) is not None


def test_a_long_history_and_long_lists_are_read_once(workspace, imported, monkeypatch):
    many = tuple(SkippedFile(name=f"{number}.txt", reason="A text file") for number in range(10_000))
    pets = workspace.datasets.add("Pets", replace(imported, skipped=many), "me")
    for number in range(30):
        label = f"class {number}"
        workspace.datasets.change(
            pets.id, lambda manifest, _, to=label: Draft(edits.relabel(manifest, [0], to).manifest, "Moved"), "me"
        )
    versions = workspace.root / "datasets" / pets.id / "versions"
    assert sum(path.stat().st_size for path in versions.glob("*.json")) < 2_000_000  # not once more in every version
    again = Workspace(workspace.root).datasets
    read: list[str] = []
    original = dataset_files.read_version
    monkeypatch.setattr(dataset_files, "read_version", lambda path: read.append(path.name) or original(path))
    monkeypatch.setattr(under_test, "_TICK_NANOSECONDS", 0)
    assert len(again.versions(pets.id)) == 31
    assert (len(again.list()[0].skipped), again.list()[0].version) == (10_000, 31)
    assert len(read) == 31 + 2
    read.clear()
    for _ in range(5):
        again.versions(pets.id)
        again.list()
        again.find("Pets")
    assert read == []
    workspace.datasets.change(pets.id, lambda manifest, _: Draft(manifest, "Another"), "me")
    read.clear()
    assert (again.versions(pets.id)[0].what, again.list()[0].version) == ("Another", 32)
    assert set(read) == {"000032.json", "000001.json"}


def test_a_change_among_100000_pictures_takes_less_than_a_second(workspace, imported):
    numbers = range(100_000)
    keys = [f"{number:064x}" for number in numbers]
    few = imported.manifest.rows()[0]
    many = Manifest.from_rows(
        replace(few, id=-1, sha256=key, group=key, source_name=f"IMG_{number}.jpg", label=f"class {number % 10}")
        for number, key in zip(numbers, keys, strict=True)
    )
    large = workspace.datasets.add("Large", Draft(many, "Imported"), "me")
    works = (
        lambda manifest: edits.relabel(manifest, range(0, 20_000, 2), "another"),
        lambda manifest: edits.exclude(manifest, range(5000), "Copies"),
        lambda manifest: edits.move(manifest, range(30_000, 31_000), "val"),
        lambda manifest: edits.restore(manifest, range(5000)),
    )
    for work in works:
        began = time.process_time()  # of this process: others may keep the machine busy
        workspace.datasets.change(
            large.id, lambda manifest, _, work=work: Draft((edit := work(manifest)).manifest, edit.what), "me"
        )
        assert time.process_time() - began < 1
    assert workspace.datasets.find("Large").version == 5


def test_a_dataset_gets_another_name(workspace, imported, pets):
    workspace.datasets.add("Birds", imported, "me")
    workspace.datasets.rename(pets.id, " Animals ")
    assert workspace.datasets.find("Animals").id == pets.id
    assert Workspace(workspace.root).datasets.find(pets.id).name == "Animals"
    with pytest.raises(NotFoundError):
        workspace.datasets.find("Pets")
    with pytest.raises(NameTakenError):
        workspace.datasets.rename(pets.id, "birds")
    workspace.datasets.rename(pets.id, "ANIMALS")  # its own name in other capitals
    (workspace.root / "index.sqlite3").unlink()
    assert {dataset.name for dataset in workspace.datasets.list()} == {"ANIMALS", "Birds"}


def test_a_name_that_cannot_be_written_is_not_given(workspace, pets, monkeypatch):
    def refuse(*_):
        raise StorageError("The disk is full")

    monkeypatch.setattr(dataset_files, "write_json", refuse)
    with pytest.raises(StorageError):
        workspace.datasets.rename(pets.id, "Animals")
    assert workspace.datasets.find("Pets").name == "Pets"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Ada Lovelace", "Ada Lovelace"), ("a\nb\x1b[31m  c ", "a b [31m c"), ("x" * 200, "x" * 100), ("\u202e", "")],
)
def test_who_is_one_line(given, kept):
    assert clean_who(given) == kept


def test_versions_are_named_by_number_only(workspace, pets):
    folder = workspace.root / "datasets" / pets.id / "versions"
    for name in ("000001.health.json", "notes.json", "²²²²²².json"):
        (folder / name).write_text("{}")
    assert [version.version for version in workspace.datasets.versions(pets.id)] == [1]
    assert Workspace(workspace.root).datasets.find("Pets") == pets
