"""The health report through the facade: faults planted in picture files, found, mended at a press, undone."""

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageFilter

from clf_core.api import Workbench
from clf_core.config import ImportOptions, SplitConfig
from clf_core.errors import NotFoundError, StateError
from clf_core.settings import Settings


def _scene(number: int) -> Image.Image:
    """A picture of random blocks, unlike any other."""
    random = np.random.default_rng(number)
    blocks = random.integers(30, 226, (9, 9, 3)).astype(np.uint8)
    picture = Image.fromarray(blocks).resize((160, 120), Image.Resampling.BILINEAR)
    noise = random.normal(0, 12, (120, 160, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _file(picture: Image.Image, kind: str = "PNG", **options) -> io.BytesIO:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return io.BytesIO(buffer.getvalue())


def _clean(count: int = 40) -> dict[str, io.BytesIO]:
    return {f"{'ab'[n % 2]}/{n:03}.png": _file(_scene(n)) for n in range(2 * count)}


def _bring(bench: Workbench, files: dict[str, io.BytesIO], name: str = "Things", **split) -> str:
    options = ImportOptions(split=SplitConfig(**split))
    return bench.imports.files(list(files.items()), name, options=options).dataset_id


def _kinds(bench: Workbench, ref: str) -> dict[str, int]:
    return {finding.kind: finding.count for finding in bench.health.report(ref).findings}


def test_a_clean_dataset_gets_an_a_and_no_finding(bench):
    report = bench.health.report(_bring(bench, _clean()))
    assert (report.grade, report.findings, report.slow_checks) == ("A", (), "waiting")
    assert report.leak.leaked == 0
    assert "nothing was found" in report.reasons[0]


_FAULTS = {
    "dark": lambda picture: picture.point(lambda value: value // 10),
    "bright": lambda picture: picture.point(lambda value: min(255, 225 + value // 5)),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(16)),
    "blank": lambda picture: Image.new("RGB", picture.size, (90, 120, 100)),
    "tiny": lambda picture: picture.resize((22, 18)),
    "odd-shape": lambda picture: picture.resize((900, 100)),
}


@pytest.mark.parametrize("kind", _FAULTS)
def test_a_planted_fault_is_found_left_out_at_a_press_and_brought_back(bench, kind):
    files = _clean() | {f"a/bad {n}.png": _file(_FAULTS[kind](_scene(900 + n))) for n in range(2)}
    if kind == "blank":
        files.popitem()  # two even pictures of one colour would be copies as well
    bad = sum("bad" in name for name in files)
    ref = _bring(bench, files)
    assert _kinds(bench, ref) == {kind: bad}
    page, why = bench.health.pictures(ref, kind)
    assert page.total == bad
    assert {picture.source_name.split("/")[-1][:3] for picture in page.pictures} == {"bad"}
    assert [why[picture.id].score for picture in page.pictures] == sorted(
        (suspect.score for suspect in why.values()), reverse=True
    )
    made = bench.health.fix(ref, kind, who="Ada")
    assert (made.version, made.who, made.excluded) == (2, "Ada", bad)
    assert _kinds(bench, ref) == {}
    left_out = bench.datasets.pictures(ref, shown="left out").pictures
    assert all(picture.excluded for picture in left_out)
    bench.editing.return_to(ref, made.parent)
    assert _kinds(bench, ref) == {kind: bad}


def test_copies_are_found_and_left_out_but_for_one(bench):
    files = _clean()
    original = _scene(0)
    files |= {
        "a/same.png": _file(original),
        "a/small.jpg": _file(original.resize((100, 75)), "JPEG", quality=70),
        "b/brighter.jpg": _file(_scene(1).point(lambda value: min(255, int(value * 1.1))), "JPEG", quality=85),
    }
    ref = _bring(bench, files)
    assert _kinds(bench, ref) == {"exact-copies": 1, "near-copies": 2}
    for kind in ("exact-copies", "near-copies"):
        bench.health.fix(ref, kind)
    assert _kinds(bench, ref) == {}
    assert bench.datasets.get(ref).pictures == 80


@pytest.mark.fault("D2")
def test_a_picture_in_two_classes_is_serious_and_both_are_left_out(bench):
    ref = _bring(bench, _clean() | {"b/again.png": _file(_scene(0))})
    report = bench.health.report(ref)
    (finding,) = report.findings
    assert (finding.kind, finding.severity, finding.count, report.grade) == ("contradictions", "serious", 2, "C")
    bench.health.fix(ref, "contradictions")
    assert _kinds(bench, ref) == {}


@pytest.mark.fault("D2")
def test_copies_on_both_sides_of_a_split_are_found_and_leave_the_training(bench):
    """A person who switched the grouping off gets what they asked for, and is told what it means."""
    files = _clean()
    files |= {f"{'ab'[n % 2]}/copy {n:03}.jpg": _file(_scene(n), "JPEG", quality=80) for n in range(40)}
    ref = _bring(bench, files, keep_copies_together=False)
    report = bench.health.report(ref)
    leaks = next(finding for finding in report.findings if finding.kind == "split-leaks")
    assert leaks.severity == "serious"
    assert "in this version" in report.leak.sentence
    page, why = bench.health.pictures(ref, "split-leaks", limit=500)
    assert {picture.split for picture in page.pictures} <= {"train", "val"}
    tested = {picture.id for picture in bench.datasets.pictures(ref, split="test", limit=500).pictures}
    assert {suspect.partner for suspect in why.values()} & tested
    bench.health.fix(ref, "split-leaks")
    assert "split-leaks" not in _kinds(bench, ref)
    assert {p.id for p in bench.datasets.pictures(ref, split="test", limit=500).pictures} == tested


def test_together_by_default_they_cannot_leak_and_the_report_counts_what_would(bench):
    files = _clean() | {f"{'ab'[n % 2]}/copy {n:03}.jpg": _file(_scene(n), "JPEG", quality=80) for n in range(40)}
    report = bench.health.report(_bring(bench, files))
    assert "split-leaks" not in {finding.kind for finding in report.findings}
    assert report.leak.leaked > 3
    assert f"{report.leak.leaked} of {report.leak.test_pictures} test pictures" in report.leak.sentence


@pytest.mark.parametrize("pairs", [[("cat", "Cat")], [("cat", "Cat"), ("ice cream", "ice_cream")]])
def test_names_that_hardly_differ_are_merged_in_one_version(bench, pairs):
    files = {f"{name}/{n:03}.png": _file(_scene(n)) for n, name in enumerate([name for p in pairs for name in p] * 30)}
    files |= {f"dog/{n}.png": _file(_scene(500 + n)) for n in range(30)}
    ref = _bring(bench, files)
    assert _kinds(bench, ref)["similar-names"] == 2 * len(pairs)
    made = bench.health.fix(ref, "similar-names")
    assert made.version == 2
    assert len(bench.datasets.get(ref).classes) == len(pairs) + 1
    assert "similar-names" not in _kinds(bench, ref)
    assert bench.datasets.get(ref).excluded == 0


def test_unreadable_files_too_few_pictures_and_imbalance_are_told_without_a_button(bench):
    files = {f"many/{n:03}.png": _file(_scene(n)) for n in range(60)}
    files |= {f"few/{n:03}.png": _file(_scene(500 + n)) for n in range(6)} | {
        "few/broken.jpg": io.BytesIO(b"\xff\xd8no")
    }
    ref = _bring(bench, files)
    report = bench.health.report(ref)
    assert {finding.kind for finding in report.findings} == {"unreadable", "few-pictures", "imbalance"}
    for finding in report.findings:
        assert not finding.fix
        with pytest.raises(StateError, match="for a person"):
            bench.health.fix(ref, finding.kind)
    assert bench.datasets.get(ref).version == 1


def test_names_from_outside_stay_literal(bench):
    name = "<img src=x onerror=alert(1)>"
    files = {f"{name}/{n:03}.png": _file(_scene(n)) for n in range(3)}
    files |= {f"b/{n:03}.png": _file(_scene(500 + n)) for n in range(30)}
    report = bench.health.report(_bring(bench, files))
    assert any(f"'{name}'" in finding.meaning for finding in report.findings)


def test_the_report_is_cheap_in_memory_and_read_from_disk_by_the_next_process(bench, monkeypatch):
    ref = _bring(bench, _clean() | {"a/bad.png": _file(_FAULTS["dark"](_scene(900)))})
    report = bench.health.report(ref)
    began = time.perf_counter()
    for _ in range(20):
        assert bench.health.report(ref) == report
    assert (time.perf_counter() - began) / 20 < 0.02  # well under a millisecond on an idle machine
    monkeypatch.setattr("clf_core.health.quick.quick_checks", None)
    other = Workbench(Settings(workspace=bench.settings.workspace))
    assert other.health.report(ref) == report
    assert other.health.pictures(ref, "dark")[0].total == 1


def test_each_version_has_its_own_report(bench):
    ref = _bring(bench, _clean() | {"a/bad.png": _file(_FAULTS["dark"](_scene(900)))})
    bench.health.prepare(ref)
    bench.health.fix(ref, "dark")
    assert [finding.kind for finding in bench.health.report(ref, 1).findings] == ["dark"]
    assert bench.health.report(ref, 2).findings == bench.health.report(ref).findings == ()
    assert bench.health.pictures(ref, "dark", version=1)[0].total == 1


def test_pictures_of_a_finding_are_filtered_and_paged(bench):
    files = _clean()
    files |= {f"{'ab'[n % 2]}/dark {n}.png": _file(_FAULTS["dark"](_scene(900 + n))) for n in range(8)}
    ref = _bring(bench, files)
    everything, _ = bench.health.pictures(ref, "dark")
    assert everything.total == 8
    assert bench.health.pictures(ref, "dark", label="a")[0].total == 4
    assert bench.health.pictures(ref, "dark", text="DARK 3")[0].pictures[0].source_name.endswith("dark 3.png")
    by_split = [bench.health.pictures(ref, "dark", split=split)[0].total for split in ("train", "val", "test")]
    assert sum(by_split) == 8
    page, why = bench.health.pictures(ref, "dark", offset=2, limit=3)
    assert page.pictures == everything.pictures[2:5]
    assert set(why) == {picture.id for picture in page.pictures}
    assert bench.health.pictures(ref, "blurred") == (page.__class__(total=0, pictures=()), {})


def test_what_is_not_there_is_told(bench):
    with pytest.raises(NotFoundError):
        bench.health.report("Nothing")
    ref = _bring(bench, _clean(20))
    with pytest.raises(NotFoundError):
        bench.health.report(ref, 9)
    with pytest.raises(StateError, match="may have changed"):
        bench.health.fix(ref, "dark")
