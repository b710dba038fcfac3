"""One immutable version of a dataset: a table of pictures, stored as Parquet for any tool to read.

pyarrow is imported on first use, so that screens without a dataset do not pay for it.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from clf_core.data import columns
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_bytes
from clf_core.results import Picture, PicturePage
from clf_core.values import SPLITS, Split

if TYPE_CHECKING:
    import pyarrow as pa

_FORMAT = b"1"
_FORMAT_KEY = b"clf_manifest_format"


@dataclass(frozen=True)
class ManifestRow:
    """One picture of a dataset version.

    Attributes:
        sha256: hash of the stored file, its key in the picture store.
        size: bytes of the stored file.
        width, height: pixels, upright.
        label: class name, literal text from outside.
        split: the split this picture belongs to.
        group: pictures with the same pixels share a group; a group never straddles splits. It is the
            least sha256 of its pictures.
        source_name: name as given, literal text from outside.
        flags: any of ``FLAGS``.
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


FLAGS = {
    "animated": "Holds several frames, of which the first is used",
    "duplicate": "The same picture occurs more than once in the dataset",
    "contradiction": "The same picture occurs in more than one class",
    "small": "Its shorter side has fewer than 16 pixels",
}
"""Flag -> what it means, for people."""


@dataclass(frozen=True)
class ManifestRows:
    """The pictures of one split, in manifest order.

    Attributes:
        sha256: key of each picture in the store, N of them.
        label_index: [N] int64, position of the label in ``Manifest.classes``.
        source_name: name of each picture as given.
        group: group of each picture; equal pictures share one.
    """

    sha256: list[str]
    label_index: NDArray[np.int64]
    source_name: list[str]
    group: list[str]

    def __len__(self) -> int:
        return len(self.sha256)


