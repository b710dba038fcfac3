"""Tables of labels: text from a stranger to rows, and which column holds files, classes, splits and groups.

Understood: comma, semicolon, tab or bar between the cells; UTF-8 with or without a mark, UTF-16, Windows-1252;
with or without a line of column names; one column of classes, or one column of 0 and 1 for each class.
"""

import csv
import io
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TABLE_ENDINGS = (".csv", ".tsv")
MOST_TABLE_BYTES = 32 * 2**20
_MOST_ROWS = 1_000_000
_MOST_CELLS = 8_000_000
_MOST_COLUMNS = 2_000
_LOOKED_AT = 2_000
"""Rows that decide which column is which."""

_DELIMITERS = ",;\t|"
_FORMULA = re.compile(r"'[=+\-@\t\r]")

_FILE_WORDS = (
    *("file", "filename", "filepath", "path", "image", "imagefile", "imagename", "imagepath", "imagefilename"),
    *("img", "imgname", "imgpath", "picture", "photo", "name", "imageid", "id"),
)
_LABEL_WORDS = (
    *("classname", "labelname", "categoryname", "label", "labels", "class", "classes", "category", "target"),
    *("species", "breed", "diagnosis", "dx", "tag", "y", "classid", "labelid", "categoryid"),
)
_SPLIT_WORDS = ("split", "subset", "set", "partition", "dataset", "datasplit")
_GROUP_WORDS = (
    *("group", "groupid", "patient", "patientid", "session", "sessionid", "subject", "subjectid", "person", "personid"),
    *("case", "caseid", "lesionid", "series", "seriesid", "slide", "slideid", "site", "location", "burst", "video"),
)
_LEFT_OUT_WORDS = ("leftout",)
_YES, _NO = {"1", "1.0", "true"}, {"0", "0.0", "false", ""}


class TableError(Exception):
    """A file that is no table; the text says why, to follow 'because'."""


@dataclass(frozen=True)
class Columns:
    """Where a table holds what; -1 where it holds nothing of the kind.

    Attributes:
        file, label, split, group, left_out: places of the columns.
        one_hot: places of the columns that stand for one class each.
        named: whether the first row holds names.
    """

    file: int
    label: int
    split: int
    group: int
    left_out: int
    one_hot: tuple[int, ...]
    named: bool


def parse_table(data: bytes) -> list[list[str]]:
    """Read the rows of a table; blank ones are left out, the others may differ in length.

    Raises:
        TableError: not a table of at least two columns, or too large.
    """
    if len(data) > MOST_TABLE_BYTES:
        raise TableError(f"it is larger than {MOST_TABLE_BYTES / 2**20:,.0f} MB")
    text = _decode(data).replace("\0", "")
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=.\r?", first):  # what Excel writes to itself
        text = rest
    delimiter = _delimiter(text)
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if not any(row):
                continue
            cells += len(row)
            if len(rows) >= _MOST_ROWS or cells > _MOST_CELLS or len(row) > _MOST_COLUMNS:
                raise TableError("it has too many cells")
            rows.append([_cell(text) for text in row])
    except csv.Error as error:  # a cell beyond 128 KB: a quote that is never closed
        raise TableError("its quotes are not closed, or it is no table") from error
    if not rows or len(rows[0]) < 2:
        raise TableError("it has fewer than two columns")
    return rows


