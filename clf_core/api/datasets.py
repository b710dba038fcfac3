"""Bringing pictures in and looking at them."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from clf_core.config import SplitConfig
from clf_core.errors import NotFoundError, SourceError
from clf_core.results import DatasetSummary, ImportReport, PicturePage, SampleCard
from clf_core.settings import Settings
from clf_core.values import Split
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    from clf_core.data.source import Source

ImportProgress = Callable[[int, int, int], None]
"""Called with (files done, files in all, files skipped so far)."""

Cancelled = Callable[[], bool]
"""Asked now and then; True stops the work with CancelledError."""


class Datasets:
    """Datasets of one workspace. ``ref`` is a dataset's name or identifier."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def import_path(
        self,
        path: Path,
        name: str,
        *,
        split: SplitConfig | None = None,
        progress: ImportProgress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportReport:
        """Make a dataset from a zip archive or a folder of class folders on this machine.

        Args:
            path: an archive or a folder.
            name: what the dataset shall be called; any text without control characters.
            split: how to divide pictures that come without train/val/test folders; None for the usual shares.
            progress: called with (done, total, skipped) while files are read.
            cancelled: return True to stop.

        Raises:
            NameTakenError: a dataset of that name exists.
            ConfigError: the name is empty or holds control characters.
            SourceError: the path is missing, empty, or cannot be read as an archive.
            DatasetError: no usable picture, or only one class.
            CancelledError: ``cancelled`` returned True; nothing is listed.
            StorageError: the disk refused.
        """
        from clf_core.data.source import open_source

        self._workspace.datasets.check_name(name)
        return self._import(lambda: open_source(path, self._settings.limits), name, split, progress, cancelled)

    def import_uploads(
        self,
        files: Sequence[tuple[str, BinaryIO]],
        name: str,
        *,
        split: SplitConfig | None = None,
        progress: ImportProgress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportReport:
        """Make a dataset from files a browser sent: one archive, or pictures whose names hold their class folder.

        Args:
            files: (name as given by the browser, open binary file) of each.
            name, split, progress, cancelled: as in ``import_path``.

        Raises:
            The errors of ``import_path``.
        """
        from clf_core.data.source import uploaded_source

        self._workspace.datasets.check_name(name)
        return self._import(lambda: uploaded_source(files, self._settings.limits), name, split, progress, cancelled)

    def import_sample(self, key: str, name: str | None = None) -> ImportReport:
        """Make a dataset from a built-in sample.

        Args:
            key: one of the keys of ``samples()``.
            name: what to call it; None takes the sample's title, with a number where that is taken.

        Raises:
            NotFoundError: no sample of that key.
            NameTakenError, ConfigError: as in ``import_path``.
        """
        from clf_core.data.samples import sample_source

        titles = {card.key: card.title for card in self.samples()}
        if key not in titles:
            raise NotFoundError(f"There is no sample called '{key}'", remedy=f"Samples are: {', '.join(titles)}")
        if name is None:
            name = self.free_name(titles[key])
        self._workspace.datasets.check_name(name)
        return self._import(lambda: sample_source(key), name, None, None, None)

    def free_name(self, wanted: str) -> str:
        """Return ``wanted``, with a number behind it where a dataset has that name already."""
        return self._workspace.datasets.free_name(wanted)

    def samples(self) -> tuple[SampleCard, ...]:
        """Return the built-in samples."""
        from clf_core.data.samples import SAMPLES

        return SAMPLES

    def check_folder(self, path: str | Path) -> Path:
        """Return the resolved path if a browser may import from it. The terminal need not ask.

        Raises:
            SourceError: the operator allows no such folder, or it does not exist.
        """
        try:
            resolved = Path(path).expanduser().resolve()
        except (OSError, RuntimeError, ValueError) as error:  # too long, '~nobody', a loop of links, a NUL
            raise _nothing_at(path) from error
        allowed = self._settings.import_folders
        if allowed is not None and not any(resolved.is_relative_to(folder) for folder in allowed):
            listed = ", ".join(str(folder) for folder in allowed)
            raise SourceError(
                "Pictures cannot be imported from that folder",
                why="The operator of this studio has limited which folders the browser may read",
                remedy=f"Use a folder inside: {listed}" if listed else "Drop the files or a zip archive instead",
            )
        if not os.path.exists(resolved):  # noqa: PTH110 - Path.exists raises where a folder above may not be read
            raise _nothing_at(path)
        return resolved

    def list(self) -> tuple[DatasetSummary, ...]:
        """Return all datasets, newest first. Cheap enough to call at every rerun of a page."""
        return self._workspace.datasets.list()

    def get(self, ref: str) -> DatasetSummary:
        """Return one dataset at its newest version.

        Raises:
            NotFoundError: no dataset of that name or identifier.
        """
        return self._workspace.datasets.find(ref)

    def pictures(
        self,
        ref: str,
        *,
        label: str | None = None,
        split: Split | None = None,
        offset: int = 0,
        limit: int = 60,
        version: int | None = None,
    ) -> PicturePage:
        """Return some of a dataset's pictures.

        Args:
            ref: name or identifier of the dataset.
            label: only this class.
            split: only this split.
            offset, limit: which of those that match.
            version: a version of the dataset; None for the newest.

        Raises:
            NotFoundError: no such dataset, version or class.
        """
        dataset = self._workspace.datasets.find(ref)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version if version is None else version)
        return manifest.page(label=label, split=split, offset=offset, limit=limit)

    def thumbnail(self, sha256: str, size: int) -> bytes:
        """Return a small WEBP of a stored picture, newly encoded.

        Args:
            sha256: identifier of the picture.
            size: longer side in pixels, one of the sizes the store offers.

        Raises:
            NotFoundError: no picture of that identifier.
        """
        return self._workspace.pictures.thumbnail(sha256, size)

    def picture_bytes(self, sha256: str) -> bytes:
        """Return a stored picture's file as it was imported.

        Raises:
            NotFoundError: no picture of that identifier.
        """
        return self._workspace.pictures.read(sha256)

    def problems_before_training(self, ref: str) -> tuple[str, ...]:
        """Return what stands in the way of training, in sentences; empty when nothing does.

        Raises:
            NotFoundError: no dataset of that name or identifier.
        """
        return training_problems(self._workspace.datasets.find(ref))

    def _import(
        self,
        open_it: Callable[[], "Source"],
        name: str,
        split: SplitConfig | None,
        progress: ImportProgress | None,
        cancelled: Cancelled | None,
    ) -> ImportReport:
        from clf_core.data.importer import import_pictures

        started = time.monotonic()
        with open_it() as source:
            imported = import_pictures(
                source,
                self._workspace.pictures,
                limits=self._settings.limits,
                split=split or SplitConfig(),
                progress=progress,
                cancelled=cancelled,
            )
        dataset = self._workspace.datasets.add(name, imported)
        return ImportReport(
            dataset=dataset.name,
            dataset_id=dataset.id,
            version=dataset.version,
            accepted=dataset.pictures,
            skipped_count=len(dataset.skipped),
            skipped=dataset.skipped,
            ignored_count=dataset.ignored_count,
            classes=dataset.classes,
            splits=dataset.splits,
            notices=dataset.notices,
            seconds=time.monotonic() - started,
        )


def _nothing_at(path: str | Path) -> SourceError:
    return SourceError(
        f"There is nothing at {path}", remedy="Check the spelling; the path is on the machine the studio runs on"
    )


def training_problems(dataset: DatasetSummary) -> tuple[str, ...]:
    """Return what stands in the way of training on ``dataset``, in sentences."""
    if len(dataset.classes) < 2:
        return ("Needs a second class: with one there is nothing to tell apart.",)
    return tuple(
        f"The class '{name}' has no training pictures."
        for name, splits in dataset.class_splits.items()
        if not splits.get("train")
    )