class Manifest:
    """The rows of one dataset version; never changed after construction."""

    def __init__(self, table: "pa.Table") -> None:
        """Wrap a table with the columns of ``ManifestRow``.

        Raises:
            StorageError: the columns are not those of a manifest.
        """
        if not table.schema.equals(_schema()):
            raise StorageError(
                "The list of pictures of this dataset cannot be read",
                why="Its columns are not those this version of the studio writes",
                remedy="Update the studio, or import the pictures again",
            )
        self._table = table

    @classmethod
    def from_rows(cls, rows: Iterable[ManifestRow]) -> Self:
        """Build a manifest; the order of the rows is kept."""
        import pyarrow as pa

        listed = list(rows)
        arrays = [
            columns.strings([row.sha256 for row in listed]),
            columns.integers([row.size for row in listed], np.int64),
            columns.integers([row.width for row in listed], np.int32),
            columns.integers([row.height for row in listed], np.int32),
            columns.strings([row.label for row in listed]),
            columns.strings([row.split for row in listed]),
            columns.strings([row.group for row in listed]),
            columns.strings([row.source_name for row in listed]),
            columns.string_lists([row.flags for row in listed]),
        ]
        return cls(pa.Table.from_arrays(arrays, schema=_schema()))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest.

        Raises:
            NotFoundError: there is no such file.
            StorageError: the file is damaged or of an unknown format.
        """
        import pyarrow as pa
        from pyarrow import parquet

        try:
            table = parquet.ParquetFile(path).read()
        except FileNotFoundError:
            raise NotFoundError("This version of the dataset does not exist") from None
        except (pa.ArrowException, OSError) as error:
            raise StorageError(
                "The list of pictures of this dataset is damaged",
                why="Its file cannot be read",
                remedy="Import the pictures again",
            ) from error
        return cls(table)

    def write(self, path: Path) -> None:
        """Write the manifest as Parquet, all or nothing.

        Raises:
            StorageError: the disk refuses.
        """
        from pyarrow import parquet

        buffer = io.BytesIO()
        parquet.write_table(self._table, buffer, compression="zstd")
        write_bytes(path, buffer.getvalue())

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @property
    def table(self) -> "pa.Table":
        """The pyarrow table itself, for reading only."""
        return self._table

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names in natural order ('class 2' before 'class 10'); a label's index is its place here."""
        return tuple(sorted(set(self._labels), key=natural_key))

    def rows(self) -> list[ManifestRow]:
        """All rows, to derive a new version from."""
        return [ManifestRow(**{**row, "flags": tuple(row["flags"])}) for row in self._table.to_pylist()]

    def select(self, split: Split) -> ManifestRows:
        """The pictures of one split, in manifest order."""
        chosen = np.flatnonzero(self._split_index == SPLITS.index(split))
        return ManifestRows(
            sha256=_pick(self._column("sha256"), chosen),
            label_index=self._label_index[chosen],
            source_name=_pick(self._column("source_name"), chosen),
            group=_pick(self._column("group"), chosen),
        )

    def counts(self) -> dict[str, int]:
        """Pictures per class, in class order."""
        counted = Counter(self._labels)
        return {label: counted[label] for label in self.classes}

    def split_counts(self) -> dict[Split, int]:
        """Pictures per split; every split is present."""
        return {split: int((self._split_index == index).sum()) for index, split in enumerate(SPLITS)}

    def class_splits(self) -> dict[str, dict[Split, int]]:
        """Pictures per class and split; every split is present in every class."""
        table = np.zeros((len(self.classes), len(SPLITS)), dtype=np.int64)
        np.add.at(table, (self._label_index, self._split_index), 1)
        return {
            label: {split: int(table[row, column]) for column, split in enumerate(SPLITS)}
            for row, label in enumerate(self.classes)
        }

    def page(
        self, label: str | None = None, split: Split | None = None, offset: int = 0, limit: int = 60
    ) -> PicturePage:
        """Some of the pictures, in manifest order.

        Args:
            label: only this class; None for all.
            split: only this split; None for all.
            offset: how many matching pictures to skip, at least 0.
            limit: most pictures to return, at least 0.

        Raises:
            NotFoundError: there is no class ``label``.
        """
        matches = np.ones(len(self), dtype=np.bool_)
        if label is not None:
            if label not in self.classes:
                raise NotFoundError(
                    f"There is no class '{label}'", remedy=f"The classes are: {', '.join(self.classes[:20])}"
                )
            matches &= self._label_index == self.classes.index(label)
        if split is not None:
            matches &= self._split_index == SPLITS.index(split)
        found = np.flatnonzero(matches)
        start = max(offset, 0)
        shown = found[start : start + max(limit, 0)]
        fields = [self._table.column(name) for name in Picture.model_fields]
        pictures = tuple(
            Picture(**dict(zip(Picture.model_fields, (field[int(row)].as_py() for field in fields), strict=True)))
            for row in shown
        )
        return PicturePage(total=len(found), pictures=pictures)

    def _column(self, name: str) -> list[str]:
        values: list[str] = self._table.column(name).to_pylist()
        return values

    @cached_property
    def _labels(self) -> list[str]:
        return self._column("label")

    @cached_property
    def _label_index(self) -> NDArray[np.int64]:
        places = {label: index for index, label in enumerate(self.classes)}
        return np.array([places[label] for label in self._labels], dtype=np.int64)

    @cached_property
    def _split_index(self) -> NDArray[np.int64]:
        places: dict[str, int] = {split: index for index, split in enumerate(SPLITS)}
        return np.array([places[split] for split in self._column("split")], dtype=np.int64)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which 'a2' comes before 'a10'; total and deterministic for any text."""
    parts = re.split(r"([0-9]+)", text)
    key = tuple((0, int(part), "") if at % 2 else (1, 0, part.casefold()) for at, part in enumerate(parts) if part)
    return (*key, (2, 0, text))


def _pick(values: list[str], places: NDArray[np.int64]) -> list[str]:
    return [values[place] for place in places]


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            ("sha256", pa.string()),
            ("size", pa.int64()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("label", pa.string()),
            ("split", pa.string()),
            ("group", pa.string()),
            ("source_name", pa.string()),
            ("flags", pa.list_(pa.string())),
        ],
        metadata={_FORMAT_KEY: _FORMAT},
    )
