"""A dataset as a zip archive: one folder per class, or pictures beside a table of labels."""

import csv
import io
import zipfile
from typing import BinaryIO

from clf_core.data.wording import csv_cell, in_short
from clf_core.export.naming import FreeNames, picture_ending
from clf_core.export.rows import Pictures, Row
from clf_core.importing.layout import named_split

LABELS = "labels.csv"
COLUMNS = ("file", "label", "split", "group", "original_name", "left_out")

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same version gives the same archive, to the byte."""


def write_folders(pictures: Pictures, target: BinaryIO, *, split_folders: bool) -> tuple[str, ...]:
    """Write class/picture, or split/class/picture, into a zip archive.

    Args:
        pictures: what to write.
        target: open for writing; need not be seekable.
        split_folders: whether train, val and test are folders of their own.

    Returns:
        Sentences about names that could not be kept.
    """
    notices = []
    if not split_folders and pictures.classes and all(map(named_split, pictures.classes)):
        split_folders = True
        notices.append("The classes are called like splits, so the archive has train, val and test folders as well.")
    class_names = FreeNames()
    folders = {label: class_names.take(label) for label in pictures.classes}
    notices += [
        f"The class '{in_short(label)}' is in the folder '{in_short(folder)}', a name that every system can write."
        for label, folder in folders.items()
        if label != folder
    ]
    inside: dict[str, FreeNames] = {}
    with zipfile.ZipFile(target, "w") as archive:
        for row, data, kind in pictures.read(pictures.rows):
            folder = f"{row.split}/{folders[row.label]}" if split_folders else folders[row.label]
            name = inside.setdefault(folder, FreeNames()).take(*_stem_and_ending(row, kind))
            archive.writestr(entry(f"{folder}/{name}"), data)
    return tuple(notices)


def write_table(pictures: Pictures, target: BinaryIO) -> tuple[str, ...]:
    """Write pictures/… and ``labels.csv``, which says what each is, into a zip archive.

    Class names, groups and original names stand in the table; what a spreadsheet would run as a formula gets an
    apostrophe in front.

    Args:
        pictures: what to write.
        target: open for writing; need not be seekable.

    Returns:
        Sentences about names that could not be kept literally.
    """
    names = FreeNames()
    lines = io.StringIO()
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    changed = 0
    with zipfile.ZipFile(target, "w") as archive:
        for row, data, kind in pictures.read(pictures.rows):
            path = f"pictures/{names.take(*_stem_and_ending(row, kind))}"
            archive.writestr(entry(path), data)
            table.writerow([path, *map(csv_cell, (row.label, row.split, row.group, row.source_name, row.excluded))])
            changed += csv_cell(row.label) != row.label
        archive.writestr(entry(LABELS), lines.getvalue().encode("utf-8"))
    if not changed:
        return ()
    return ("Class names that a spreadsheet would run as a formula have an apostrophe in front in the table.",)


def entry(name: str) -> zipfile.ZipInfo:
    """A member of an archive; pictures are packed already, so nothing is packed once more."""
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.external_attr = 0o644 << 16
    return info


def _stem_and_ending(row: Row, kind: str) -> tuple[str, str]:
    name = row.source_name.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0] or name, picture_ending(name, kind)
