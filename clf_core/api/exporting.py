"""Taking a dataset out: as class folders, as pictures with a table of labels, or for Hugging Face ``datasets``."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from clf_core.results import ExportKind, ExportReport
from clf_core.workspace import Workspace


class Exporting:
    """Exports from one workspace. ``ref`` is a dataset's name or identifier."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def write(
        self,
        ref: str,
        kind: ExportKind,
        target: BinaryIO | Path,
        *,
        version: int | None = None,
        split_folders: bool = False,
        left_out: bool = False,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ExportReport:
        """Write a dataset as one zip archive; memory holds a few pictures at a time.

        Args:
            ref: the dataset.
            kind: 'folders': class/picture. 'csv': pictures/… and labels.csv. 'parquet': what
                ``datasets.load_dataset`` reads with pictures, class names and splits.
            target: a file, which appears complete or not at all, or something open for writing.
            version: of the dataset; None for the newest.
            split_folders: for 'folders', whether train, val and test are folders above the classes.
            left_out: whether pictures left out of use are written too.
            progress: called with (pictures done, pictures in all).
            cancelled: asked before each picture; True stops the work.

        Raises:
            NotFoundError: no such dataset or version.
            StorageError: the disk refused, or a picture is gone from the workspace.
            CancelledError: ``cancelled`` returned True.
        """
        from clf_core.export.datasets import write_dataset
        from clf_core.export.rows import Pictures

        dataset = self._workspace.datasets.find(ref, version)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version)
        pictures = Pictures(
            manifest, self._workspace.pictures, left_out=left_out, progress=progress, cancelled=cancelled
        )
        return write_dataset(dataset, pictures, kind, target, split_folders=split_folders)
