import csv
import io
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import ImportLimits
from clf_core.device import cpu_count
from clf_core.errors import CancelledError, PictureError
from clf_core.evaluation.costs import Costs
from clf_core.evaluation.doubt import Rule
from clf_core.importing.source import SourceFile
from clf_core.prediction.batch import COLUMNS, csv_text, predict_source
from clf_core.prediction.judging import Judge
from clf_core.results import BatchReport, PredictionRow, SkippedFile

LIMITS = ImportLimits()


class Listed:
    """A source that holds what it is given and counts what is read."""

    title = "listed"

    def __init__(self, entries):
        self.entries = entries
        self.reads = 0

    def files(self):
        for entry in self.entries:
            if isinstance(entry, SkippedFile):
                yield entry
            else:
                name, content = entry
                yield SourceFile(name, 0, lambda content=content: self.read(content))

    def read(self, content):
        self.reads += 1
        if isinstance(content, Exception):
            raise content
        return content


def test_every_file_is_accounted_for_in_order(colours):
    source = Listed(
        [
            ("deep/er/red.png", colours.png(255, 0, 0)),
            ("__MACOSX/._red.png", b"junk"),
            ("notes.txt", b"read me"),
            ("text.jpg", b"not a picture"),
            SkippedFile(name="link.png", reason="a link"),
            ("green.PNG", colours.png(0, 255, 0)),
            (".DS_Store", b"junk"),
            ("locked.png", PictureError("The file could not be read")),
            ("cut.png", colours.png(0, 0, 255)[:-30]),
        ]
    )
    steps = []
    report = predict_source(colours.predictor, source, LIMITS, lambda done, total: steps.append((done, total)))
    assert [(row.name, row.label, row.status) for row in report.rows] == [
        ("deep/er/red.png", "red", "ok"),
        ("notes.txt", "", "skipped"),
        ("text.jpg", "", "skipped"),
        ("link.png", "", "skipped"),
        ("green.PNG", "green", "ok"),
        ("locked.png", "", "skipped"),
        ("cut.png", "", "skipped"),
    ]
    assert all(row.reason and row.probability is None for row in report.rows if row.status == "skipped")
    assert [row.reason for row in report.rows if row.name in ("link.png", "locked.png")] == [
        "a link",
        "The file could not be read",
    ]
    assert (report.predicted, report.skipped_count, report.ignored_count) == (2, 5, 2)
    assert report.images_per_second > 0
    assert steps == [(done, 7) for done in range(1, 8)]


KINDS = ["red", "green", "text", "refused", "system"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(KINDS), max_size=40))
def test_any_mixture_keeps_order_and_counts(colours, kinds):
    content = {"red": colours.png(255, 0, 0), "green": colours.png(0, 255, 0), "text": b"x", "system": b"x"}
    entries = [
        SkippedFile(name=f"{index}", reason="refused")
        if kind == "refused"
        else (f".{index}" if kind == "system" else f"{index}", content[kind])
        for index, kind in enumerate(kinds)
    ]
    report = predict_source(colours.predictor, Listed(entries), LIMITS)
    assert [row.name for row in report.rows] == [f"{i}" for i, kind in enumerate(kinds) if kind != "system"]
    assert [row.label for row in report.rows if row.status == "ok"] == [k for k in kinds if k in ("red", "green")]
    assert report.predicted + report.skipped_count + report.ignored_count == len(kinds)
    assert report.ignored_count == kinds.count("system")


def test_the_answer_is_that_of_a_single_prediction(colours):
    data = colours.png(120, 100, 90)
    (row,) = predict_source(colours.predictor, Listed([("a.png", data)]), LIMITS).rows
    single = colours.predictor.predict("a.png", data)
    assert (row.label, row.probability) == (single.label, pytest.approx(single.probability, abs=1e-6))


def test_only_a_few_files_are_read_ahead(colours):
    source = Listed([(f"{index}", colours.png(255, 0, 0)) for index in range(200)])
    ahead = []
    predict_source(colours.predictor, source, LIMITS, lambda done, _: ahead.append(source.reads - done))
    assert max(ahead) <= 4 * cpu_count() + 16 + 8  # the decoder's, the head's and the runtime's share
    assert source.reads == 200


