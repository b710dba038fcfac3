"""The pictures of an export, read one after the other, with progress and a way to stop."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clf_core.data.manifest import Manifest
from clf_core.data.signatures import recognise
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, NotFoundError, PictureError, StorageError
from clf_core.values import Split

Progress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""


@dataclass(frozen=True)
class Row:
    """One picture to be written.

    Attributes:
        sha256: its key in the store.
        size: bytes.
        label, split, source_name: as in the manifest; label and name are literal text from outside.
        group: the group that a person gave it, empty for none.
        excluded: why it is left out, empty while it is in use.
    """

    sha256: str
    size: int
    label: str
    split: Split
    source_name: str
    group: str
    excluded: str


class Pictures:
    """What is to be written, and the files themselves.

    Args:
        manifest: a version of a dataset.
        store: holds its pictures.
        left_out: whether pictures left out of use are written too.
        progress: called after each picture.
        cancelled: asked before each picture; True stops the export.
    """

    def __init__(
        self,
        manifest: Manifest,
        store: PictureStore,
        *,
        left_out: bool = False,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._store = store
        self._progress = progress
        self._cancelled = cancelled
        self._done = 0
        chosen = range(len(manifest)) if left_out else np.flatnonzero(manifest.in_use).tolist()
        sizes = manifest.table.column("size").to_pylist()
        texts = {
            name: manifest.column(name)
            for name in ("sha256", "label", "split", "source_name", "given_group", "excluded")
        }
        self.rows = [
            Row(
                sha256=texts["sha256"][at],
                size=sizes[at],
                label=texts["label"][at],
                split=texts["split"][at],  # type: ignore[arg-type]
                source_name=texts["source_name"][at],
                group=texts["given_group"][at],
                excluded=texts["excluded"][at],
            )
            for at in chosen
        ]
        self.classes = list(manifest.classes) + sorted({row.label for row in self.rows} - set(manifest.classes))

    def read(self, rows: Sequence[Row]) -> Iterator[tuple[Row, bytes, str]]:
        """Yield each row with its file and its picture format; only one file is in memory.

        Raises:
            StorageError: a picture is gone from the workspace, or can no longer be read.
            CancelledError: ``cancelled`` said so.
        """
        for row in rows:
            if self._cancelled is not None and self._cancelled():
                raise CancelledError("The export was stopped")
            try:
                data = self._store.read(row.sha256)
                kind = recognise(data)
            except (NotFoundError, PictureError) as error:
                raise StorageError(
                    "A picture of this dataset is missing or damaged in the workspace",
                    why=f"It came as '{row.source_name}'",
                    remedy="Leave the picture out of use and export again, or import it again",
                ) from error
            yield row, data, kind
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, len(self.rows))
