"""The whole way from a source to a manifest, on pictures of a few pixels."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportLimits, ImportOptions, SplitConfig
from clf_core.data.facts import Facts
from clf_core.data.manifest import ManifestRow
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, DatasetError, SourceError
from clf_core.importing.importer import Base, ImportedPictures, import_pictures
from clf_core.importing.source import uploaded_source

Encode = Callable[..., bytes]
Files = dict[str, bytes]


def noise(number: int, size: tuple[int, int] = (20, 18)) -> Image.Image:
    values = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def scene(number: int, side: int = 120) -> Image.Image:
    """A picture with enough in it to be known again."""
    blocks = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def base_of(imported: ImportedPictures) -> Base:
    assert imported.facts is not None
    return Base(imported.manifest, imported.facts)


def straddling(rows: list[ManifestRow]) -> set[str]:
    """Groups that stand in several splits."""
    first: dict[str, str] = {}
    return {row.group for row in rows if first.setdefault(row.group, row.split) != row.split}


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


@pytest.fixture
def run(store: PictureStore) -> Callable[..., ImportedPictures]:
    def start(files: Files, limits: ImportLimits | None = None, **options: object) -> ImportedPictures:
        limits = limits or ImportLimits()
        source = uploaded_source([(name, io.BytesIO(data)) for name, data in files.items()], limits)
        return import_pictures(source, store, limits=limits, **options)

    return start


@pytest.fixture
def pets(picture_bytes: Encode) -> Files:
    """Two classes of ten pictures each."""
    return {f"{label}/{n}.png": picture_bytes(noise(n + 100 * (label == "b"))) for label in "ab" for n in range(10)}


@pytest.fixture
def scenes() -> Files:
    """Two classes of ten larger pictures each."""
    return {f"{label}/{n}.png": encoded(scene(n + 100 * (label == "b"))) for label in "ab" for n in range(10)}


def test_every_picture_becomes_a_row(run: Callable[..., ImportedPictures], pets: Files, store: PictureStore) -> None:
    imported = run(pets)
    rows = imported.manifest.rows()
    assert [row.source_name for row in rows] == list(pets)
    assert imported.manifest.counts() == {"a": 10, "b": 10}
    assert imported.manifest.class_splits()["a"] == {"train": 6, "val": 2, "test": 2}
    assert (imported.skipped, imported.ignored_count, imported.notices) == ((), 0, ())
    for row in rows:
        assert store.read(row.sha256) == pets[row.source_name]
        assert (row.width, row.height, row.size) == (20, 18, len(pets[row.source_name]))
        assert row.group == row.sha256


def test_files_add_up(run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode) -> None:
    odd = {
        "a/text.jpg": b"not a picture",
        "a/.DS_Store": b"x",
        "__MACOSX/a/._0.png": b"x",
        "a/notes.txt": b"x",
        "cover.png": picture_bytes(),
        "b/cut.png": picture_bytes(noise(7))[:200],
        "b/dot.png": picture_bytes(Image.new("RGB", (1, 1))),
        "../../canary.png": picture_bytes(),
    }
    imported = run({**pets, **odd})
    assert len(imported.manifest) + len(imported.skipped) + imported.ignored_count == len(pets) + len(odd)
    assert imported.ignored_count == 2
    reasons = {file.name: file.reason for file in imported.skipped}
    assert reasons == {
        "a/text.jpg": "A text file, not a picture",
        "a/notes.txt": "A .txt file, not a picture",
        "cover.png": "Not inside a class folder",
        "b/cut.png": "Cut off: the PNG file ends before the picture does",
        "b/dot.png": "Only 1 x 1 pixels: too small to show anything",
        "../../canary.png": "Its path leads outside the source",
    }


def test_the_order_of_the_files_does_not_change_the_splits(run: Callable[..., ImportedPictures], pets: Files) -> None:
    forward = {row.source_name: row.split for row in run(pets).manifest.rows()}
    backward = {row.source_name: row.split for row in run(dict(reversed(pets.items()))).manifest.rows()}
    assert forward == backward


class TestCopies:
    def test_share_a_group_and_a_split(
        self, run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode
    ) -> None:
        same_bytes = {f"a/copy{n}.png": pets["a/0.png"] for n in range(3)}
        same_pixels = {"a/saved again.bmp": picture_bytes(noise(0), "BMP")}
        imported = run({**pets, **same_bytes, **same_pixels})
        copies = [row for row in imported.manifest.rows() if "duplicate" in row.flags]
        assert {row.source_name for row in copies} == {"a/0.png", *same_bytes, *same_pixels}
        assert len({row.group for row in copies}) == len({row.split for row in copies}) == 1
        assert "4 files are copies" in imported.notices[0]

    def test_in_two_classes_are_kept_and_announced(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        imported = run({**pets, "b/also an a.png": pets["a/3.png"]})
        rows = [row for row in imported.manifest.rows() if "contradiction" in row.flags]
        assert {(row.label, row.split) for row in rows} == {("a", "train"), ("b", "train")}
        assert any("'a/3.png' in 'a'" in notice and "'b/also an a.png' in 'b'" in notice for notice in imported.notices)

    def test_do_not_leak_between_given_splits(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {f"train/{name}": data for name, data in pets.items() if name[2] in "01234"}
        files |= {f"val/{name}": data for name, data in pets.items() if name[2] in "56"}
        files |= {f"test/{name}": data for name, data in pets.items() if name[2] in "789"}
        clean = run(files)
        assert clean.manifest.split_counts() == {"train": 10, "val": 4, "test": 6}
        leaks = {
            "train/a/leak.png": pets["a/7.png"],
            "val/b/leak.png": pets["b/8.png"],
            "train/b/leak.png": pets["b/5.png"],
            "test/a/twice.png": pets["a/9.png"],
        }
        imported = run({**files, **leaks})
        assert imported.manifest.split_counts() == {"train": 10, "val": 4, "test": 7}
        reasons = {row.source_name: row.excluded for row in imported.manifest.rows() if row.excluded}
        assert set(reasons) == set(leaks) - {"test/a/twice.png"}
        assert "in the test split as 'test/a/7.png'" in reasons["train/a/leak.png"]
        assert "in the validation split as 'val/b/5.png'" in reasons["train/b/leak.png"]
        assert any("3 pictures were left out" in notice for notice in imported.notices)
        assert not straddling(imported.manifest.rows())


class TestGivenSplits:
    def test_val_alone_becomes_the_test_split(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {f"w/train/{name}": data for name, data in pets.items() if name[2] in "0123456"}
        files |= {f"w/val/{name}": data for name, data in pets.items() if name[2] in "789"}
        imported = run({**files, "w/train/a/leak.png": pets["a/7.png"]})
        assert imported.manifest.split_counts() == {"train": 12, "val": 2, "test": 6}
        assert any("became the test split" in notice for notice in imported.notices)
        left_out = [row for row in imported.manifest.rows() if row.excluded]
        assert [row.source_name for row in left_out] == ["w/train/a/leak.png"]
        assert "in the test split" in left_out[0].excluded
        assert left_out[0].split == "test"  # restoring it must not make its group straddle

    def test_a_class_missing_from_a_split_is_announced(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {f"train/{name}": data for name, data in pets.items() if name[0] == "a"}
        files |= {f"test/{name}": data for name, data in pets.items() if name[0] == "b"}
        notices = " ".join(run(files).notices)
        assert "'b' has no training picture" in notices
        assert "'a' has no test picture, so nothing can be said about how well it is recognised." in notices
        several = " ".join(
            run(
                {f"train/{name}": data for name, data in pets.items()} | {"test/c/1.png": files["test/b/0.png"]}
            ).notices
        )
        assert "'a', 'b' have no test picture, so nothing can be said about how well they are recognised." in several


class TestNearCopies:
    def test_share_a_group_and_a_split(self, run: Callable[..., ImportedPictures], scenes: Files) -> None:
        small = {
            "a/small.jpg": encoded(scene(3).resize((70, 70)), "JPEG"),
            "a/smaller.png": encoded(scene(3).resize((50, 48))),
        }
        imported = run({**scenes, **small})
        rows = {row.source_name: row for row in imported.manifest.rows()}
        together = [rows["a/3.png"], *(rows[name] for name in small)]
        assert len({row.group for row in together}) == len({row.split for row in together}) == 1
        assert together[0].group == min(row.sha256 for row in together)
        assert not any("duplicate" in row.flags for row in together)
        assert "2 pictures look nearly the same as another one; such pictures stay in one split." in imported.notices
        assert imported.facts is not None
        assert len(imported.facts) == len(rows)

    def test_do_not_count_where_they_need_not_stay_together(
        self, run: Callable[..., ImportedPictures], scenes: Files
    ) -> None:
        files = {**scenes, "a/small.png": encoded(scene(3).resize((70, 70)))}
        options = ImportOptions(split=SplitConfig(keep_copies_together=False))
        assert len({row.group for row in run(files, options=options).manifest.rows()}) == len(files)

    def test_across_given_splits_are_left_out_with_the_other_named(
        self, run: Callable[..., ImportedPictures], scenes: Files
    ) -> None:
        splits = ("train", "train", "train", "val", "test")
        files = {f"{splits[int(name[2]) % 5]}/{name}": data for name, data in scenes.items()}
        files["train/a/near.jpg"] = encoded(scene(4).resize((80, 80)), "JPEG")
        imported = run(files)
        left_out = {row.source_name: row.excluded for row in imported.manifest.rows() if row.excluded}
        assert left_out == {
            "train/a/near.jpg": "Looks the same as 'test/a/4.png' in the test split; it is used there only"
        }
        assert not straddling(imported.manifest.rows())
        assert imported.manifest.split_counts() == {"train": 12, "val": 4, "test": 4}

    def test_a_jpeg_is_measured_at_a_reduced_scale_and_told_at_full(
        self, run: Callable[..., ImportedPictures], scenes: Files
    ) -> None:
        large = encoded(scene(50, 700), "JPEG", quality=90)
        imported = run({**scenes, "a/large.jpg": large, "a/cut.jpg": large[: len(large) * 9 // 10]})
        row = next(row for row in imported.manifest.rows() if row.source_name == "a/large.jpg")
        assert (row.width, row.height) == (700, 700)
        assert [(file.name, file.reason) for file in imported.skipped] == [
            ("a/cut.jpg", "Cut off: the JPEG file ends before the picture does")
        ]


class TestGivenGroups:
    def test_by_the_file_names(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {name.replace("/", f"/patient{int(name[2]) // 2}{name[0]}_"): data for name, data in pets.items()}
        imported = run(files, options=ImportOptions(split=SplitConfig(group_pattern="{group}_*")))
        rows = imported.manifest.rows()
        assert {row.given_group for row in rows} == {f"patient{n}{label}" for n in range(5) for label in "ab"}
        assert len({row.group for row in rows}) == 10
        assert not straddling(rows)
        assert imported.manifest.split_counts() == {"train": 12, "val": 4, "test": 4}

    def test_by_a_table(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        table = "file,label,patient\n" + "".join(f"{name},{name[0]},p{name[0]}{int(name[2]) % 5}\n" for name in pets)
        imported = run({**pets, "labels.csv": table.encode()})
        rows = imported.manifest.rows()
        assert {row.given_group for row in rows} == {f"p{label}{n}" for n in range(5) for label in "ab"}
        assert not straddling(rows)

    def test_that_straddle_given_splits_are_announced(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {f"{'test' if name[2] in '89' else 'train'}/{name}": data for name, data in pets.items()}
        files = {name.replace(".png", f"_{n % 7}.png"): data for n, (name, data) in enumerate(files.items())}
        imported = run(files, options=ImportOptions(split=SplitConfig(group_pattern="*_{group}")))
        assert imported.manifest.split_counts()["test"] == 4
        assert not straddling(imported.manifest.rows())
        assert any("in more than one of the given splits" in notice for notice in imported.notices)
        assert not any(row.excluded for row in imported.manifest.rows())


class TestAddingToADataset:
    def test_old_pictures_stay_as_they_are(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        first = run(pets)
        more = {
            f"{label}/new {n}.png": encoded(noise(500 + n + 100 * (label == "b"))) for label in "ab" for n in range(10)
        }
        second = run(more, base=base_of(first))
        rows = second.manifest.rows()
        assert rows[:20] == first.manifest.rows()
        assert [row.source_name for row in rows[20:]] == list(more)
        assert [row.id for row in rows] == list(range(40))
        assert second.added == 20
        assert second.manifest.class_splits()["a"] == {"train": 13, "val": 3, "test": 4}
        assert second.facts is not None
        assert len(second.facts) == 20

    def test_what_is_there_already_is_skipped(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        first = run(pets)
        again = {"a/again.png": pets["a/3.png"], "b/other class.png": pets["a/4.png"], "a/new.png": encoded(noise(700))}
        second = run(again, base=base_of(first))
        assert [(file.name, file.reason) for file in second.skipped] == [
            ("a/again.png", "Already in the dataset as 'a/3.png'")
        ]
        rows = {row.source_name: row for row in second.manifest.rows()}
        other = rows["b/other class.png"]
        assert (other.split, other.group) == (rows["a/4.png"].split, rows["a/4.png"].group)
        assert "contradiction" in other.flags
        with pytest.raises(DatasetError, match="in the dataset already"):
            run({"a/again.png": pets["a/3.png"]}, base=base_of(first))

    def test_copies_of_old_pictures_follow_them(self, run: Callable[..., ImportedPictures], scenes: Files) -> None:
        first = run(scenes)
        copies = {
            f"train/{name}": encoded(scene(int(name[2]) + 100 * (name[0] == "b")).resize((80, 75))) for name in scenes
        }
        copies |= {f"test/{label}/x{n}.png": encoded(scene(900 + n)) for n, label in enumerate("ab")}
        second = run(copies, base=base_of(first))
        old = {row.source_name: row for row in first.manifest.rows()}
        new = {row.source_name: row for row in second.manifest.rows()[20:]}
        for name, row in old.items():
            copy = new[f"train/{name}"]
            assert (copy.split, copy.group, copy.excluded) == (row.split, row.group, "")
        assert [new[f"test/{label}/x{n}.png"].split for n, label in enumerate("ab")] == ["test", "test"]
        assert not straddling(second.manifest.rows())

    def test_one_that_joins_a_given_group_follows_it(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        options = ImportOptions(split=SplitConfig(group_pattern="{group}_*"))
        named = {name.replace("/", f"/p{name[2]}{name[0]}_"): data for name, data in pets.items()}
        first = run(named, options=options)
        more = {f"a/p{n}a_later.png": encoded(noise(800 + n)) for n in range(10)}
        second = run(more, options=options, base=base_of(first))
        splits = {row.given_group: row.split for row in first.manifest.rows()}
        assert all(row.split == splits[row.given_group] for row in second.manifest.rows()[20:])
        assert not straddling(second.manifest.rows())

    def test_a_dataset_without_measurements(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        first = run(pets)
        more = {"b/same file.png": pets["a/4.png"], "b/new.png": encoded(noise(701))}
        rows = run(more, base=Base(first.manifest, Facts.empty())).manifest.rows()
        assert rows[20].group == next(row.group for row in rows if row.source_name == "a/4.png")

    def test_a_second_class(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        first = run({name: data for name, data in pets.items() if name[0] == "a"})
        second = run({name: data for name, data in pets.items() if name[0] == "b"}, base=base_of(first))
        assert second.manifest.counts() == {"a": 10, "b": 10}
        assert second.manifest.class_splits()["b"] == {"train": 6, "val": 2, "test": 2}
        assert second.notices == ()


def test_pictures_without_a_class_get_the_one_of_the_options(run: Callable[..., ImportedPictures], pets: Files) -> None:
    files = {name[2:]: data for name, data in pets.items() if name[0] == "a"}
    assert run(files, options=ImportOptions(label="ants")).manifest.counts() == {"ants": 10}


class TestOneClass:
    def test_is_accepted_and_announced(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        imported = run({name: data for name, data in pets.items() if name[0] == "a"})
        assert imported.manifest.counts() == {"a": 10}
        assert imported.notices == ("Only one class so far, 'a': add a second one before training.",)

    def test_a_second_class_without_a_usable_picture(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        imported = run({name: data if name[0] == "a" else b"broken" for name, data in pets.items()})
        assert imported.manifest.classes == ("a",)
        assert len(imported.skipped) == 10


class TestNotices:
    def test_thin_classes(self, run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode) -> None:
        imported = run({**pets, "lonely/1.png": picture_bytes(noise(999))})
        assert imported.manifest.class_splits()["lonely"] == {"train": 1, "val": 0, "test": 0}
        assert imported.notices == ("The class 'lonely' has only one picture: it can be learned from but not tested.",)

    def test_several_thin_classes(
        self, run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode
    ) -> None:
        thin = {f"{name}/1.png": picture_bytes(noise(seed)) for seed, name in enumerate(("x", "y"), start=990)}
        assert run({**pets, **thin}).notices == (
            "The classes 'x', 'y' have only one picture each: they can be learned from but not tested.",
        )

    def test_animations_and_tiny_pictures(
        self, run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode
    ) -> None:
        animation = picture_bytes(noise(50), "GIF", save_all=True, append_images=[noise(51)])
        imported = run({**pets, "a/film.gif": animation, "b/icon.png": picture_bytes(noise(52, (30, 9)))})
        flags = {row.source_name: row.flags for row in imported.manifest.rows() if row.flags}
        assert flags == {"a/film.gif": ("animated",), "b/icon.png": ("small",)}
        assert "first frame only" in imported.notices[0]
        assert "very small" in imported.notices[1]

    def test_long_names_are_shortened(
        self, run: Callable[..., ImportedPictures], pets: Files, picture_bytes: Encode
    ) -> None:
        imported = run({**pets, f"{'x' * 5000}/1.png": picture_bytes(noise(999))})
        assert "x" * 5000 in imported.manifest.classes
        assert len(imported.notices[0]) < 200

    def test_unicode_spellings(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        files = {
            name.replace("a/", "caf\u00e9/" if n % 2 else "cafe\u0301/"): pets[name] for n, name in enumerate(pets)
        }
        imported = run(files)
        assert imported.manifest.classes == ("b", "caf\u00e9")
        assert "one class" in imported.notices[0]


class TestRefusals:
    def test_no_picture(self, run: Callable[..., ImportedPictures]) -> None:
        with pytest.raises(DatasetError, match="No usable picture") as caught:
            run({"a/1.jpg": b"text", "b/2.jpg": b"text", "c/.DS_Store": b""})
        assert caught.value.why == "A text file, not a picture (2 files)"

    def test_no_class_folders(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        with pytest.raises(DatasetError, match="folder named after the class"):
            run({name.replace("/", " "): data for name, data in pets.items()})

    def test_a_source_beyond_its_limits(self, run: Callable[..., ImportedPictures], pets: Files) -> None:
        with pytest.raises(SourceError, match="more than 5 files"):
            run(pets, ImportLimits(max_files=5))


def test_progress(run: Callable[..., ImportedPictures], pets: Files) -> None:
    calls: list[tuple[int, int, int]] = []
    run({**pets, "a/text.jpg": b"text", "readme.txt": b"x"}, progress=lambda *counts: calls.append(counts))
    assert [done for done, _, _ in calls] == list(range(1, 22))
    assert {total for _, total, _ in calls} == {21}
    assert calls[0][2] == 1
    assert calls[-1][2] == 2


def test_cancelling_while_the_files_are_listed(run: Callable[..., ImportedPictures], pets: Files) -> None:
    asked: list[int] = []

    def at_the_second_file() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(CancelledError):
        run(pets, progress=lambda *counts: pytest.fail("nothing was to be decoded"), cancelled=at_the_second_file)


def test_cancelling(run: Callable[..., ImportedPictures], pets: Files) -> None:
    seen: list[int] = []
    with pytest.raises(CancelledError):
        run(pets, progress=lambda done, total, skipped: seen.append(done), cancelled=lambda: len(seen) >= 3)
    assert seen == [1, 2, 3]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
