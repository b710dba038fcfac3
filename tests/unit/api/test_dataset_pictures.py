"""Single pictures, their groups, and what a group pattern would make of file names."""

import pytest

from clf_core.errors import ConfigError, NotFoundError


def test_pictures_are_found_by_their_number_even_when_left_out(bench, pets):
    first, second = bench.datasets.pictures("Pets").pictures[:2]
    bench.editing.exclude("Pets", [second.id], "blurred")
    found = bench.datasets.chosen("Pets", [second.id, first.id])
    assert list(found) == [second.id, first.id]
    assert found[second.id].excluded == "blurred"
    assert bench.datasets.chosen("Pets", [second.id], version=1)[second.id].excluded == ""
    with pytest.raises(NotFoundError):
        bench.datasets.chosen("Pets", [10_000])


def test_group_mates_are_the_others_of_the_same_group(bench, write_pictures, tmp_path):
    write_pictures(tmp_path / "set", {"red": 6, "blue": 6})
    (tmp_path / "set" / "red" / "copy.png").write_bytes(next((tmp_path / "set" / "red").iterdir()).read_bytes())
    bench.imports.path(tmp_path / "set", "Set")
    for picture in bench.datasets.pictures("Set").pictures:
        mates = bench.datasets.group_mates("Set", picture)
        assert mates.total == len(mates.pictures)
        assert all(mate.group == picture.group and mate.id != picture.id for mate in mates.pictures)
    copied = next(p for p in bench.datasets.pictures("Set").pictures if p.source_name.endswith("copy.png"))
    assert bench.datasets.group_mates("Set", copied).total >= 1
    assert bench.datasets.group_mates("Set", copied, limit=0).pictures == ()


def test_a_group_pattern_is_tried_on_the_names_without_changing_anything(bench, write_pictures, tmp_path):
    write_pictures(tmp_path / "plain", {"red": 4, "blue": 4})
    for number, path in enumerate(sorted((tmp_path / "plain").rglob("*.png"))):
        path.rename(path.with_name(f"person{number % 3}_{number}.png"))
    bench.imports.path(tmp_path / "plain", "Set")
    preview = bench.datasets.groups_by_name("Set", "{group}_*")
    assert (preview.groups, preview.grouped, preview.pictures) == (3, 8, 8)
    assert preview.examples[0] == ("person0", 3)
    assert bench.datasets.groups_by_name("Set", "{group}@*").grouped == 0
    with pytest.raises(ConfigError):
        bench.datasets.groups_by_name("Set", "no group")
    assert bench.datasets.get("Set").version == 1
