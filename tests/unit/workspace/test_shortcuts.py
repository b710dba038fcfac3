"""The shortcut check of a run on disk: there, not there, damaged."""

import numpy as np
import pytest

from clf_core.results.shortcut import ClassViews, ShortcutExample, ShortcutReport, ViewScore
from clf_core.workspace.shortcuts import ShortcutStore

NAME = "../../<b>\u00fc\u202e</b>\n"
REPORT = ShortcutReport(
    verdict="partly",
    headline=f"The background alone may be enough for '{NAME}'",
    sentences=("One.", "Two."),
    n=40,
    total=400,
    chance=0.5,
    views=(ViewScore(view="whole", n=40, right=39, accuracy=0.975, low=0.9, high=1, kept=1, kept_low=0.8),),
    classes=(ClassViews(name=NAME, n=20, found={"whole": 1.0, "rest": None}, background=True),),
    at_border=None,
    border_area=0.5,
    learned=True,
    checked=1.0,
)


@pytest.fixture
def examples():
    random = np.random.default_rng(0)
    views = ("whole", "border")
    return tuple(
        ShortcutExample(
            sha256=digit * 64,
            true=NAME,
            said=dict.fromkeys(views, NAME),
            probability={"whole": 0.75, "border": 0.5},
            pictures={view: random.integers(0, 256, (20, 20, 3), dtype=np.uint8) for view in views},
        )
        for digit in "ab"
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "insights" / "shortcut"


def test_what_is_written_is_read(folder, examples):
    store = ShortcutStore(folder)
    assert not store.done()
    assert store.report() is None
    assert store.examples() == ()
    store.write(REPORT, examples)
    assert store.done()
    assert store.report() == REPORT
    for read, written in zip(store.examples(), examples, strict=True):
        assert (read.sha256, read.true, read.said, read.probability) == (
            written.sha256,
            written.true,
            written.said,
            written.probability,
        )
        for view, picture in written.pictures.items():
            np.testing.assert_array_equal(read.pictures[view], picture)
    assert {path.name for path in folder.iterdir()} == {"report.json", "examples.json", "examples.npz"}


def test_no_examples_are_no_fault(folder):
    ShortcutStore(folder).write(REPORT, ())
    assert ShortcutStore(folder).examples() == ()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"verdict": "shortcut"}'])
def test_a_damaged_report_is_made_again(folder, examples, content):
    store = ShortcutStore(folder)
    store.write(REPORT, examples)
    (folder / "report.json").write_bytes(content)
    assert store.report() is None
    assert not store.done()


@pytest.mark.parametrize("name", ["examples.json", "examples.npz"])
@pytest.mark.parametrize("content", [b"", b"[", b"PK\x03\x04 no archive", b'[{"sha256": "a"}]'])
def test_damaged_examples_are_left_out(folder, examples, name, content):
    store = ShortcutStore(folder)
    store.write(REPORT, examples)
    (folder / name).write_bytes(content)
    assert store.examples() == ()
    assert store.report() == REPORT


def test_pictures_that_are_none_are_left_out(folder, examples):
    store = ShortcutStore(folder)
    store.write(REPORT, examples)
    with (folder / "examples.npz").open("wb") as file:
        np.savez(file, **{f"{n}-{view}": np.zeros((2, 2)) for n in range(2) for view in ("whole", "border")})
    assert store.examples() == ()
