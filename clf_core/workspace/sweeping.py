"""Removing, once a day, the pictures that broken-off imports left in the store."""

import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clf_core.data.store import PictureStore

_log = logging.getLogger(__name__)

_EVERY_SECONDS = 24 * 3600.0


def sweep_pictures(folder: Path, pictures: "PictureStore") -> int:
    """Remove pictures that no version of any dataset on disk refers to, unless that was done within the last day.

    Versions are looked for on disk, not in the list of datasets: one that is damaged in part, or being made, is not
    listed but still needs its pictures. If any of them cannot be read, nothing is removed. Pictures of an import that
    is running are younger than a day and stay (see ``PictureStore.sweep``).

    Args:
        folder: the workspace.
        pictures: its store.

    Returns:
        How many pictures were removed.
    """
    import pyarrow as pa
    from pyarrow import parquet

    marker = folder / "pictures" / ".swept"
    try:
        with contextlib.suppress(FileNotFoundError):
            if abs(time.time() - marker.stat().st_mtime) < _EVERY_SECONDS:
                return 0
        if not marker.parent.is_dir():
            return 0
        marker.touch()
        keep: set[str] = set()
        for path in (folder / "datasets").rglob("*.parquet"):
            if not path.name.endswith(".facts.parquet"):
                keep.update(parquet.ParquetFile(path).read(columns=["sha256"]).column(0).to_pylist())
    except (OSError, pa.ArrowException) as error:
        _log.warning("Pictures that nothing refers to are kept: a dataset cannot be read: %s", error)
        return 0
    removed = pictures.sweep(keep)
    if removed:
        _log.info("%d pictures that no dataset refers to were removed", removed)
    return removed
