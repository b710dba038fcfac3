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
from clf_core.errors import NotFoundError, StorageError
from clf_core.files import storage_error, write_json
from clf_core.results import DatasetSummary, SkippedFile, VersionInfo
from clf_core.workspace.catalogue import Catalogue
from clf_core.workspace.dataset_records import DatasetRecord, VersionRecord, read_version, version_record
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
        skipped, ignored_count, notices: what became of the other files of an import.
    """

    manifest: "Manifest"
    what: str
    split: SplitConfig | None = None
    facts: "Facts | None" = None
    skipped: tuple[SkippedFile, ...] = ()
    ignored_count: int = 0
    notices: tuple[str, ...] = ()


class DatasetStore:
    """The datasets of a workspace. A dataset or a version appears in one step, complete, or not at all."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._catalogue = Catalogue(folder, index, "dataset", _describe, _rename)
        self._newest: dict[str, tuple[int, VersionRecord]] = {}  # identifier -> time stamp of its versions, newest
        self._manifests: OrderedDict[tuple[str, int], Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, draft: Draft, who: str) -> DatasetSummary:
        """Store the first version of a new dataset.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        record = DatasetRecord(id=new_id("d"), name=clean_name(name), created=time.time())
        version = version_record(1, None, record.created, who, draft, draft.split or SplitConfig())
        with self._catalogue.creating(Entry(record.id, record.name, record.created)) as folder:
            (folder / "versions").mkdir()
            _write_version(folder, version, draft)
            write_json(folder / "dataset.json", record.model_dump(mode="json"))
        return _summary(record.id, record.name, record.created, version)

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
            lock = filelock.FileLock(folder / "versions" / ".lock", timeout=_LOCK_SECONDS)
            with lock:
                newest = self._newest_version(identifier)
                before = self._summary(self._catalogue.find(identifier))
                draft = work(self.manifest(identifier, newest.version), before)
                if draft is None:
                    return newest.version
                split = draft.split or newest.split_config
                made = version_record(newest.version + 1, newest.version, time.time(), who, draft, split)
                _write_version(folder, made, draft)
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
        return _summary(entry.id, entry.name, entry.created, self._version(entry.id, version))

    def versions(self, identifier: str) -> tuple[VersionInfo, ...]:
        """Return the history of a dataset, newest first.

        Raises:
            NotFoundError: no such dataset.
            StorageError: a version cannot be read.
        """
        folder = self._catalogue.path(identifier)
        paths = sorted((folder / "versions").glob("*.json"), reverse=True)
        return tuple(read_version(path).info() for path in paths if path.stem.isdigit())

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
        return _version_path(self._catalogue.path(identifier), version, ending)

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
        path = self.version_path(identifier, version, "parquet")
        if not path.is_file():
            raise NotFoundError(f"There is no version {version} of this dataset")
        manifest = Manifest.read(path)
        with self._lock:
            self._manifests[key] = manifest
            while len(self._manifests) > _MANIFESTS_KEPT:
                self._manifests.popitem(last=False)
        return manifest

    def _summary(self, entry: Entry) -> DatasetSummary:
        return _summary(entry.id, entry.name, entry.created, self._newest_version(entry.id))

    def _newest_version(self, identifier: str) -> VersionRecord:
        """The newest version; read anew only when a file came into its folder, from whatever process."""
        folder = self._catalogue.path(identifier)
        try:
            stamp = (folder / "versions").stat().st_mtime_ns
        except OSError as error:
            raise _unreadable(folder) from error
        known = self._newest.get(identifier)
        if known is not None and known[0] == stamp:
            return known[1]
        newest = _read_newest(folder)
        if time.time_ns() - stamp > _TICK_NANOSECONDS:  # else a second file may come in the same tick of the clock
            self._newest[identifier] = (stamp, newest)
        return newest

    def _version(self, identifier: str, version: int) -> VersionRecord:
        path = self.version_path(identifier, version, "json")
        if not path.is_file():
            raise NotFoundError(f"There is no version {version} of this dataset")
        return read_version(path)


def _version_path(folder: Path, version: int, ending: str) -> Path:
    return folder / "versions" / f"{version:06d}.{ending}"


def _write_version(folder: Path, version: VersionRecord, draft: Draft) -> None:
    """Write the files of a version; the record last, as it is what says that there is one."""
    draft.manifest.write(_version_path(folder, version.version, "parquet"))
    if draft.facts is not None:
        draft.facts.write(_version_path(folder, version.version, "facts.parquet"))
    write_json(_version_path(folder, version.version, "json"), version.model_dump(mode="json"))


def _read_newest(folder: Path) -> VersionRecord:
    try:
        return read_version(max(path for path in (folder / "versions").glob("*.json") if path.stem.isdigit()))
    except (OSError, ValueError) as error:
        raise _unreadable(folder) from error


def _unreadable(folder: Path) -> StorageError:
    return StorageError(
        "A dataset cannot be read",
        why=f"Its directory {folder} is incomplete or damaged",
        remedy="Restore it from a copy, or delete the directory and import the pictures again",
    )


def _summary(identifier: str, name: str, created: float, version: VersionRecord) -> DatasetSummary:
    counts = {
        field: getattr(version, field) for field in DatasetSummary.model_fields if field in VersionRecord.model_fields
    }
    counts.pop("created", None)
    return DatasetSummary(id=identifier, name=name, created=created, **counts)


def _read_record(folder: Path) -> DatasetRecord:
    return DatasetRecord.model_validate_json((folder / "dataset.json").read_bytes())


def _describe(folder: Path) -> tuple[str, float]:
    record = _read_record(folder)
    _read_newest(folder)  # what cannot be shown is not listed
    return record.name, record.created


def _rename(folder: Path, name: str) -> None:
    record = _read_record(folder).model_copy(update={"name": name})
    write_json(folder / "dataset.json", record.model_dump(mode="json"))
