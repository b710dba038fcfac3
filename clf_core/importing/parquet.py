"""Pictures and classes out of Parquet files, as Hugging Face publishes datasets: data only, no code is run.

A column of pictures is a struct of ``bytes`` and ``path``, or plain binary. Names of classes stand in the schema's
'huggingface' metadata. Files are fetched when they are come to; of each, a group of rows is in memory at a time.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from clf_core.config import ImportLimits
from clf_core.errors import PictureError, SourceError
from clf_core.importing.entries import Budget, SourceBase, SourceFile, printable
from clf_core.results import SkippedFile
from clf_core.values import Split

_GROUPS_KEPT = 2
_MOST_GROUP_BYTES = 2**30
_PICTURE_NAMES = ("image", "img", "picture", "photo", "pixel_values")
_LABEL_NAMES = ("label", "labels", "fine_label", "class", "category", "target", "label_name", "class_name")


@dataclass(frozen=True)
class Shard:
    """One Parquet file of a dataset: which split it belongs to, by name and meaning, and how to get hold of it."""

    word: str
    split: Split | None
    fetch: Callable[[], Path]


@dataclass(frozen=True)
class _Columns:
    picture: str
    is_struct: bool
    has_path: bool
    label: str
    names: tuple[str, ...]


class ParquetPictures(SourceBase):
    """The rows of several Parquet files; several threads may read at once."""

    def __init__(self, title: str, shards: Sequence[Shard], limits: ImportLimits, *, most: int | None = None) -> None:
        """Nothing is fetched before ``files``.

        Args:
            title: name for people.
            shards: in the order they are read.
            limits: caps for the source.
            most: rows taken at most; None for all.
        """
        self.title = title
        self._shards = tuple(shards)
        self._limits = limits
        self._most = most
        self._groups = _Groups()

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``; sizes are unknown before reading.

        Raises:
            SourceError: a file cannot be fetched or read, or holds no pictures or no classes.
        """
        budget = Budget(self._limits)
        taken = 0
        for number, shard in enumerate(self._shards):
            for entry in self._shard(number, shard):
                if taken == self._most:
                    return
                taken += 1
                budget.count_file()
                yield entry

    def _shard(self, number: int, shard: Shard) -> Iterator[SourceFile | SkippedFile]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = shard.fetch()
        try:
            with pq.ParquetFile(path) as file:
                columns = _find_columns(file.schema_arrow)
                wanted = [columns.label, *([f"{columns.picture}.path"] if columns.has_path else [])]
                row = 0
                for group in range(file.num_row_groups):
                    if file.metadata.row_group(group).total_byte_size > _MOST_GROUP_BYTES:
                        raise _unreadable("Its rows come in groups that are too large for memory")
                    table = file.read_row_group(group, columns=wanted)
                    labels = table.column(columns.label).to_pylist()
                    paths = table.column(columns.picture).to_pylist() if columns.has_path else [None] * len(labels)
                    for place, (label, given) in enumerate(zip(labels, paths, strict=True)):
                        name = _name(shard.word, number, row, given)
                        yield self._entry(name, shard, path, group, place, columns, label)
                        row += 1
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(f"A Parquet file is damaged: {str(error).splitlines()[0][:200]}") from error

    def _entry(
        self, name: str, shard: Shard, path: Path, group: int, place: int, columns: _Columns, label: object
    ) -> SourceFile | SkippedFile:
        word = _class_name(label, columns.names)
        if not word:
            return SkippedFile(name=name, reason="The dataset gives it no class")

        def read() -> bytes:
            return self._groups.picture(path, group, columns, place)

        return SourceFile(name, 0, read, label=word, split=shard.split)


class _Groups:
    """The groups of rows that were read last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[Path, int], Any] = OrderedDict()

    def picture(self, path: Path, group: int, columns: _Columns, place: int) -> bytes:
        import pyarrow as pa

        try:
            with self._lock:
                column = self._kept.get((path, group))
                if column is None:
                    column = self._kept[(path, group)] = self._load(path, group, columns)
                    if len(self._kept) > _GROUPS_KEPT:
                        self._kept.popitem(last=False)
            value = column[place].as_py()
        except (pa.ArrowException, OSError, IndexError) as error:
            raise PictureError("Damaged inside the dataset's file") from error
        if value is None:
            raise PictureError("The dataset holds no picture here, only its name")
        return bytes(value)

    @staticmethod
    def _load(path: Path, group: int, columns: _Columns) -> Any:
        import pyarrow.parquet as pq

        wanted = f"{columns.picture}.bytes" if columns.is_struct else columns.picture
        with pq.ParquetFile(path) as file:
            column = file.read_row_group(group, columns=[wanted]).column(columns.picture)
        return column.combine_chunks().field("bytes") if columns.is_struct else column


def _find_columns(schema: Any) -> _Columns:
    """Tell the columns of pictures and classes apart, by the published features, else by name and type."""
    import pyarrow as pa

    features = _features(schema.metadata or {})
    pictures: dict[str, bool] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for field in schema:
        kind, feature = field.type, features.get(field.name, {})
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 and feature.get("_type", "Image") == "Image":
            pictures[field.name] = True
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            pictures[field.name] = False
        elif feature.get("_type") == "ClassLabel":
            labels[field.name] = _names(feature.get("names"))
        elif field.name.lower() in _LABEL_NAMES and (pa.types.is_integer(kind) or pa.types.is_string(kind)):
            labels[field.name] = ()
    if not pictures:
        raise _unreadable("It has no column of pictures")
    if not labels:
        raise _unreadable("It has no column of classes, one for each picture")
    picture = _preferred(list(pictures), _PICTURE_NAMES)
    label = _preferred(list(labels), _LABEL_NAMES)
    has_path = pictures[picture] and schema.field(picture).type.get_field_index("path") >= 0
    return _Columns(picture, pictures[picture], has_path, label, labels[label])


def _features(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    try:
        described = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name: feature for name, feature in described.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _names(given: object) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return tuple(given)
    return ()


def _preferred(found: Sequence[str], names: Sequence[str]) -> str:
    return min(found, key=lambda name: names.index(name.lower()) if name.lower() in names else len(names))


def _class_name(label: object, names: tuple[str, ...]) -> str:
    if isinstance(label, int) and names:
        return printable(names[label]) if 0 <= label < len(names) else ""
    return "" if label is None else printable(str(label))


def _name(word: str, shard: int, row: int, given: Any) -> str:
    """A name of ours, with the last part of the one that was published: no folder in it means anything."""
    path = given.get("path") if isinstance(given, dict) else None
    last = printable(path).replace("\\", "/").rpartition("/")[2] if isinstance(path, str) else ""
    return f"{word}/{shard:03}-{row:06} {last}".rstrip()


def _unreadable(why: str) -> SourceError:
    return SourceError(
        "The published dataset cannot be read as pictures with classes",
        why=why,
        remedy="Choose another dataset, or download this one and arrange it in one folder per class",
    )
