"""A dataset as Parquet that Hugging Face ``datasets`` reads with pictures and class names in place.

The zip archive holds a dataset card and one file or more per split, as a folder on the Hub does::

    README.md                               which files belong to which split
    data/train-00000-of-00001.parquet       image, label, source_name, group, left_out

The column ``image`` is a struct of ``bytes`` and ``path``, ``label`` the position of a class, and the schema's
metadata under 'huggingface' says so: it is what ``datasets`` writes itself ('datasets', ``Features`` and
``ArrowWriter``; https://huggingface.co/docs/datasets/about_dataset_features).
"""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from clf_core.data import columns
from clf_core.export.archives import entry
from clf_core.export.naming import FreeNames, picture_ending
from clf_core.export.rows import Pictures, Row
from clf_core.values import SPLITS, Split

if TYPE_CHECKING:
    import pyarrow as pa

SPLIT_NAMES: dict[Split, str] = {"train": "train", "val": "validation", "test": "test"}
"""What the splits are called on the Hub."""

_SHARD_BYTES = 500 * 2**20
_GROUP_BYTES = 32 * 2**20
_GROUP_ROWS = 100
"""As ``datasets`` itself writes pictures: so many of them are read to look at one."""

_TEXTS = ("source_name", "group", "left_out")


def write_parquet(pictures: Pictures, target: BinaryIO, title: str) -> tuple[str, ...]:
    """Write the zip archive. Memory holds one row group: 100 pictures, or 32 MB and one picture.

    Args:
        pictures: what to write.
        target: open for writing; need not be seekable.
        title: of the dataset, for the card; literal text from outside.

    Returns:
        No sentences: every name is kept literally.
    """
    schema = _schema(pictures.classes)
    by_split = {split: [row for row in pictures.rows if row.split == split] for split in SPLITS}
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry("README.md"), _card(title, pictures, by_split).encode("utf-8"))
        for split, rows in by_split.items():
            shards = _parts(rows, _SHARD_BYTES, len(rows))
            for number, shard in enumerate(shards):
                name = f"data/{SPLIT_NAMES[split]}-{number:05d}-of-{len(shards):05d}.parquet"
                with archive.open(entry(name), "w", force_zip64=True) as member:
                    _write_shard(pictures, shard, schema, _Told(member))
    return ()


def _write_shard(pictures: Pictures, rows: Sequence[Row], schema: "pa.Schema", sink: "_Told") -> None:
    from pyarrow import parquet

    number = {name: place for place, name in enumerate(pictures.classes)}
    names = FreeNames()
    # Pictures are packed already and hardly repeat; a dictionary of them would only take memory.
    with parquet.ParquetWriter(sink, schema, compression="snappy", use_dictionary=list(_TEXTS)) as writer:
        for group in _parts(rows, _GROUP_BYTES, _GROUP_ROWS):
            writer.write_table(_table(pictures, group, schema, number, names), row_group_size=len(group))


def _table(
    pictures: Pictures, rows: Sequence[Row], schema: "pa.Schema", number: dict[str, int], names: FreeNames
) -> "pa.Table":
    import pyarrow as pa

    contents, paths = [], []
    for row, data, kind in pictures.read(rows):
        contents.append(data)
        stem = row.source_name.replace("\\", "/").rpartition("/")[2]
        paths.append(names.take(stem.rpartition(".")[0] or stem, picture_ending(stem, kind)))
    image = pa.StructArray.from_arrays(
        [columns.binaries(contents), columns.strings(paths)], fields=list(schema.field("image").type)
    )
    labels = columns.integers([number[row.label] for row in rows], np.int64)
    texts = ([row.source_name for row in rows], [row.group for row in rows], [row.excluded for row in rows])
    return pa.Table.from_arrays([image, labels, *map(columns.strings, texts)], schema=schema)


def _schema(classes: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(classes), "_type": "ClassLabel"},
        **{name: {"dtype": "string", "_type": "Value"} for name in _TEXTS},
    }
    return pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("label", pa.int64()),
            *((name, pa.string()) for name in _TEXTS),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def _parts(rows: Sequence[Row], most_bytes: int, most_rows: int) -> list[Sequence[Row]]:
    """Cut rows into parts of at most so many bytes (one picture may be larger) and rows."""
    parts: list[Sequence[Row]] = []
    start = size = 0
    for at, row in enumerate(rows):
        if at > start and (size + row.size > most_bytes or at - start >= most_rows):
            parts.append(rows[start:at])
            start, size = at, 0
        size += row.size
    return [*parts, rows[start:]] if rows else []


def _card(title: str, pictures: Pictures, by_split: dict[Split, list[Row]]) -> str:
    """The dataset card: YAML that says which files belong to which split, and a few words."""
    present = [SPLIT_NAMES[split] for split, rows in by_split.items() if rows]
    files = "".join(f"  - split: {name}\n    path: data/{name}-*.parquet\n" for name in present)
    counts = ", ".join(f"{len(rows):,} {SPLIT_NAMES[split]}" for split, rows in by_split.items())
    plain = "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in title if c.isprintable())
    return (
        "---\ntask_categories:\n- image-classification\n"
        f"configs:\n- config_name: default\n  data_files:\n{files}---\n\n"
        f"# {plain}\n\n{len(pictures.rows):,} pictures in {len(pictures.classes):,} classes: {counts}. "
        "Written by Image Classifier Studio.\n\n"
        'Unpack this archive and read it with `datasets.load_dataset("FOLDER")`.\n'
    )


class _Told(io.RawIOBase):
    """A member of a zip archive that can tell how far it is; Parquet asks, and zip members do not answer."""

    def __init__(self, member: "zipfile.IO[bytes]") -> None:  # type: ignore[name-defined]
        self._member = member
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: "memoryview | bytes") -> int:  # type: ignore[override]
        self._member.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written
