"""Faults while pictures come in: a full disk, thin and many classes, duplicates where they do harm."""

import errno
import hashlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.config import ImportOptions, TrainConfig
from clf_core.data.manifest import Manifest
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, DatasetError, StorageError
from clf_core.settings import Settings

Files = dict[str, bytes]


def picture(number: int, side: int = 90, kind: str = "PNG") -> bytes:
    """A picture with enough in it to be known again, in another size too."""
    blocks = Image.fromarray(np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    blocks.resize((90, 90), Image.Resampling.BICUBIC).resize((side, side)).save(buffer, kind)
    return buffer.getvalue()


def classes(count: int = 6) -> Files:
    return {f"{label}/{n}.png": picture(n + 100 * (label == "b")) for label in "ab" for n in range(count)}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(Settings(workspace=tmp_path / "workspace"))


@pytest.fixture
def bring(bench: Workbench) -> Callable[..., Manifest]:
    """Import files into a dataset and return its manifest."""

    def start(files: Files, name: str = "pets", **options: object) -> Manifest:
        opened = [(name, io.BytesIO(data)) for name, data in files.items()]
        target = {} if "into" in options else {"name": name}
        report = bench.imports.files(opened, **target, **options)
        path = bench.settings.workspace / "datasets" / report.dataset_id / "versions" / f"{report.version:06}.parquet"
        return Manifest.read(path)

    return start


def leftovers(folder: Path) -> list[str]:
    """Files that are neither whole pictures nor part of what every workspace has."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in found if path.name.startswith(".") and path.name not in (".lock", ".swept"))


@pytest.mark.fault("A4")
class TestAFullDisk:
    def test_known_beforehand_is_told_with_both_figures(
        self, bench: Workbench, bring: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=5000))
        with pytest.raises(StorageError, match="not enough room") as caught:
            bring(classes())
        needed = sum(map(len, classes().values())) / 1024
        assert caught.value.why.startswith(f"Needs {needed:,.0f} KB, has 5 KB")
        assert bench.datasets.list() == ()
        assert not list((bench.settings.workspace / "pictures").rglob("*.pack"))

    @pytest.mark.parametrize("half", [False, True])
    @pytest.mark.parametrize("nth", [0, 5, 11])
    def test_while_pictures_are_stored(
        self, bench: Workbench, bring: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, nth: int, half: bool
    ) -> None:
        calls: list[int] = []
        write = os.write

        def full(descriptor: int, data: memoryview) -> int:
            calls.append(descriptor)
            if len(calls) == nth + 1 and half:
                return write(descriptor, data[: len(data) // 2])  # the disk fills up in the middle of a picture
            if len(calls) > nth:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data)

        before = bring({"a/x.png": picture(600), "b/y.png": picture(601)}, "before")
        monkeypatch.setattr("clf_core.data.packs.os.write", full)
        with pytest.raises(StorageError, match="disk is full"):
            bring(classes())
        monkeypatch.setattr("clf_core.data.packs.os.write", write)
        store = PictureStore(bench.settings.workspace / "pictures")  # as another process sees it
        assert [store.read(key) for key in before.column("sha256")] == [picture(600), picture(601)]
        assert not any(store.contains(hashlib.sha256(data).hexdigest()) for data in classes().values())
        assert [dataset.name for dataset in bench.datasets.list()] == ["before"]
        assert leftovers(bench.settings.workspace) == []
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
        after = bring(classes())  # once there is room, under the same name
        assert len(after) == 12
        again = PictureStore(bench.settings.workspace / "pictures")
        assert {again.read(key) for key in after.column("sha256")} == set(classes().values())

    @pytest.mark.parametrize("ending", [".parquet", ".facts.parquet", ".json"])
    def test_while_the_dataset_is_written(
        self, bench: Workbench, bring: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, ending: str
    ) -> None:
        bring(classes(), "before")
        rename = Path.replace

        def full(self: Path, target: Path) -> Path:
            if str(target).endswith(ending):
                raise OSError(errno.ENOSPC, "No space left on device")
            return rename(self, target)

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(StorageError, match="disk is full"):
            bring(classes(), "after")
        with pytest.raises(StorageError, match="disk is full"):
            bring({"a/new.png": picture(500)}, into="before")
        monkeypatch.setattr(Path, "replace", rename)
        assert [(found.name, found.version, found.pictures) for found in bench.datasets.list()] == [("before", 1, 12)]
        assert leftovers(bench.settings.workspace) == []
        assert len(bring({"a/new.png": picture(500)}, into="before")) == 13

    def test_while_it_is_flushed(
        self, bench: Workbench, bring: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        flush = os.fsync
        monkeypatch.setattr("clf_core.data.packs.os.fsync", full)
        with pytest.raises(StorageError, match="disk is full"):
            bring(classes())
        assert bench.datasets.list() == ()
        assert not list((bench.settings.workspace / "pictures").rglob("*.idx"))
        monkeypatch.setattr("clf_core.data.packs.os.fsync", flush)
        manifest = bring(classes())
        store = PictureStore(bench.settings.workspace / "pictures")
        assert {store.read(key) for key in manifest.column("sha256")} == set(classes().values())


@pytest.mark.fault("A4")
def test_a_cancelled_import_leaves_nothing_that_is_listed(bench: Workbench, bring: Callable[..., Manifest]) -> None:
    asked: list[int] = []

    def after_some() -> bool:
        asked.append(1)
        return len(asked) > 18

    with pytest.raises(CancelledError):
        bring(classes(), cancelled=after_some)
    assert bench.datasets.list() == ()
    assert leftovers(bench.settings.workspace) == []


@pytest.mark.fault("D1")
class TestThinClasses:
    def test_one_class_is_kept_and_refused_before_training(
        self, bench: Workbench, bring: Callable[..., Manifest]
    ) -> None:
        bring({f"a/{n}.png": picture(n) for n in range(4)})
        dataset = bench.datasets.get("pets")
        assert dataset.notices == ("Only one class so far, 'a': add a second one before training.",)
        assert bench.datasets.problems_before_training("pets") == (
            "Needs a second class: with one there is nothing to tell apart.",
        )
        with pytest.raises(DatasetError):
            bench.runs.start("pets", TrainConfig())
        assert bench.runs.list() == ()

    def test_a_class_of_one_picture_is_announced(self, bench: Workbench, bring: Callable[..., Manifest]) -> None:
        bring({**classes(), "lonely/1.png": picture(900)})
        assert any("'lonely' has only one picture" in notice for notice in bench.datasets.get("pets").notices)
        assert bench.datasets.problems_before_training("pets") == ()

    def test_a_thousand_classes(self, bench: Workbench, bring: Callable[..., Manifest]) -> None:
        data = [picture(number) for number in range(40)]
        bring({f"class {number}/{n}.png": data[(number + n) % 40] for number in range(1000) for n in range(2)})
        dataset = bench.datasets.get("pets")
        assert len(dataset.classes) == 1000
        assert dataset.notices
        assert all(len(notice) < 600 for notice in dataset.notices)


@pytest.mark.fault("D2")
class TestDuplicates:
    def straddling(self, manifest: Manifest) -> set[str]:
        first: dict[str, str] = {}
        return {row.group for row in manifest.rows() if first.setdefault(row.group, row.split) != row.split}

    def test_across_classes_are_listed_and_grouped(self, bench: Workbench, bring: Callable[..., Manifest]) -> None:
        manifest = bring({**classes(), "b/also an a.png": picture(3)})
        assert sum("contradiction" in row.flags for row in manifest.rows()) == 2
        assert any("in more than one class" in notice for notice in bench.datasets.get("pets").notices)
        assert self.straddling(manifest) == set()

    @pytest.mark.parametrize("copy", [picture(3), picture(3, 60, "JPEG")], ids=["equal", "shrunken"])
    def test_are_grouped_before_the_split(self, bring: Callable[..., Manifest], copy: bytes) -> None:
        files = {f"{label}/{n}.png": picture(n + 100 * (label == "b")) for label in "ab" for n in range(12)}
        manifest = bring({**files, "a/copy.png": copy})
        rows = {row.source_name: row for row in manifest.rows()}
        assert rows["a/copy.png"].group == rows["a/3.png"].group
        assert self.straddling(manifest) == set()

    @pytest.mark.parametrize("copy", [picture(3), picture(3, 60, "JPEG")], ids=["equal", "shrunken"])
    def test_across_given_splits_are_left_out_of_training(
        self, bench: Workbench, bring: Callable[..., Manifest], copy: bytes
    ) -> None:
        files = {f"{'test' if name[2] in '34' else 'train'}/{name}": data for name, data in classes().items()}
        manifest = bring({**files, "train/a/copy.png": copy})
        left_out = [row for row in manifest.rows() if row.excluded]
        assert [row.source_name for row in left_out] == ["train/a/copy.png"]
        assert "'test/a/3.png'" in left_out[0].excluded
        assert any("left out" in notice for notice in bench.datasets.get("pets").notices)
        assert self.straddling(manifest) == set()

    def test_between_an_old_and_a_new_import(self, bring: Callable[..., Manifest]) -> None:
        bring(classes())
        new = {
            f"{label}/small {n}.jpg": picture(n + 100 * (label == "b"), 60, "JPEG") for label in "ab" for n in range(6)
        }
        manifest = bring(new, into="pets", options=ImportOptions())
        assert len(manifest) == 24
        assert self.straddling(manifest) == set()
