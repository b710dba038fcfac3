"""Which rows belong together: equal pixels, and sets that never hold two splits."""

import io
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.facts import Facts, measure
from clf_core.data.store import PictureStore
from clf_core.importing.together import Sets, by_group, find_all_copies, members
from clf_core.values import SPLITS
from tests.stored_pictures import lose_picture


def saved(store: PictureStore, pixels: np.ndarray, kind: str) -> tuple[str, bytes]:
    """Store a picture; its key and what is measured of it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return store.add(buffer.getvalue()), measure(Image.fromarray(pixels))


def test_equal_measurements_are_compared_pixel_by_pixel(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    plain = np.full((900, 900, 3), 120, dtype=np.uint8)
    speck = plain.copy()
    speck[7, 7] = 121  # gone in every small copy that is measured
    rows = [saved(store, plain, "PNG"), saved(store, plain, "BMP"), saved(store, speck, "PNG")]
    assert len({record for _, record in rows}) == 1
    files = [rows[0][0], rows[1][0], rows[2][0], rows[0][0]]
    copies = find_all_copies(files, Facts.of(rows), store, ImportLimits(), start=0, near=True)
    assert copies.same.tolist() == copies.alike.tolist() == [0, 0, 1, 0]


def test_files_that_were_not_measured_have_equal_files_only(tmp_path: Path) -> None:
    files = ["a" * 64, "b" * 64, "a" * 64]
    copies = find_all_copies(files, Facts.empty(), PictureStore(tmp_path), ImportLimits(), start=0, near=True)
    assert copies.alike.tolist() == [0, 1, 0]


def test_a_file_gone_from_the_store_is_passed_over(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    pixels = np.full((40, 40, 3), 9, dtype=np.uint8)
    rows = [saved(store, pixels, "PNG"), saved(store, pixels, "BMP")]
    lose_picture(store, rows[0][0])
    copies = find_all_copies([key for key, _ in rows], Facts.of(rows), store, ImportLimits(), start=0, near=True)
    assert copies.same.tolist() == [0, 1]


def test_members_and_names() -> None:
    assert [rows.tolist() for rows in members(np.array([0, 1, 0, 2, 1, 3]))] == [[0, 2], [1, 4]]
    assert members(np.array([], dtype=np.int64)) == []
    assert by_group(["x", "", "y", "x", ""]) == [[0, 3]]


@given(st.data())
def test_sets_never_hold_two_splits_or_two_old_groups(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 15))
    splits = data.draw(st.lists(st.sampled_from([None, *SPLITS]), min_size=count, max_size=count))
    old = data.draw(st.lists(st.sampled_from(["", "", "g", "h"]), min_size=count, max_size=count))
    sets = Sets(splits, old)
    ends = st.integers(0, count - 1)
    for one, other in data.draw(st.lists(st.tuples(ends, ends), max_size=30)):
        joined = sets.join(one, other)
        assert joined == (sets.root(one) == sets.root(other))
    for row in range(count):
        together = [other for other in range(count) if sets.root(other) == sets.root(row)]
        assert {splits[other] for other in together} - {None} == {sets.split(row)} - {None}
        assert {old[other] for other in together} - {""} == {sets.old_group(row)} - {""}
