"""Writing a dataset version in one of the ways others can read."""

import contextlib
import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from clf_core.export.archives import write_folders, write_table
from clf_core.export.parquet import write_parquet
from clf_core.export.rows import Pictures
from clf_core.files import replacing
from clf_core.results import DatasetSummary, ExportKind, ExportReport


def write_dataset(
    dataset: DatasetSummary,
    pictures: Pictures,
    kind: ExportKind,
    target: BinaryIO | Path,
    *,
    split_folders: bool = False,
) -> ExportReport:
    """Write a dataset version as a zip archive; only a few pictures are in memory at a time.

    Args:
        dataset: the version.
        pictures: its pictures.
        kind: what the archive holds.
        target: a file, which appears complete or not at all, or something open for writing.
        split_folders: for class folders, whether train, val and test are folders of their own.

    Raises:
        StorageError: the disk refused, or a picture is gone from the workspace.
        CancelledError: the person stopped it.
    """
    started = time.monotonic()
    with _opened(target) as handle:
        counted = handle if handle.seekable() else _Counted(handle)
        start = counted.tell()
        if kind == "folders":
            notices = write_folders(pictures, counted, split_folders=split_folders)
        elif kind == "csv":
            notices = write_table(pictures, counted)
        else:
            notices = write_parquet(pictures, counted, dataset.name)
        written = counted.tell() - start
    return ExportReport(
        dataset=dataset.name,
        dataset_id=dataset.id,
        version=dataset.version,
        kind=kind,
        pictures=len(pictures.rows),
        bytes=written,
        notices=notices,
        seconds=time.monotonic() - started,
    )


@contextlib.contextmanager
def _opened(target: BinaryIO | Path) -> Iterator[BinaryIO]:
    if isinstance(target, Path):
        with replacing(target) as handle:
            yield handle
    else:
        yield target


class _Counted(io.RawIOBase, BinaryIO):
    """Tells how much went into a target that cannot tell itself, such as a pipe."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._target.write(data)
        self._written += len(data)
        return len(data)

    def flush(self) -> None:
        self._target.flush()
