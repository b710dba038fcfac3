"""Predictions for everything in a source. Each file becomes a row or is counted as ignored; none is lost."""

import csv
import io
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits
from clf_core.data.loading import map_ahead
from clf_core.data.wording import csv_cell
from clf_core.errors import CancelledError, InputError
from clf_core.importing.layout import is_system_file, reason_not_a_picture
from clf_core.importing.source import Source, SourceFile
from clf_core.prediction.judging import Judge
from clf_core.prediction.predictor import Predictor
from clf_core.results import BatchReport, PredictionRow, SkippedFile

COLUMNS = ("name", "label", "probability", "status", "reason", "verdict", "candidates")

Progress = Callable[[int, int], None]
"""Called with (files done, files in all)."""

_Entry = SourceFile | SkippedFile
_Outcome = NDArray[np.uint8] | str
"""The prepared picture [S, S, 3], or the reason why there is none."""


def predict_source(
    predictor: Predictor,
    source: Source,
    limits: ImportLimits,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    judge: Judge | None = None,
) -> BatchReport:
    """Predict every picture of a source while the next ones are being decoded.

    Args:
        predictor: the model.
        source: an open source; its files may lie in any folders.
        limits: caps on each picture.
        progress: called after each file, in order; system files are not counted.
        cancelled: asked before each file.
        judge: decides what is said; None names the most probable class, however sure.

    Returns:
        A row for every file in the source's order, except system files, which are only counted.

    Raises:
        SourceError: the source as a whole cannot be read.
        CancelledError: ``cancelled`` said so.
    """
    start = time.perf_counter()
    listed = list(source.files())
    entries = [entry for entry in listed if not is_system_file(entry.name)]
    rows: list[PredictionRow] = []
    for row in _rows(predictor, entries, limits, cancelled or (lambda: False), judge):
        rows.append(row)
        if progress:
            progress(len(rows), len(entries))
    predicted = sum(row.status == "ok" for row in rows)
    return BatchReport(
        predicted=predicted,
        unsure=sum(row.verdict == "unsure" for row in rows),
        unknown=sum(row.verdict == "unknown" for row in rows),
        skipped_count=len(rows) - predicted,
        ignored_count=len(listed) - len(entries),
        images_per_second=predicted / max(time.perf_counter() - start, 1e-9),
        rows=tuple(rows),
    )


def csv_text(report: BatchReport) -> str:
    """The rows as CSV (RFC 4180) with the header ``COLUMNS``.

    The label stands only where it is given as an answer; the column candidates names what it may be elsewhere.
    File and class names are free text that someone else may have chosen; those a spreadsheet
    would run as a formula get an apostrophe in front, which makes them plain text again.
    """
    buffer = io.StringIO()
    # The default line ending matters: with any other, Python 3.11 leaves a carriage return in a name unquoted.
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in report.rows:
        writer.writerow(_cells(row))
    return buffer.getvalue()


def _cells(row: PredictionRow) -> list[str]:
    if row.status != "ok":
        return [csv_cell(row.name), "", "", row.status, csv_cell(row.reason), "", ""]
    given, foreign = row.verdict == "answer", row.verdict == "unknown"
    label = row.label if given else ""
    probability = "" if row.probability is None or foreign else f"{row.probability:.6f}"
    candidates = " or ".join((row.label,) if foreign else row.candidates)
    told = [csv_cell(row.name), csv_cell(label), probability, row.status, csv_cell(row.reason)]
    return [*told, row.verdict, csv_cell(candidates)]


def _rows(
    predictor: Predictor,
    entries: Sequence[_Entry],
    limits: ImportLimits,
    cancelled: Callable[[], bool],
    judge: Judge | None,
) -> Iterator[PredictionRow]:
    """Yield a row for each entry, in order.

    The network takes pictures only, and answers some time later. So rows wait in line: those of
    unreadable files are finished at once, those of pictures when their answer comes.
    """
    waiting: deque[PredictionRow | str] = deque()  # a finished row, or the name of a picture on its way

    def prepare(entry: _Entry) -> _Outcome:
        return _prepare(predictor, entry, limits)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for entry, outcome in zip(entries, map_ahead(prepare, entries), strict=True):
            if cancelled():
                raise CancelledError("The prediction was stopped")
            if isinstance(outcome, str):
                waiting.append(PredictionRow(name=entry.name, status="skipped", reason=outcome))
            else:
                waiting.append(entry.name)
                yield outcome

    classes = predictor.spec.classes
    for probabilities, judgement in predictor.judged(pictures(), judge):
        while isinstance(head := waiting.popleft(), PredictionRow):
            yield head
        yield PredictionRow(
            name=head,
            label=classes[judgement.said],
            probability=float(probabilities[judgement.said]),
            status="ok",
            verdict=judgement.verdict,
            candidates=tuple(classes[place] for place in judgement.candidates),
        )
    # Every picture has been answered: what still waits are skipped files at the end.
    yield from (row for row in waiting if isinstance(row, PredictionRow))


def _prepare(predictor: Predictor, entry: _Entry, limits: ImportLimits) -> _Outcome:
    if isinstance(entry, SkippedFile):
        return entry.reason
    if reason := reason_not_a_picture(entry.name):
        return reason
    try:
        return predictor.prepare(entry.read(), limits)
    except InputError as error:
        return error.what
