"""One immutable version of a dataset: a table of pictures, stored as Parquet for any tool to read.

pyarrow is imported on first use, so that screens without a dataset do not pay for it.
"""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from clf_core.data import columns
from clf_core.data.manifest_schema import FLAGS, ManifestRow, schema, unknown_columns, upgraded
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_bytes
from clf_core.results import Picture, PicturePage, Shown
from clf_core.values import SPLITS, Split

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FLAGS", "Manifest", "ManifestRow", "ManifestRows", "natural_key"]


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
    """The rows of one dataset version, those left out of use included; never changed after construction.

    Counts, classes and selections are of the pictures in use; ``len``, ``rows`` and ``table`` are of all.
    """

    def __init__(self, table: "pa.Table") -> None:
        """Wrap a table with the columns of ``ManifestRow``.

        Raises:
            StorageError: the columns are not those of a manifest.
        """
        table = upgraded(table)
        if not table.schema.equals(schema()):
            raise unknown_columns()
        self._table = table

    @classmethod
    def from_rows(cls, rows: Iterable[ManifestRow]) -> Self:
        """Build a manifest; the order of the rows is kept, and those without a number get the next free ones."""
        import pyarrow as pa

        listed = list(rows)
        free = count(max((row.id for row in listed), default=-1) + 1)
        arrays = [
            columns.integers([row.id if row.id >= 0 else next(free) for row in listed], np.int64),
            columns.strings([row.sha256 for row in listed]),
            columns.integers([row.size for row in listed], np.int64),
            columns.integers([row.width for row in listed], np.int32),
            columns.integers([row.height for row in listed], np.int32),
            columns.strings([row.label for row in listed]),
            columns.strings([row.split for row in listed]),
            columns.strings([row.group for row in listed]),
            columns.strings([row.given_group for row in listed]),
            columns.strings([row.source_name for row in listed]),
            columns.strings([row.excluded for row in listed]),
            columns.string_lists([row.flags for row in listed]),
        ]
        return cls(pa.Table.from_arrays(arrays, schema=schema()))

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

    def replaced(self, **values: Sequence[str]) -> "Manifest":
        """The same pictures with other values in some columns of text.

        Args:
            values: column -> one text per row, such as ``label=[...]``.
        """
        table = self._table
        for name, texts in values.items():
            table = table.set_column(table.schema.get_field_index(name), schema().field(name), columns.strings(texts))
        return Manifest(table)

    def reflagged(self, flags: Sequence[Sequence[str]]) -> "Manifest":
        """The same pictures with other flags, one list per row."""
        at, field = self._table.schema.get_field_index("flags"), schema().field("flags")
        return Manifest(self._table.set_column(at, field, columns.string_lists(flags)))

    @property
    def flags(self) -> list[list[str]]:
        """The flags of each row, a new list."""
        listed: list[list[str]] = self._table.column("flags").to_pylist()
        return listed

    def column(self, name: str) -> list[str]:
        """One text per row of a column of text, a new list."""
        values: list[str] = self._table.column(name).to_pylist()
        return values

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """[N] int64, the number of each row."""
        return self._numbers("id")

    def places(self, ids: Iterable[int]) -> NDArray[np.int64]:
        """[M] int64, the rows of pictures by their numbers, in the order asked for.

        Raises:
            NotFoundError: there is no picture of that number.
        """
        wanted = np.fromiter(ids, dtype=np.int64)
        order = np.argsort(self.ids, kind="stable")
        at = np.searchsorted(self.ids, wanted, sorter=order)
        found = order[np.minimum(at, max(0, len(order) - 1))] if len(order) else np.zeros(0, dtype=np.int64)
        if len(wanted) and (not len(order) or (self.ids[found] != wanted).any()):
            raise NotFoundError("There is no such picture", remedy="Reload the page; the dataset may have changed")
        return found

    @cached_property
    def in_use(self) -> NDArray[np.bool_]:
        """[N] bool, False for pictures left out."""
        return np.array([not reason for reason in self.column("excluded")], dtype=np.bool_)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in use in natural order ('class 2' before 'class 10'); a label's index is its place."""
        used = {label for label, in_use in zip(self._labels, self.in_use, strict=True) if in_use}
        return tuple(sorted(used, key=natural_key))

    def rows(self) -> list[ManifestRow]:
        """All rows, to derive a new version from."""
        return [ManifestRow(**{**row, "flags": tuple(row["flags"])}) for row in self._table.to_pylist()]

    def select(self, split: Split) -> ManifestRows:
        """The pictures in use of one split, in manifest order."""
        chosen = np.flatnonzero((self.split_index == SPLITS.index(split)) & self.in_use)
        return ManifestRows(
            sha256=self._pick("sha256", chosen),
            label_index=self.label_index[chosen],
            source_name=self._pick("source_name", chosen),
            group=self._pick("group", chosen),
        )

    def counts(self) -> dict[str, int]:
        """Pictures in use per class, in class order."""
        counted = np.bincount(self.label_index[self.in_use], minlength=len(self.classes))
        return {label: int(number) for label, number in zip(self.classes, counted, strict=True)}

    def split_counts(self) -> dict[Split, int]:
        """Pictures in use per split; every split is present."""
        counted = np.bincount(self.split_index[self.in_use], minlength=len(SPLITS))
        return {split: int(number) for split, number in zip(SPLITS, counted, strict=True)}

    def class_splits(self) -> dict[str, dict[Split, int]]:
        """Pictures in use per class and split; every split is present in every class."""
        table = np.zeros((len(self.classes), len(SPLITS)), dtype=np.int64)
        np.add.at(table, (self.label_index[self.in_use], self.split_index[self.in_use]), 1)
        return {
            label: {split: int(table[row, column]) for column, split in enumerate(SPLITS)}
            for row, label in enumerate(self.classes)
        }

    def matching(
        self, label: str | None = None, split: Split | None = None, shown: Shown = "in use", text: str = ""
    ) -> NDArray[np.int64]:
        """Rows that match all of the conditions, in manifest order.

        Args:
            label: only this class; None for all.
            split: only this split; None for all.
            shown: whether pictures left out are wanted.
            text: found in the file name or the class name, whatever its case; empty for all.

        Returns:
            [M] int64.

        Raises:
            NotFoundError: there is no class ``label``.
        """
        matches = self._shown(shown)
        if label is not None:
            known = {name: index for index, name in enumerate(self.classes)}
            # The classes left out as a whole have no index: they are looked for by name.
            same = (
                self.label_index == known[label]
                if label in known
                else np.array([name == label for name in self._labels], dtype=np.bool_)
            )
            if not same.any():
                raise NotFoundError(
                    f"There is no class '{label}'", remedy=f"The classes are: {', '.join(self.classes[:20])}"
                )
            matches = matches & same
        if split is not None:
            matches = matches & (self.split_index == SPLITS.index(split))
        if text:
            wanted = text.casefold()
            matches = matches & np.array([wanted in words for words in self._searched], dtype=np.bool_)
        return np.flatnonzero(matches)

    def by_name(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same rows in the natural order of their file names."""
        return places[self._name_rank[places].argsort(kind="stable")]

    @cached_property
    def _name_rank(self) -> NDArray[np.int64]:
        names = self.column("source_name")
        rank = np.empty(len(names), dtype=np.int64)
        rank[sorted(range(len(names)), key=lambda row: natural_key(names[row]))] = np.arange(len(names))
        return rank

    def pictures(self, places: Sequence[int] | NDArray[np.int64]) -> tuple[Picture, ...]:
        """Some rows as values, in the order asked for."""
        fields = [self._table.column(name) for name in Picture.model_fields]
        listed = []
        for place in places:
            row = dict(zip(Picture.model_fields, (field[int(place)].as_py() for field in fields), strict=True))
            listed.append(Picture(**row))
        return tuple(listed)

    def page(
        self, label: str | None = None, split: Split | None = None, offset: int = 0, limit: int = 60
    ) -> PicturePage:
        """Some of the pictures in use, in manifest order; at least 0 are skipped and returned.

        Raises:
            NotFoundError: there is no class ``label``.
        """
        found = self.matching(label, split)
        start = max(offset, 0)
        return PicturePage(total=len(found), pictures=self.pictures(found[start : start + max(limit, 0)]))

    @cached_property
    def label_index(self) -> NDArray[np.int64]:
        """[N] int64, position of each label in ``classes``; -1 for left-out pictures of a class not in use."""
        places = {label: index for index, label in enumerate(self.classes)}
        return np.array([places.get(label, -1) for label in self._labels], dtype=np.int64)

    @cached_property
    def split_index(self) -> NDArray[np.int64]:
        """[N] int64, position of each split in ``SPLITS``."""
        places: dict[str, int] = {split: index for index, split in enumerate(SPLITS)}
        return np.array([places[split] for split in self.column("split")], dtype=np.int64)

    @cached_property
    def typical_side(self) -> int:
        """Median of the shorter sides, in pixels; 0 without pictures."""
        return int(np.median(np.minimum(self._numbers("width"), self._numbers("height")))) if len(self) else 0

    @cached_property
    def _labels(self) -> list[str]:
        return self.column("label")

    @cached_property
    def _searched(self) -> list[str]:
        """What a person's search is compared with: file name and class in one text per row."""
        names = self.column("source_name")
        return [f"{name}\n{label}".casefold() for name, label in zip(names, self._labels, strict=True)]

    def _shown(self, shown: Shown) -> NDArray[np.bool_]:
        if shown == "in use":
            return self.in_use
        return ~self.in_use if shown == "left out" else np.ones(len(self), dtype=np.bool_)

    def _numbers(self, name: str) -> NDArray[np.int64]:
        return columns.numbers(self._table.column(name)).astype(np.int64)

    def _pick(self, name: str, places: NDArray[np.int64]) -> list[str]:
        values = self.column(name)
        return [values[place] for place in places]


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key under which 'a2' comes before 'a10'; total and deterministic for any text."""
    parts = re.split(r"([0-9]+)", text)
    key = tuple((0, int(part), "") if at % 2 else (1, 0, part.casefold()) for at, part in enumerate(parts) if part)
    return (*key, (2, 0, text))
