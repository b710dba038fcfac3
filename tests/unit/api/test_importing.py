"""Bringing pictures in through the facade."""

import io
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


def test_a_bad_name_is_told_before_the_work(bench, pets, tmp_path):
    def never(*_):
        pytest.fail("the import has begun")

    for name, error in (("PETS", NameTakenError), ("", ConfigError), ("a\nb", ConfigError)):
        with pytest.raises(error):
            bench.imports.path(tmp_path / "pets", name, progress=never)


def test_a_failed_import_lists_nothing(bench, tmp_path):
    folder = tmp_path / "no picture"
    (folder / "red").mkdir(parents=True)
    (folder / "red" / "1.png").write_text("a text")
    for path, error in ((folder, DatasetError), (tmp_path / "missing", SourceError)):
        with pytest.raises(error):
            bench.imports.path(path, "x")
    with pytest.raises(ClfError):
        bench.imports.path(tmp_path, "x", cancelled=lambda: True)
    assert bench.datasets.list() == ()


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


def test_more_pictures_make_a_new_version_and_leave_the_old_ones_as_they_are(bench, pets, write_pictures, tmp_path):
    before = bench.datasets.pictures("Pets", limit=100).pictures
    more = write_pictures(tmp_path / "more", {"red": 4, "green": 6}, seed=7)
    report = bench.imports.path(more, into="pets", who="Ada")
    assert (report.version, report.accepted, report.dataset) == (2, 10, "Pets")
    assert report.classes == {"blue": 10, "green": 6, "red": 14}
    now = {picture.id: picture for picture in bench.datasets.pictures("Pets", limit=100).pictures}
    assert [now[picture.id] for picture in before] == list(before)
    assert bench.datasets.pictures("Pets", version=1, limit=100).pictures == before
    assert bench.datasets.get("Pets", 1).pictures == 20


def test_a_change_made_while_pictures_are_read_is_kept(bench, pets, write_pictures, tmp_path):
    """Another hand changes the dataset in the middle of an import into it; neither change is lost."""
    more = write_pictures(tmp_path / "more", {"green": 6}, seed=7)
    changed = []

    def meanwhile(done: int, _total: int, _skipped: int) -> None:
        if not changed:
            changed.append(done)
            victim = bench.datasets.pictures("Pets", label="red").pictures[0].id
            bench.editing.exclude("Pets", [victim], "By hand")

    report = bench.imports.path(more, into="Pets", progress=meanwhile)
    assert (report.version, report.accepted) == (3, 6)
    assert report.classes == {"blue": 10, "green": 6, "red": 9}
    ids = [picture.id for picture in bench.datasets.pictures("Pets", shown="all", limit=100).pictures]
    assert len(ids) == len(set(ids)) == 26


def test_adding_to_nothing_or_adding_nothing_changes_nothing(bench, pets, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError):
        bench.imports.path(tmp_path / "empty", into="Pets")
    with pytest.raises(NotFoundError):
        bench.imports.path(tmp_path / "pets", into="nobody")
    assert bench.datasets.get("Pets").version == 1
