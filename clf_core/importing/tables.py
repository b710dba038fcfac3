"""What tables of labels say of the files of a source: which table counts, which row means which file."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clf_core.errors import PictureError
from clf_core.importing.entries import SourceFile, printable, shortened
from clf_core.importing.labels import (
    TABLE_ENDINGS,
    Columns,
    TableError,
    cell_at,
    find_columns,
    one_hot_label,
    parse_table,
)
from clf_core.importing.layout import name_parts, named_split
from clf_core.results import SkippedFile
from clf_core.values import Split

_MOST_TABLES = 50
_MOST_ROWS_TOLD = 1_000
_LEAST_SHARE = 0.1
"""Of the rows or of the files, whichever are fewer, that a table has to match."""


@dataclass(frozen=True)
class TableRow:
    """What one row of a table says of one file."""

    table: str
    label: str
    no_label: str
    split: Split | None
    group: str
    left_out: str


@dataclass
class Told:
    """What all tables say together.

    Attributes:
        rows: per file, by index.
        labels: whether any table gives classes.
        splits: whether any table gives splits.
        tables: names of the tables used.
        skipped: rows that could not be used.
        notices: sentences for the person.
    """

    rows: dict[int, list[TableRow]]
    labels: bool
    splits: bool
    tables: list[str]
    skipped: list[SkippedFile]
    notices: list[str]


def read_tables(
    files: Sequence[SourceFile],
    names: Sequence[str],
    pictures: Sequence[int],
    ignored: frozenset[int],
    *,
    classes_known: bool,
) -> Told:
    """Read every table that lies beside the pictures.

    Args:
        files: all files of the source.
        names: where each stands; the place of a frame is that of its video.
        pictures: indices of the files that may be pictures.
        ignored: indices of system files.
        classes_known: whether folders give classes.
    """
    told = Told({}, labels=False, splits=False, tables=[], skipped=[], notices=[])
    found = [index for index in range(len(files)) if index not in ignored and _is_table(names[index])]
    if not found:
        return told
    wrapper = _common_folders([name_parts(names[index])[:-1] for index in pictures])
    owners = _Owners(files, pictures)
    for index in [index for index in found if _counts(name_parts(names[index])[:-1], wrapper)][:_MOST_TABLES]:
        _read_table(files[index], owners, told, classes_known=classes_known)
    return told


def _is_table(name: str) -> bool:
    return name.lower().endswith(TABLE_ENDINGS) and ".." not in name_parts(name)


def _common_folders(folders: Sequence[list[str]]) -> list[str]:
    if not folders:
        return []
    low, high = min(folders), max(folders)
    same = next((n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:same]


def _counts(folder: list[str], wrapper: list[str]) -> bool:
    """Whether a table lies in the root, in the wrapper folder, or in a folder named after a split below it."""
    if folder and named_split(folder[-1]):
        folder = folder[:-1]
    return folder == wrapper[: len(folder)]


class _Owners:
    """Finds what a cell means: an owner is a picture or a video, and a video owns all its frames."""

    def __init__(self, files: Sequence[SourceFile], pictures: Iterable[int]) -> None:
        self.members: dict[str, list[int]] = {}
        self._names: dict[str, str | None] = {}  # a name without folders, with and without ending; None: of several
        for index in pictures:
            owner = _key(files[index].video or files[index].name)
            self.members.setdefault(owner, []).append(index)
        for owner in self.members:
            name = owner.rpartition("/")[2]
            for short in {name, name.rpartition(".")[0] or name}:
                self._names[short] = None if short in self._names else owner

    def __len__(self) -> int:
        return len(self.members)

    def find(self, cell: str, folder: str) -> str | None:
        """The owner that a cell of a table in ``folder`` names; None if there is none or more than one."""
        key = _key(cell)
        if not key:
            return None
        for path in (_key(f"{folder}/{key}"), key):
            if path in self.members:
                return path
        return self._names.get(key.rpartition("/")[2])

    def is_ambiguous(self, cell: str) -> bool:
        """Whether several files have this name."""
        return self._names.get(_key(cell).rpartition("/")[2], "") is None


def _read_table(file: SourceFile, owners: _Owners, told: Told, *, classes_known: bool) -> None:
    """Add what one table says; a table that cannot be used is named in a notice."""
    name = printable(file.name)
    folder = name.rpartition("/")[0]
    try:
        rows = parse_table(file.read())
        columns = find_columns(rows, lambda cell: owners.find(cell, folder) is not None, classes_known=classes_known)
    except (TableError, PictureError) as error:
        told.notices.append(f"'{shortened(name)}' was not used as a table of labels: {error}.")
        return
    if columns is None:
        told.notices.append(
            f"'{shortened(name)}' was not used as a table of labels: no column names files of the source, "
            "or none says anything about them."
        )
        return
    _add_rows(name, folder, rows, columns, owners, told)


def _add_rows(
    name: str, folder: str, rows: Sequence[Sequence[str]], columns: Columns, owners: _Owners, told: Told
) -> None:
    body = rows[1:] if columns.named else rows
    matched: dict[str, list[TableRow]] = {}
    unmatched: list[tuple[int, str]] = []
    unknown: Counter[str] = Counter()
    for number, row in enumerate(body, start=2 if columns.named else 1):
        cell = cell_at(row, columns.file)
        owner = owners.find(cell, folder)
        if owner is None:
            unmatched.append((number, cell))
            continue
        matched.setdefault(owner, []).append(_read_row(name, row, rows[0], columns))
        word = cell_at(row, columns.split)
        unknown[word] += bool(word) and named_split(word) is None
    if len(matched) < max(1.0, _LEAST_SHARE * min(len(body), len(owners))):
        told.notices.append(
            f"'{shortened(name)}' was not used as a table of labels: it names only {len(matched):,} of the files."
        )
        return
    told.tables.append(name)
    told.labels |= columns.label >= 0 or bool(columns.one_hot)
    told.splits |= columns.split >= 0
    for owner, given in matched.items():
        for index in owners.members[owner]:
            told.rows.setdefault(index, []).extend(given)
    told.notices += [_used(name, columns), *_unknown_splits(name, unknown)]
    _tell_unmatched(name, unmatched, owners, told)


def _read_row(table: str, row: Sequence[str], header: Sequence[str], columns: Columns) -> TableRow:
    label, no_label = cell_at(row, columns.label), ""
    if columns.one_hot:
        label, no_label = one_hot_label(row, columns.one_hot, header)
    elif columns.label >= 0 and not label:
        no_label = "gives it no class"
    return TableRow(
        table=table,
        label=printable(label),
        no_label=no_label,
        split=named_split(cell_at(row, columns.split)),
        group=printable(cell_at(row, columns.group)),
        left_out=printable(cell_at(row, columns.left_out)),
    )


def _used(name: str, columns: Columns) -> str:
    given = [
        word
        for word, present in (
            ("classes", columns.label >= 0 or bool(columns.one_hot)),
            ("splits", columns.split >= 0),
            ("groups", columns.group >= 0),
        )
        if present
    ]
    listed = " and ".join([", ".join(given[:-1]), given[-1]] if len(given) > 1 else given)
    return f"The {listed} were taken from the table '{shortened(name)}'."


def _unknown_splits(name: str, unknown: Counter[str]) -> list[str]:
    words = [word for word, count in unknown.most_common(5) if count]
    if not words:
        return []
    named = ", ".join(f"'{shortened(word)}'" for word in words)
    return [f"The table '{shortened(name)}' names splits that are not train, val or test, and not used: {named}."]


def _tell_unmatched(name: str, unmatched: Sequence[tuple[int, str]], owners: _Owners, told: Told) -> None:
    for number, cell in unmatched[:_MOST_ROWS_TOLD]:
        why = "names a file that is not there"
        if owners.is_ambiguous(cell):
            why = "names a file that stands in several folders: give its path"
        reason = f"Row {number:,} of '{shortened(name)}' {why}"
        told.skipped.append(SkippedFile(name=printable(cell) or f"row {number:,}", reason=reason))
    if len(unmatched) > _MOST_ROWS_TOLD:
        more = len(unmatched) - _MOST_ROWS_TOLD
        told.notices.append(f"{more:,} more rows of '{shortened(name)}' name files that are not there.")


def _key(name: str) -> str:
    """A name or a cell in one spelling: '/' between the parts, Unicode NFC."""
    return "/".join(name_parts(nfc(name.strip().replace("\\", "/"))))


def nfc(text: str) -> str:
    """One spelling for names that look the same."""
    return unicodedata.normalize("NFC", text)
