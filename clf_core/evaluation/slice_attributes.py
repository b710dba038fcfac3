"""Ways of sorting test pictures: what was measured of them, where they came from, and columns of a person's table."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.data.manifest_schema import FLAGS
from clf_core.evaluation.slices import Attribute, by_thirds, by_value
from clf_core.importing.labels import TableError, cell_at, parse_table
from clf_core.importing.layout import named_split

if TYPE_CHECKING:
    from clf_core.data.facts import Facts
    from clf_core.data.manifest import Manifest

_MEASURED = (
    ("brightness", "Brightness", ("dark", "medium", "bright")),
    ("contrast", "Contrast", ("flat", "medium", "strong")),
    ("sharpness", "Sharpness", ("blurred", "medium", "sharp")),
    ("saturation", "Colour", ("pale", "medium", "colourful")),
)
_TALL, _WIDE = 0.9, 1.1
_FEW_NUMBERS = 6
"""A column with no more different numbers is sorted by them, not into thirds."""

_MOST_COLUMNS = 50
_LEAST_SHARE = 0.1
"""Of the test pictures that a table has to name."""


def attributes_of(
    manifest: "Manifest",
    facts: "Facts",
    sha256: Sequence[str],
    source_names: Sequence[str],
    groups: NDArray[np.int64],
) -> tuple[Attribute, ...]:
    """Every way of sorting that a dataset version offers by itself.

    Size, shape, brightness, contrast, sharpness, colour, source (folders and kind of file), the group a table gave,
    near copies, and the marks of an import.

    Args:
        manifest: of the version the run was tested with.
        facts: what was measured of its pictures.
        sha256, source_names: N each, the test pictures.
        groups: [N] int64, near copies share one.
    """
    rows = _rows(manifest, sha256, source_names)
    known = rows >= 0
    width, height = (
        np.where(known, np.asarray(manifest.table.column(name).to_numpy(), dtype=np.float64)[rows], np.nan)
        for name in ("width", "height")
    )
    at = facts.lookup(sha256)
    measured = [
        by_thirds(name, np.where(at >= 0, facts.number(key)[at], np.nan), words)
        for key, name, words in _MEASURED
        if len(facts)
    ]
    given = manifest.column("given_group")
    flags = manifest.flags
    # A picture of which the manifest knows nothing (-1) has no mark and no group.
    marks = [flags[row] if row >= 0 else [] for row in rows]
    return (
        by_thirds("Size", np.minimum(width, height), ("small", "medium", "large"), " px"),
        by_value("Shape", [_shape(ratio) for ratio in width / height]),
        *measured,
        by_value("Folder", _folders(source_names, manifest.classes)),
        by_value("Kind of file", [_ending(name) for name in source_names]),
        by_value("Group", [given[row] if row >= 0 else "" for row in rows]),
        by_value("Near copies", _copies(groups)),
        *(by_value("Mark", [FLAGS[flag] if flag in mark else "" for mark in marks]) for flag in FLAGS),
    )


def table_attributes(data: bytes, source_names: Sequence[str]) -> tuple[tuple[Attribute, ...], str]:
    """One way of sorting for each column of a table that names the test pictures.

    The column that names most of them, by path or by a name that only one of them has, joins the table; a column of
    numbers is sorted into thirds. Names and values are text from outside.

    Args:
        data: a table as ``importing.labels`` understands it, with names in its first row.
        source_names: N, of the test pictures.

    Returns:
        The attributes, and a sentence that says how many pictures were found.

    Raises:
        TableError: no table, or it names too few of the pictures; the text follows 'because'.
    """
    rows = parse_table(data)
    header, body = rows[0], rows[1:]
    find = _finder(source_names)
    hits = [
        len({place for row in body if (place := find(cell_at(row, column))) is not None})
        for column in range(len(header))
    ]
    joined = int(np.argmax(hits))
    if hits[joined] < max(1.0, _LEAST_SHARE * len(source_names)):
        raise TableError(f"it names only {hits[joined]:,} of the {len(source_names):,} test pictures")
    places = [find(cell_at(row, joined)) for row in body]
    found = []
    for column in [column for column in range(len(header)) if column != joined][:_MOST_COLUMNS]:
        values = [""] * len(source_names)
        for row, place in zip(body, places, strict=True):
            if place is not None:
                values[place] = cell_at(row, column)
        found.append(_column(header[column] or f"Column {column + 1}", values))
    return tuple(found), f"The table names {hits[joined]:,} of the {len(source_names):,} test pictures."


def _rows(manifest: "Manifest", sha256: Sequence[str], source_names: Sequence[str]) -> NDArray[np.int64]:
    """[N] int64, the row of each picture in the manifest; -1 where it is not there."""
    keys = zip(manifest.column("sha256"), manifest.column("source_name"), strict=True)
    at = {key: row for row, key in enumerate(keys)}
    wanted = zip(sha256, source_names, strict=True)
    return np.array([at.get(key, -1) for key in wanted], dtype=np.int64)


def _shape(ratio: float) -> str:
    if np.isnan(ratio):
        return ""
    return "tall" if ratio < _TALL else "wide" if ratio > _WIDE else "about square"


def _folders(source_names: Sequence[str], classes: Sequence[str]) -> list[str]:
    """The folders of each picture without those that say its class or split; '.' where none is left."""
    named = set(classes)
    listed = []
    for name in source_names:
        parts = [part for part in name.split("/")[:-1] if part not in named and named_split(part) is None]
        listed.append("/".join(parts) or ".")
    return listed


def _ending(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else "none"


def _copies(groups: NDArray[np.int64]) -> list[str]:
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return ["has near copies" if counts[at] > 1 else "has none" for at in place.reshape(-1)]


def _finder(source_names: Sequence[str]) -> Callable[[str], int | None]:
    """Finds the picture that a cell names: by its path, or by a name, with or without ending, that only one has."""
    paths = {name: place for place, name in enumerate(source_names)}
    short: dict[str, int | None] = {}
    for place, name in enumerate(source_names):
        last = name.rpartition("/")[2]
        for text in {last, last.rpartition(".")[0] or last}:
            short[text] = None if text in short else place

    def find(cell: str) -> int | None:
        text = cell.replace("\\", "/")
        if not text:
            return None
        return paths.get(text, short.get(text.rpartition("/")[2]))

    return find


def _column(name: str, values: Sequence[str]) -> Attribute:
    numbers = [_float(value) for value in values]
    if all(number is not None for number, value in zip(numbers, values, strict=True) if value):
        known = np.array([np.nan if number is None else number for number in numbers])
        if len(np.unique(known[~np.isnan(known)])) > _FEW_NUMBERS:
            return by_thirds(name, known)
    return by_value(name, values)


def _float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
