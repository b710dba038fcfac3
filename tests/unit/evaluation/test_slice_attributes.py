import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clf_core.data.facts import Facts, measure
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.evaluation.slice_attributes import attributes_of, table_attributes
from clf_core.importing.labels import TableError


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@pytest.fixture
def version() -> tuple[Manifest, Facts]:
    """Thirty test pictures: brighter and wider with their number, from two folders, some marked."""
    rows, facts = [], []
    for number in range(30):
        size = (40 + 4 * number, 60)
        facts.append((digest(number), measure(Image.new("RGB", size, (8 * number,) * 3))))
        label, folder = "ant" if number < 15 else "bee", "indoors" if number % 2 else "outdoors"
        rows.append(
            ManifestRow(
                *(digest(number), 900, *size, label, "test", digest(number // 2)),
                source_name=f"test/{label}/{folder}/{number}.{'png' if number < 20 else 'JPG'}",
                flags=("animated",) if number < 12 else (),
                given_group=f"patient {number % 3}",
            )
        )
    return Manifest.from_rows(rows), Facts.of(facts)


def test_a_version_offers_size_looks_source_and_marks(version):
    manifest, facts = version
    names = manifest.column("source_name")
    found = attributes_of(manifest, facts, manifest.column("sha256"), names, np.arange(30) // 2 * (np.arange(30) < 20))
    by_name = {}
    for attribute in found:
        by_name.setdefault(attribute.name, attribute)
        assert len(attribute.index) == 30
    assert by_name["Size"].kinds[2].startswith("large (over ")
    assert by_name["Shape"].kinds == ("wide", "tall", "about square")
    assert by_name["Brightness"].index.tolist() == sorted(by_name["Brightness"].index.tolist())
    assert set(by_name["Folder"].kinds) == {"indoors", "outdoors"}
    assert dict(zip(by_name["Kind of file"].kinds, np.bincount(by_name["Kind of file"].index), strict=True)) == {
        "png": 20,
        "jpg": 10,
    }
    assert set(by_name["Group"].kinds) == {"patient 0", "patient 1", "patient 2"}
    assert by_name["Near copies"].kinds == ("has near copies",)
    assert any(mark.name == "Mark" and (mark.index == 0).sum() == 12 for mark in found)


def test_a_picture_the_version_does_not_know_has_no_kind(version):
    manifest, facts = version
    found = attributes_of(
        manifest, facts, [digest(0), digest(99)], [manifest.column("source_name")[0], "gone"], np.arange(2)
    )
    for attribute in found:
        if attribute.name in ("Size", "Shape", "Brightness", "Group"):
            assert attribute.index[0] == 0 or attribute.kinds
            assert attribute.index[1] == -1


NAMES = ["a/one.png", "a/two.png", "b/three.png", "b/four.png"]


def test_every_column_of_a_table_is_a_way_of_sorting():
    table = "camera;file;temperature\nold;one.png;3\nnew;a/two.png;4\nold;three;\nnew;nothing.png;9\n"
    (camera, temperature), words = table_attributes(table.encode(), NAMES)
    assert (camera.name, camera.kinds) == ("camera", ("old", "new"))
    assert camera.index.tolist() == [0, 1, 0, -1]
    assert temperature.index.tolist() == [0, 1, -1, -1]
    assert words == "The table names 3 of the 4 test pictures."


def test_a_column_of_many_numbers_is_sorted_into_thirds():
    names = [f"{number}.png" for number in range(30)]
    table = "file,lux\n" + "".join(f"{name},{number * 1.5}\n" for number, name in enumerate(names))
    (lux,), _ = table_attributes(table.encode(), names)
    assert [part.split()[0] for part in lux.kinds] == ["low", "medium", "high"]
    assert np.bincount(lux.index).tolist() == [10, 10, 10]


def test_a_name_that_two_pictures_have_joins_neither():
    with pytest.raises(TableError, match="names only 0 of the 2"):
        table_attributes(b"file,x\n1.png,a\n", ["a/1.png", "b/1.png"])


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_table_or_refused_in_words(data):
    try:
        found, words = table_attributes(data, NAMES)
    except TableError:
        return
    assert all(len(attribute.index) == 4 for attribute in found)
    assert words.startswith("The table names")
