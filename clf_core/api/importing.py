"""Bringing pictures in: a new dataset, or more pictures for one that is there."""

import contextlib
import getpass
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, Unpack

from clf_core.config import ImportOptions
from clf_core.errors import NotFoundError, SourceError, StorageError
from clf_core.results import DatasetSummary, ImportReport, SampleCard
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.datasets import Draft

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest
    from clf_core.importing.importer import ImportedPictures
    from clf_core.importing.source import Source

ImportProgress = Callable[[int, int, int], None]
"""Called with (files done, files in all, files skipped so far)."""

Cancelled = Callable[[], bool]
"""Asked now and then; True stops the work with CancelledError."""


class How(TypedDict, total=False):
    """What every way in takes besides the pictures and a name. Each may be left out or None.

    Attributes:
        into: the name or identifier of the dataset to add to, instead of making a new one.
        options: how to read and divide; None for the usual way.
        who: for the history; None for the user of this machine.
        progress: called with (done, total, skipped) while files are read.
        cancelled: returns True to stop.
    """

    into: str | None
    options: ImportOptions | None
    who: str | None
    progress: ImportProgress | None
    cancelled: Cancelled | None


class _Reading(TypedDict):
    options: ImportOptions
    cancelled: Cancelled | None


class Imports:
    """The ways into one workspace.

    Every way takes either ``name``, to make a new dataset, or ``into``, the name or identifier of a dataset
    that the pictures are added to as a new version.
    """

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def path(self, path: Path, name: str = "", **how: Unpack[How]) -> ImportReport:
        """Take the pictures of an archive, a folder, a video or one file on this machine.

        Args:
            path: what to read.
            name: what the new dataset shall be called; any text without control characters.
            how: see ``How``.

        Raises:
            NameTakenError: a dataset of that name exists.
            NotFoundError: there is no dataset ``into``.
            ConfigError: the name is empty or holds control characters, or the group pattern cannot be used.
            SourceError: the path is missing, empty, or cannot be read as a source of pictures.
            DatasetError: no usable picture.
            CancelledError: ``cancelled`` returned True; nothing is listed.
            StorageError: the disk refused.
        """
        from clf_core.importing.source import open_source

        return self._import(lambda: open_source(path, self._settings.limits, **_reading(how)), name, **how)

    def files(self, files: Sequence[tuple[str, BinaryIO]], name: str = "", **how: Unpack[How]) -> ImportReport:
        """Take open files: one archive, or pictures whose names hold their class folder.

        Args:
            files: (relative name, open binary file) of each; the caller closes them.
            name, how: as in ``path``.

        Raises:
            The errors of ``path``.
        """
        from clf_core.importing.source import uploaded_source

        return self._import(lambda: uploaded_source(files, self._settings.limits, **_reading(how)), name, **how)

    def upload(self, identifier: str, name: str = "", **how: Unpack[How]) -> ImportReport:
        """Take the pictures of a finished upload (see ``Uploads``) and discard it.

        After a failure or a cancellation the upload stays, so that nobody has to send it again.

        Args:
            identifier: the upload.
            name, how: as in ``path``.

        Raises:
            NotFoundError: there is no such upload.
            StateError: it has not arrived completely.
            The errors of ``path``.
        """
        from clf_core.importing.source import open_source

        uploads, limits = self._workspace.uploads, self._settings.limits
        path, given = uploads.source_path(identifier)
        report = self._import(lambda: open_source(path, limits, name=given, **_reading(how)), name, **how)
        # The dataset is complete on disk: what is left of the upload is no reason to call the import failed.
        with contextlib.suppress(StorageError):
            uploads.discard(identifier)
        return report

    def capture(self, identifier: str, name: str = "", **how: Unpack[How]) -> ImportReport:
        """Take the pictures of a capture (see ``Captures``) and discard it.

        No picture can be added to it meanwhile. After a failure or a cancellation the capture stays.

        Args:
            identifier: the capture.
            name, how: as in ``path``.

        Raises:
            NotFoundError: there is no such capture.
            StateError: it is being imported already.
            The errors of ``path``.
        """
        from clf_core.importing.captured import TakenPicture, captured_source

        captures, limits = self._workspace.captures, self._settings.limits
        began = time.localtime(captures.get(identifier).began)
        title = time.strftime("camera %Y-%m-%d %H-%M", began)
        with captures.closed(identifier) as taken:
            pictures = [TakenPicture(label, frame.burst, frame.size, path) for label, frame, path in taken]
            report = self._import(lambda: captured_source(pictures, title, limits), name, **how)
            # The dataset is complete on disk: what is left of the capture is no reason to call the import failed.
            with contextlib.suppress(StorageError):
                captures.discard(identifier)
        return report

    def hub(
        self,
        dataset: str,
        name: str = "",
        *,
        split: str | None = None,
        most: int | None = None,
        **how: Unpack[How],
    ) -> ImportReport:
        """Take a published dataset, which needs a network the first time.

        Args:
            dataset: 'hf:owner/name' (with '/configuration' behind it where there are several) or
                'torchvision:CIFAR10'.
            split: take only this split, as it is called there; None for train, val and test.
            most: pictures taken at most.
            name, how: as in ``path``; without both ``name`` and ``into``, the dataset is called as it is there.

        Raises:
            NotFoundError: there is no such dataset or split.
            SourceError: no network, or it holds no pictures with classes.
            The errors of ``path``.
        """
        from clf_core.importing.hub import open_hub

        if not name and how.get("into") is None:
            name = self._workspace.datasets.free_name(dataset.rpartition(":")[2].rpartition("/")[2] or "dataset")
        limits, cache = self._settings.limits, self._settings.workspace / "downloads"
        cancelled = how.get("cancelled")
        return self._import(
            lambda: open_hub(dataset, limits, split=split, most=most, cache=cache, cancelled=cancelled), name, **how
        )

    def sample(
        self, key: str, name: str | None = None, *, into: str | None = None, who: str | None = None
    ) -> ImportReport:
        """Make a dataset from a built-in sample.

        Args:
            key: one of the keys of ``samples()``.
            name: what to call it; None takes the sample's title, with a number where that is taken.
            into: the dataset to add to, instead of ``name``.
            who: for the history.

        Raises:
            NotFoundError: no sample of that key.
            NameTakenError, ConfigError: as in ``path``.
        """
        from clf_core.importing.samples import sample_source

        titles = {card.key: card.title for card in self.samples()}
        if key not in titles:
            raise NotFoundError(f"There is no sample called '{key}'", remedy=f"Samples are: {', '.join(titles)}")
        if name is None and into is None:
            name = self._workspace.datasets.free_name(titles[key])
        return self._import(lambda: sample_source(key), name or "", into=into, who=who)

    def samples(self) -> tuple[SampleCard, ...]:
        """Return the built-in samples."""
        from clf_core.importing.samples import SAMPLES

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

    def _import(
        self,
        open_it: Callable[[], "Source"],
        name: str,
        into: str | None = None,
        options: ImportOptions | None = None,
        who: str | None = None,
        progress: ImportProgress | None = None,
        cancelled: Cancelled | None = None,
    ) -> ImportReport:
        from clf_core.data.split import check_pattern
        from clf_core.importing.importer import Base, import_pictures
        from clf_core.workspace.sweeping import sweep_pictures

        sweep_pictures(self._workspace.root, self._workspace.pictures)
        datasets, started = self._workspace.datasets, time.monotonic()
        if options is None:  # pictures that join others are divided as those are
            options = ImportOptions() if into is None else ImportOptions(split=datasets.find(into).split_config)
        check_pattern(options.split.group_pattern)

        def read(base: Base | None) -> "ImportedPictures":
            with open_it() as source:
                return import_pictures(
                    source,
                    self._workspace.pictures,
                    limits=self._settings.limits,
                    options=options,
                    base=base,
                    progress=progress,
                    cancelled=cancelled,
                )

        if into is None:
            datasets.check_name(name)
            imported = read(None)
            dataset = datasets.add(name, _draft(imported, options), who or user())
            return _report(dataset, imported, started)
        before = datasets.find(into)
        # The dataset stays open to other changes while files are read; what is new is put behind whatever came of it.
        imported = read(Base(datasets.manifest(before.id, before.version), datasets.facts(before.id)))

        def add(newest: "Manifest", now: DatasetSummary) -> Draft:
            draft = _draft(imported, None)
            return draft if now.version == before.version else replace(draft, manifest=_behind(newest, imported))

        datasets.change(before.id, add, who or user())
        return _report(datasets.find(before.id), imported, started)


