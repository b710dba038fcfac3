import io
import shutil
import zipfile

import pytest

from clf_core.api import Workbench
from clf_core.errors import ClfError, ConfigError, DatasetError, NameTakenError, NotFoundError, SourceError
from clf_core.settings import Settings


def test_a_folder_becomes_a_dataset_and_every_file_is_accounted_for(bench, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "pets", {"red": 10, "blue": 10})
    (folder / "red" / "notes.txt").write_text("hello")
    (folder / "red" / ".DS_Store").write_bytes(b"x")
    seen = []
    report = bench.imports.path(folder, "Pets", progress=lambda *counts: seen.append(counts))
    assert (report.accepted, report.skipped_count, report.ignored_count) == (20, 1, 1)
    assert report.skipped[0].name.endswith("notes.txt")
    assert report.classes == {"blue": 10, "red": 10}
    assert sum(report.splits.values()) == 20
    assert seen[-1][0] == seen[-1][1]
    assert bench.datasets.get(report.dataset_id) == bench.datasets.list()[0]


def test_files_of_a_browser_become_the_same_dataset(bench, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "pets", {"red": 5, "blue": 5})
    loose = [
        (path.relative_to(tmp_path).as_posix(), io.BytesIO(path.read_bytes())) for path in sorted(folder.rglob("*.png"))
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in loose:
            archive.writestr(name, content.getvalue())
    packed.seek(0)
    one = bench.imports.files(loose, "loose")
    other = bench.imports.files([("pets.zip", packed)], "packed")
    assert one.classes == other.classes == {"blue": 5, "red": 5}
    assert one.splits == other.splits


def test_a_sample_gets_a_free_name(bench):
    key = bench.imports.samples()[1].key
    first, second = (bench.imports.sample(key) for _ in range(2))
    assert second.dataset == f"{first.dataset} 2"
    with pytest.raises(NotFoundError, match="digits"):
        bench.imports.sample("no such sample")


def test_a_free_name_is_the_wanted_one_or_numbered(bench, pets):
    name = bench.datasets.get(pets.dataset_id).name
    assert bench.datasets.free_name("nobody has this") == "nobody has this"
    assert bench.datasets.free_name(name) == f"{name} 2"


def test_a_bad_name_is_told_before_the_work(bench, pets, tmp_path):
    def never(*_):
        pytest.fail("the import has begun")

    for name, error in (("PETS", NameTakenError), ("", ConfigError), ("a\nb", ConfigError)):
        with pytest.raises(error):
            bench.imports.path(tmp_path / "pets", name, progress=never)


def test_a_failed_import_lists_nothing(bench, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "one class", {"red": 3})
    for path, error in ((folder, DatasetError), (tmp_path / "missing", SourceError)):
        with pytest.raises(error):
            bench.imports.path(path, "x")
    with pytest.raises(ClfError):
        bench.imports.path(tmp_path, "x", cancelled=lambda: True)
    assert bench.datasets.list() == ()


def test_pictures_come_by_class_split_and_page(bench, pets):
    everything = bench.datasets.pictures("pets")
    assert everything.total == len(everything.pictures) == 20
    red = bench.datasets.pictures("Pets", label="red", split="train", limit=2)
    assert red.total == bench.datasets.get("Pets").class_splits["red"]["train"]
    assert [(picture.label, picture.split) for picture in red.pictures] == [("red", "train")] * 2
    rest = bench.datasets.pictures("Pets", label="red", split="train", offset=2)
    assert not {p.sha256 for p in red.pictures} & {p.sha256 for p in rest.pictures}
    for wrong in ({"label": "green"}, {"version": 2}):
        with pytest.raises(NotFoundError):
            bench.datasets.pictures("Pets", **wrong)


def test_picture_files_are_reached_only_by_their_hash(bench, pets):
    sha256 = bench.datasets.pictures("Pets").pictures[0].sha256
    assert bench.datasets.picture_bytes(sha256).startswith(b"\x89PNG")
    assert bench.datasets.thumbnail(sha256, 96)[8:12] == b"WEBP"
    for hostile in ("../../etc/passwd", sha256.upper(), "0" * 64, ""):
        with pytest.raises(NotFoundError):
            bench.datasets.picture_bytes(hostile)
        with pytest.raises(NotFoundError):
            bench.datasets.thumbnail(hostile, 96)


def test_problems_before_training_are_none_for_a_sound_dataset(bench, pets):
    assert bench.datasets.problems_before_training("Pets") == ()


def test_the_browser_may_import_only_from_folders_the_operator_allows(tmp_path):
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for folder in (allowed / "inner", other):
        folder.mkdir(parents=True)
    (allowed / "link").symlink_to(other)
    bench = Workbench(Settings(workspace=tmp_path / "w", import_folders=(allowed,)))
    assert bench.imports.check_folder(str(allowed / "inner")) == allowed / "inner"
    for outside in (other, allowed / ".." / "other", allowed / "link", tmp_path / "allowed2"):
        with pytest.raises(SourceError, match="limited"):
            bench.imports.check_folder(outside)
    closed = Workbench(Settings(workspace=tmp_path / "w", import_folders=()))
    with pytest.raises(SourceError, match="zip archive instead"):
        closed.imports.check_folder(allowed)


def test_any_folder_is_allowed_where_the_operator_set_no_limit(bench, tmp_path):
    assert bench.imports.check_folder(tmp_path) == tmp_path
    with pytest.raises(SourceError, match="There is nothing at"):
        bench.imports.check_folder(tmp_path / "missing")
    for odd in ("~nobody-of-this-name/pets", "a\0b", "x" * 5000):
        with pytest.raises(SourceError, match="There is nothing at"):
            bench.imports.check_folder(odd)


def test_a_dataset_deleted_by_hand_is_gone_from_the_list(bench, pets):
    shutil.rmtree(bench.settings.workspace / "datasets" / pets.dataset_id)
    assert bench.datasets.list() == ()
