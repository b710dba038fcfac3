"""The columns of a manifest, and how those of earlier formats are read."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clf_core.data import columns
from clf_core.errors import StorageError
from clf_core.values import Split

if TYPE_CHECKING:
    import pyarrow as pa

_FORMAT = b"2"
_FORMAT_KEY = b"clf_manifest_format"

FLAGS = {
    "animated": "Holds several frames, of which the first is used",
    "duplicate": "The same picture occurs more than once in the dataset",
    "contradiction": "The same picture occurs in more than one class",
    "checked": "A person has looked at its class and found it right",
    "small": "Its shorter side has fewer than 16 pixels",
}
"""Flag -> what it means, for people."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One picture of a dataset version.

    Attributes:
        sha256: hash of the stored file, its key in the picture store.
        size: bytes of the stored file.
        width, height: pixels, upright.
        label: class name, literal text from outside.
        split: the split this picture belongs to, also while it is left out.
        group: pictures that look the same, or that a person grouped, share one; a group never straddles
            splits. It is the least sha256 of its pictures.
        source_name: name as given, literal text from outside.
        flags: any of ``FLAGS``.
        given_group: the group a table or a file name put it in, literal text from outside; empty for none.
        excluded: why it is left out of use, in words; empty while it is in use.
        id: the picture's number in every version of the dataset; negative to be given the next free one.
    """

    sha256: str
    size: int
    width: int
    height: int
    label: str
    split: Split
    group: str
    source_name: str
    flags: tuple[str, ...] = ()
    given_group: str = ""
    excluded: str = ""
    id: int = -1


def schema() -> "pa.Schema":
    """The columns as they are written now."""
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.int64()),
            ("sha256", pa.string()),
            ("size", pa.int64()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("label", pa.string()),
            ("split", pa.string()),
            ("group", pa.string()),
            ("given_group", pa.string()),
            ("source_name", pa.string()),
            ("excluded", pa.string()),
            ("flags", pa.list_(pa.string())),
        ],
        metadata={_FORMAT_KEY: _FORMAT},
    )


def upgraded(table: "pa.Table") -> "pa.Table":
    """Bring a table of format 1, which knew no numbers, given groups and left-out pictures, to the present one."""
    import pyarrow as pa

    if (table.schema.metadata or {}).get(_FORMAT_KEY) != b"1":
        return table
    count = table.num_rows
    added = {
        "id": columns.integers(range(count), np.int64),
        "given_group": columns.strings([""] * count),
        "excluded": columns.strings([""] * count),
    }
    try:
        arrays = [added[name] if name in added else table.column(name) for name in schema().names]
        return pa.Table.from_arrays(arrays, schema=schema())
    except (KeyError, pa.ArrowException) as error:
        raise unknown_columns() from error


def unknown_columns() -> StorageError:
    """The error for a table that is no manifest."""
    return StorageError(
        "The list of pictures of this dataset cannot be read",
        why="Its columns are not those this version of the studio writes",
        remedy="Update the studio, or import the pictures again",
    )