def test_cancelling_stops_soon_and_leaves_no_thread(colours):
    source = Listed([(f"{index}", colours.png(255, 0, 0)) for index in range(500)])
    done = []
    with pytest.raises(CancelledError):
        predict_source(
            colours.predictor, source, LIMITS, lambda number, _: done.append(number), lambda: len(done) >= 10
        )
    assert source.reads < 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_an_error_of_the_caller_stops_the_work_too(colours):
    source = Listed([(f"{index}", colours.png(255, 0, 0)) for index in range(500)])

    def full(done, total):
        raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="terminal"):
        predict_source(colours.predictor, source, LIMITS, full)
    assert source.reads < 100
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_unsure_pictures_stand_in_the_table_with_the_classes_they_may_be(colours):
    source = Listed([("red.png", colours.png(255, 0, 0)), ("grey.png", colours.png(110, 105, 100)), ("x", b"x")])
    judge = Judge(Rule(Costs(), limit=0.4, named_from=0.3))
    report = predict_source(colours.predictor, source, LIMITS, judge=judge)
    assert [row.verdict for row in report.rows] == ["answer", "unsure", "answer"]
    assert report.rows[1].candidates == ("red", "green")
    assert (report.predicted, report.unsure, report.unknown, report.skipped_count) == (2, 1, 0, 1)
    cells = list(csv.reader(io.StringIO(csv_text(report), newline="")))
    assert [[line[1], *line[5:]] for line in cells[1:]] == [
        ["red", "answer", ""],
        ["", "unsure", "red or green"],
        ["", "", ""],
    ]


@pytest.mark.parametrize("entries", [[], [(".DS_Store", b"x")]])
def test_nothing_to_predict(colours, entries):
    report = predict_source(colours.predictor, Listed(entries), LIMITS)
    assert (report.rows, report.predicted, report.images_per_second) == ((), 0, 0)


def report_of(*rows: PredictionRow) -> BatchReport:
    return BatchReport(predicted=len(rows), skipped_count=0, ignored_count=0, images_per_second=1, rows=rows)


def test_csv_reads_back():
    report = report_of(
        PredictionRow(name='a, "b"\nc\rd\u2028é.png', label="ants; or bees", probability=0.123456789, status="ok"),
        PredictionRow(name="b.txt", status="skipped", reason="not a picture"),
    )
    lines = list(csv.reader(io.StringIO(csv_text(report), newline="")))
    assert lines == [
        list(COLUMNS),
        ['a, "b"\nc\rd\u2028é.png', "ants; or bees", "0.123457", "ok", "", "answer", ""],
        ["b.txt", "", "", "skipped", "not a picture", "", ""],
    ]


def test_no_answer_is_read_into_a_picture_of_something_else():
    row = PredictionRow(name="cat.png", label="bee", probability=0.99, status="ok", verdict="unknown")
    _, cells = csv.reader(io.StringIO(csv_text(report_of(row)), newline=""))
    assert cells == ["cat.png", "", "", "ok", "", "unknown", "bee"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_cannot_become_a_formula(start):
    hostile = f"{start}cmd|' /C calc'!A0"
    report = report_of(
        PredictionRow(name=hostile, label=hostile, probability=0.5, status="ok", reason=hostile, candidates=(hostile,)),
        PredictionRow(name=hostile, status="skipped", reason=hostile),
    )
    _, cells, skipped = csv.reader(io.StringIO(csv_text(report), newline=""))
    assert [cells[0], cells[1], cells[4], cells[6]] == [f"'{hostile}"] * 4
    assert [skipped[0], skipped[4]] == [f"'{hostile}"] * 2


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(max_size=20))
def test_no_cell_of_any_text_starts_like_a_formula(name, label):
    report = report_of(PredictionRow(name=name, label=label, probability=0.5, status="ok"))
    lines = list(csv.reader(io.StringIO(csv_text(report), newline="")))
    assert len(lines) == 2
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in lines[1])
    assert lines[1][0].endswith(name)
