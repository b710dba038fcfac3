"""What differs between two versions."""

import clf_core.data.differences as under_test
from clf_core.data import edits
from clf_core.data.differences import difference
from clf_core.data.manifest import Manifest, ManifestRow


def make(count: int) -> Manifest:
    return Manifest.from_rows(
        ManifestRow(f"{at:064x}", 1, 1, 1, "wasp", "train", f"{at:064x}", f"{at}.png") for at in range(count)
    )


OLD = make(6)


def test_nothing_differs_from_itself():
    same = difference(OLD, make(6), 1, 1)
    assert same.changes == ()
    assert not any((same.added, same.removed, same.relabelled, same.excluded, same.restored, same.moved))


def test_every_kind_of_change_is_counted_and_told():
    new = Manifest.from_rows(
        [*OLD.rows(), ManifestRow("f" * 64, 1, 1, 1, "bee", "test", "f" * 64, "new.png")]
    ).replaced(
        label=["bee", "wasp", "bee", "wasp", "wasp", "wasp", "bee"],
        split=["train", "val", "val", "train", "train", "train", "test"],
        excluded=["", "", "", "Too dark", "", "", ""],
    )
    found = difference(OLD, new, 1, 4)
    assert (found.old, found.new) == (1, 4)
    assert (found.added, found.relabelled, found.moved, found.excluded) == (1, 2, 2, 1)
    assert (found.removed, found.restored, found.truncated) == (0, 0, False)
    assert [(change.id, change.before, change.after) for change in found.changes] == [
        (0, "'wasp', training", "'bee', training"),
        (1, "'wasp', training", "'wasp', validation"),
        (2, "'wasp', training", "'bee', validation"),
        (3, "'wasp', training", "'wasp', left out: Too dark"),
        (6, "", "'bee', test"),
    ]
    back = difference(new, OLD, 4, 1)
    assert (back.removed, back.relabelled, back.moved, back.restored, back.added) == (1, 2, 2, 1, 0)
    assert (back.changes[-1].source_name, back.changes[-1].after) == ("new.png", "")


def test_pictures_that_came_left_out_do_not_count():
    rows = [*OLD.rows(), ManifestRow("f" * 64, 1, 1, 1, "bee", "test", "f" * 64, "new.png", excluded="A copy")]
    assert difference(OLD, Manifest.from_rows(rows), 1, 2).changes == ()


def test_only_the_first_changes_are_listed(monkeypatch):
    monkeypatch.setattr(under_test, "MOST_LISTED", 2)
    found = difference(OLD, edits.relabel(OLD, range(5), "bee").manifest, 1, 2)
    assert (found.relabelled, len(found.changes), found.truncated) == (5, 2, True)
    assert [change.id for change in found.changes] == [0, 1]


def test_long_names_are_shortened():
    found = difference(OLD, edits.relabel(OLD, [0], "x" * 400).manifest, 1, 2)
    assert len(found.changes[0].after) < 100