def find_columns(
    rows: Sequence[Sequence[str]], is_file: Callable[[str], bool], *, classes_known: bool = False
) -> Columns | None:
    """Tell the columns apart by their names and what they hold.

    Args:
        rows: from ``parse_table``.
        is_file: whether a cell names a file of the source.
        classes_known: whether folders give classes, so that a table of groups need not hold any.

    Returns:
        None when no column names files, or none of the others tells anything about them.
    """
    first = [_word(cell) for cell in rows[0]]
    known = {*_FILE_WORDS, *_LABEL_WORDS, *_SPLIT_WORDS, *_GROUP_WORDS}
    named = not any(map(is_file, rows[0])) or len(known.intersection(first)) >= 2
    words = first if named else [""] * len(first)
    body = rows[1:] if named else rows
    looked_at = body[:_LOOKED_AT]
    file = _file_column(words, looked_at, is_file)
    if file < 0:
        return None
    split, group, left_out = (_named(words, these, {file}) for these in (_SPLIT_WORDS, _GROUP_WORDS, _LEFT_OUT_WORDS))
    others = [place for place in range(len(words)) if place not in (file, split, group, left_out)]
    label = _named(words, _LABEL_WORDS, {file, split, group, left_out})
    one_hot: tuple[int, ...] = ()
    if label < 0 and named:
        one_hot = _one_hot(looked_at, others)
    wanted = not classes_known or (split < 0 and group < 0)
    if label < 0 and not one_hot and wanted and len(others) == 1 and _repeats(body, others[0]):
        label = others[0]
    if label < 0 and not one_hot and split < 0 and group < 0:
        return None
    return Columns(file, label, split, group, left_out, one_hot, named)


def cell_at(row: Sequence[str], place: int) -> str:
    """One cell; empty where the row is too short or ``place`` is -1."""
    return row[place] if 0 <= place < len(row) else ""


def one_hot_label(row: Sequence[str], places: Sequence[int], names: Sequence[str]) -> tuple[str, str]:
    """The class of a row with a column of 0 and 1 per class: (class, '') or ('', why there is none)."""
    chosen = [place for place in places if cell_at(row, place).lower() in _YES]
    if len(chosen) == 1:
        return cell_at(names, chosen[0]), ""
    return "", "gives it several classes" if chosen else "gives it no class"


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _delimiter(text: str) -> str:
    """What stands most often between the cells of the first lines, and in as many places of each."""
    lines = [line for line in itertools.islice(io.StringIO(text), 20) if line.strip()]
    if not lines:
        raise TableError("it is empty")

    def score(delimiter: str) -> tuple[int, int]:
        counts = [re.sub(r'"[^"]*"', "", line).count(delimiter) for line in lines]
        return min(counts), counts[0]

    return max(_DELIMITERS, key=score)


def _cell(text: str) -> str:
    """A cell without the blanks around it and the apostrophe that keeps a spreadsheet from running it."""
    text = text[1:] if _FORMULA.match(text) else text
    return text.strip()


def _word(text: str) -> str:
    return re.sub(r"[\s_\-.]", "", text).lower()


def _named(words: Sequence[str], wanted: Sequence[str], taken: set[int]) -> int:
    """The column with the first of the ``wanted`` names, or -1."""
    for name in wanted:
        for place, word in enumerate(words):
            if word == name and place not in taken:
                return place
    return -1


def _file_column(words: Sequence[str], rows: Sequence[Sequence[str]], is_file: Callable[[str], bool]) -> int:
    """The column whose cells name most files; of equal ones that with the better name."""
    best, best_score = -1, (0, 0)
    for place in range(len(words)):
        # Different ones: the class '3' of every third row may well be the name of 3.jpg.
        hits = sum(map(is_file, {cell for row in rows if (cell := cell_at(row, place))}))
        rank = len(_FILE_WORDS) - _FILE_WORDS.index(words[place]) if words[place] in _FILE_WORDS else 0
        if hits and (hits, rank) > best_score:
            best, best_score = place, (hits, rank)
    return best


def _one_hot(rows: Sequence[Sequence[str]], places: Sequence[int]) -> tuple[int, ...]:
    """All columns that hold nothing but 0 and 1, if there are several and most rows choose exactly one."""
    found = [
        place
        for place in places
        if all(cell_at(row, place).lower() in _YES | _NO for row in rows)
        and any(cell_at(row, place).lower() in _YES | _NO - {""} for row in rows)
    ]
    if len(found) < 2:
        return ()
    single = sum(sum(cell_at(row, place).lower() in _YES for place in found) == 1 for row in rows)
    return tuple(found) if 2 * single >= len(rows) else ()


def _repeats(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column without a telling name may hold classes: captions and numbers are all different."""
    cells = [cell for row in rows if (cell := cell_at(row, place))]
    return bool(cells) and (len(set(cells)) < len(cells) or len(cells) <= 3)
