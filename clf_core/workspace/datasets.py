"""Datasets on disk: a name, and immutable versions of which each is a Parquet manifest with its counts.

dataset.json                what stays the same (DatasetRecord)
versions/000001.json        the counts of a version and where it came from (VersionRecord); written last
versions/000001.parquet     its pictures (Manifest)
versions/000001.facts.parquet   what was measured of the pictures it brought (Facts), if it brought any
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.config import SplitConfig
from clf_core.errors import StorageError
from clf_core.files import storage_error, write_json
from clf_core.results import DatasetSummary, SkippedFile, VersionInfo
from clf_core.workspace.catalogue import Catalogue
from clf_core.workspace.dataset_files import (
    describe,
    newest_number,
    no_version,
    read_existing,
    read_newest,
    rename,
    summary_at,
    unreadable,
    version_numbers,
    version_path,
    write_version,
)
from clf_core.workspace.dataset_records import DatasetRecord, summary, version_record
from clf_core.workspace.index import Entry, Index
from clf_core.workspace.names import clean_name, new_id

if TYPE_CHECKING:
    from clf_core.data.facts import Facts
    from clf_core.data.manifest import Manifest

_log = logging.getLogger(__name__)

_MANIFESTS_KEPT = 4
_LOCK_SECONDS = 60.0
_TICK_NANOSECONDS = 100_000_000


@dataclass(frozen=True)
class Draft:
    """A version to be stored.

    Attributes:
        manifest: its pictures.
        what: what was done, one sentence.
        split: how the pictures are divided; None keeps the settings of the version before.
        facts: measurements of the pictures it brings.
        skipped: files of an import that could not be used; None where the version is no import, so that those of
            the import before it are still told.
        ignored_count, notices: what else there is to tell of an import.
    """

    manifest: "Manifest"
    what: str
    split: SplitConfig | None = None
    facts: "Facts | None" = None
    skipped: tuple[SkippedFile, ...] | None = None
    ignored_count: int = 0
    notices: tuple[str, ...] = ()


class DatasetStore:
    """The datasets of a workspace. A dataset or a version appears in one step, complete, or not at all."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._catalogue = Catalogue(folder, index, "dataset", describe, rename)
        self._newest: dict[str, tuple[int, DatasetSummary]] = {}  # identifier -> time stamp of its folder, newest
        self._records: dict[tuple[str, int], VersionInfo] = {}  # versions never change
        self._manifests: OrderedDict[tuple[str, int], Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, draft: Draft, who: str) -> DatasetSummary:
        """Store the first version of a new dataset.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        version = version_record(draft, who, None)
        record = DatasetRecord(id=new_id("d"), name=clean_name(name), created=version.created)
        entry = Entry(record.id, record.name, record.created)
        with self._catalogue.creating(entry) as folder:
            (folder / "versions").mkdir()
            write_version(folder, version, draft)
            write_json(folder / "dataset.json", record.model_dump(mode="json"))
        self._keep((record.id, version.version), draft.manifest)
        return summary(entry, version, version)

    def change(self, identifier: str, work: Callable[["Manifest", DatasetSummary], Draft | None], who: str) -> int:
        """Derive a new version from the newest one, whoever made that; others wait meanwhile.

        Args:
            identifier: of the dataset.
            work: gets the newest manifest and its summary; returns the next version, or None to change nothing.
            who: who changes it, for the history.

        Returns:
            The number of the newest version afterwards.

        Raises:
            NotFoundError: no such dataset.
            StorageError: the disk refused; nothing is changed.
            What ``work`` raises.
        """
        import filelock

        folder = self._catalogue.path(identifier)
        try:
            with filelock.FileLock(folder / "versions" / ".lock", timeout=_LOCK_SECONDS):
                newest = read_newest(folder)
                draft = work(self.manifest(identifier, newest.version), self.find(identifier, newest.version))
                if draft is None:
                    return newest.version
                made = version_record(draft, who, newest)
                write_version(folder, made, draft)
                self._keep((identifier, made.version), draft.manifest)
                return made.version
        except filelock.Timeout as error:
            raise StorageError(
                "The dataset is being changed by somebody else", remedy="Wait a moment and try again"
            ) from error
        except OSError as error:
            raise storage_error(error, folder) from error

    def list(self) -> tuple[DatasetSummary, ...]:
        """Return all datasets at their newest version, newest first; those that cannot be read are left out."""
        found = []
        for entry in self._catalogue.entries():
            try:
                found.append(self._summary(entry))
            except StorageError as error:  # one damaged dataset must not hide the others
                _log.warning("A dataset is not listed: %s", error)
        return tuple(found)

    def find(self, ref: str, version: int | None = None) -> DatasetSummary:
        """Return the dataset of this name or identifier, at its newest version or the one asked for.

        Raises:
            NotFoundError: there is none.
        """
        entry = self._catalogue.find(ref)
        if version is None:
            return self._summary(entry)
        return summary_at(entry, self.version_path(entry.id, version, "json"))

    def rename(self, identifier: str, name: str) -> None:
        """Give a dataset another name; runs keep the one they saw.

        Raises:
            NotFoundError: no such dataset.
            ConfigError, NameTakenError: the name cannot be used.
        """
        self._catalogue.rename(self._catalogue.find(identifier), name)

    def versions(self, identifier: str) -> tuple[VersionInfo, ...]:
        """Return the history of a dataset, newest first. Cheap enough to call at every rerun of a page.

        Raises:
            NotFoundError: no such dataset.
            StorageError: a version cannot be read.
        """
        folder = self._catalogue.path(identifier)
        return tuple(self.version(identifier, number) for number in reversed(version_numbers(folder)))

    def version(self, identifier: str, number: int) -> VersionInfo:
        """Return one line of the history.

        Raises:
            NotFoundError: no such dataset or version.
            StorageError: it cannot be read.
        """
        known = self._records.get((identifier, number))
        if known is None:
            known = read_existing(self.version_path(identifier, number, "json")).info()
            self._records[identifier, number] = known
        return known

    def check_name(self, name: str) -> None:
        """Check a name before the work of an import.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
        """
        self._catalogue.check_name(name)

    def free_name(self, wanted: str) -> str:
        """Return ``wanted``, or 'wanted 2' and so on where it is taken."""
        return wanted if self._catalogue.is_free(wanted) else self._catalogue.free_name(wanted, 2)

    def version_path(self, identifier: str, version: int, ending: str) -> Path:
        """Where a file beside the manifest of a version lies, such as ``ending`` 'health.json'."""
        return version_path(self._catalogue.path(identifier), version, ending)

    def facts(self, identifier: str) -> "Facts":
        """Return what was measured of the pictures of all versions; empty where nothing was.

        Raises:
            StorageError: a file is damaged.
        """
        from clf_core.data.facts import Facts

        return Facts.read(sorted((self._catalogue.path(identifier) / "versions").glob("*.facts.parquet")))

    def manifest(self, identifier: str, version: int) -> "Manifest":
        """Return the manifest of a version; the last few stay in memory, as they never change.

        Raises:
            NotFoundError: no such dataset or version.
            StorageError: the file is damaged.
        """
        from clf_core.data.manifest import Manifest

        key = (identifier, version)
        with self._lock:
            if key in self._manifests:
                self._manifests.move_to_end(key)
                return self._manifests[key]
        if not self.version_path(identifier, version, "json").is_file():  # a version that was never finished is none
            raise no_version(version)
        manifest = Manifest.read(self.version_path(identifier, version, "parquet"))
        self._keep(key, manifest)
        return manifest

    def _keep(self, key: tuple[str, int], manifest: "Manifest") -> None:
        with self._lock:
            self._manifests[key] = manifest
            while len(self._manifests) > _MANIFESTS_KEPT:
                self._manifests.popitem(last=False)

    def _summary(self, entry: Entry) -> DatasetSummary:
        """The dataset at its newest version; read anew only when a file came into its folder, from whatever process."""
        folder = self._catalogue.path(entry.id)
        try:
            stamp = (folder / "versions").stat().st_mtime_ns
        except OSError as error:
            raise unreadable(folder) from error
        known = self._newest.get(entry.id)
        if known is not None and known[1].name == entry.name:
            if known[0] == stamp:
                return known[1]
            # What came into the folder need not be a version, and reading the skipped files of an import takes time.
            if known[1].version == newest_number(folder):
                self._note(entry.id, stamp, known[1])
                return known[1]
        newest = summary_at(entry, version_path(folder, newest_number(folder), "json"))
        self._note(entry.id, stamp, newest)
        return newest

    def _note(self, identifier: str, stamp: int, newest: DatasetSummary) -> None:
        """Remember the newest version by a time stamp that is old enough: files of one tick of the clock share it."""
        if time.time_ns() - stamp <= _TICK_NANOSECONDS:
            stamp = -1
        self._newest[identifier] = (stamp, newest)
