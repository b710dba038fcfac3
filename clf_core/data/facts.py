"""What was measured of each picture when it was imported, as a table beside the manifest.

The key is the sha256 of the stored file: facts hold for every version and every place a picture stands in.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from clf_core.files import write_bytes

if TYPE_CHECKING:
    import pyarrow as pa


class Facts:
    """Rows of measurements, one per sha256; never changed after construction."""

    def __init__(self, table: "pa.Table") -> None:
        self._table = table

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Self:
        """Read the facts that several imports left; a picture measured twice keeps its first row.

        Raises:
            StorageError: a file is damaged.
        """
        raise NotImplementedError

    def write(self, path: Path) -> None:
        """Write as Parquet, all or nothing.

        Raises:
            StorageError: the disk refuses.
        """
        from pyarrow import parquet

        buffer = io.BytesIO()
        parquet.write_table(self._table, buffer, compression="zstd")
        write_bytes(path, buffer.getvalue())