def _reading(how: How) -> _Reading:
    return {"options": how.get("options") or ImportOptions(), "cancelled": how.get("cancelled")}


def _behind(newest: "Manifest", imported: "ImportedPictures") -> "Manifest":
    """The newest manifest with what an import brought, which began from an earlier one, behind it.

    What was divided anew meanwhile is where it is now: a new picture follows its group.
    """
    from clf_core.data.manifest import Manifest

    kept, brought = newest.rows(), imported.manifest.rows()[len(imported.manifest) - imported.added :]
    home = {row.group: row.split for row in kept if not row.excluded}
    return Manifest.from_rows([*kept, *(replace(row, id=-1, split=home.get(row.group, row.split)) for row in brought)])


def user() -> str:
    """The user of this machine, for the history where nobody gave another name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "somebody"


def _draft(imported: "ImportedPictures", options: ImportOptions | None) -> Draft:
    pictures = f"{imported.added:,} picture" + ("" if imported.added == 1 else "s")
    return Draft(
        manifest=imported.manifest,
        what=f"Imported {pictures}" if options else f"Added {pictures}",
        split=options.split if options else None,
        facts=imported.facts,
        skipped=imported.skipped,
        ignored_count=imported.ignored_count,
        notices=imported.notices,
    )


def _report(dataset: DatasetSummary, imported: "ImportedPictures", started: float) -> ImportReport:
    return ImportReport(
        dataset=dataset.name,
        dataset_id=dataset.id,
        version=dataset.version,
        accepted=imported.added,
        skipped_count=len(imported.skipped),
        skipped=imported.skipped,
        ignored_count=imported.ignored_count,
        classes=dataset.classes,
        splits=dataset.splits,
        notices=imported.notices,
        seconds=time.monotonic() - started,
    )


def _nothing_at(path: str | Path) -> SourceError:
    return SourceError(
        f"There is nothing at {path}", remedy="Check the spelling; the path is on the machine the studio runs on"
    )
