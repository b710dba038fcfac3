"""Which faults of ``docs/reliability.md`` were survived, counted from the tests marked ``fault("C1")``.

``pytest -m fault --fault-table=docs/reliability.md tests`` (or ``make faults``) writes the counts into the document.
"""

import re
from collections import Counter
from pathlib import Path

ROWS: dict[str, tuple[str, str]] = {
    "A1": (
        "kill -9 of the trainer while scanning, in a batch, writing a checkpoint, between rename and record, "
        "in the final evaluation",
        "'Interrupted at epoch k', Resume; at most one epoch lost; a resumed CPU run equals the undisturbed one",
    ),
    "A2": (
        "the server killed during an upload, while unpacking, during a training",
        "the training goes on, no half dataset is listed, the upload resumes, the new server finds the run",
    ),
    "A3": ("a reboot, a stale or reused process number", "'Interrupted', never an eternal 'running'"),
    "A4": (
        "the disk full in an import, a new version, an upload, the database",
        "'Needs X, has Y' or 'The disk is full'; what was there before is whole; no stub stays",
    ),
    "A5": ("two browsers start, two resume, a double click", "one run at work, the others queued; none twice"),
    "A6": ("8 writers at once, with kills", "no lock error reaches a person; the integrity check is ok"),
    "A7": ("out of memory, the worker killed", "the cause is named, a smaller batch offered"),
    "A8": ("a NaN or infinite loss", "it stops; the best finite weights are kept"),
    "A9": ("the clock set by a year, either way", "sane times and order"),
    "B1": ("malformed pictures", "each accepted or skipped with its reason; the counts add up; no crash, no hang"),
    "B2": (
        "truncated files, bombs, huge pictures, many frames",
        "skipped with the reason; caps on pixels, frames, bytes",
    ),
    "B3": (
        "CMYK, 1-bit, palette with alpha, 16-bit, float, animated, EXIF",
        "identical pixels in training and prediction",
    ),
    "B4": ("AVIF, WebP, HEIC; JXL; SVG, EPS; renamed files", "opened; a hint how to convert; refused; told by content"),
    "C1": ("traversal, absolute and UNC paths, links, devices in archives", "refused; a file outside stays unchanged"),
    "C2": ("bombs, overlaps, nested archives, a hundred thousand files", "caps, progress, cancel, bounded memory"),
    "C3": ("encrypted, multi-part, bad checksums, duplicate names", "the reason is named"),
    "C4": ("__MACOSX, ._*, .DS_Store, Thumbs.db, a wrapper folder", "left aside and counted; never a class"),
    "C5": (
        "NFC and NFD, emoji, control characters, over 255 bytes, CON and NUL, HTML, Markdown pictures",
        "literal text on screen; merges announced; no request sent",
    ),
    "D1": ("one class, a class of one picture, 1,000 classes", "a refusal or a warning before training starts"),
    "D2": ("duplicates across classes or splits", "listed; grouped before the split"),
    "D3": ("the test split leaking into training", "scrambled test pictures leave the weights' hash unchanged"),
    "D4": ("the dataset edited during a run", "the run keeps its version"),
}
"""Row -> what is done to the studio, and what must hold all the same."""

_BEGIN, _END = "<!-- counts: make faults -->", "<!-- end of counts -->"


def table(survived: Counter[str], tried: Counter[str]) -> str:
    """The Markdown table with 'N of N' per row."""
    lines = ["| row | fault | what holds | survived |", "|---|---|---|---|"]
    lines += [
        f"| {row} | {fault} | {holds} | {survived[row]} of {tried[row]} |" for row, (fault, holds) in ROWS.items()
    ]
    lines.append(f"| all | | | **{survived.total()} of {tried.total()}** |")
    return "\n".join(lines)


def write(document: Path, text: str) -> None:
    """Put a table between the two marks of the document."""
    before, _, rest = document.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    document.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", "utf-8")


def tried_in(document: Path) -> dict[str, tuple[int, int]]:
    """Row -> (survived, tried) as the document says."""
    found = re.findall(r"(?m)^\| ([A-E]\d+) \|.*\| (\d+) of (\d+) \|$", document.read_text("utf-8"))
    return {row: (int(survived), int(tried)) for row, survived, tried in found}
