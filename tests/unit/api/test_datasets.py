"""Looking at datasets through the facade."""

import shutil

import pytest

from clf_core.errors import NotFoundError


def test_a_free_name_is_the_wanted_one_or_numbered(bench, pets):
    name = bench.datasets.get(pets.dataset_id).name
    assert bench.datasets.free_name("nobody has this") == "nobody has this"
    assert bench.datasets.free_name(name) == f"{name} 2"


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


def test_a_dataset_deleted_by_hand_is_gone_from_the_list(bench, pets):
    shutil.rmtree(bench.settings.workspace / "datasets" / pets.dataset_id)
    assert bench.datasets.list() == ()
