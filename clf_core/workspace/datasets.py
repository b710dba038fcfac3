"""Datasets on disk: a name, and immutable versions of which each is a Parquet manifest with its counts."""

import logging
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_json
from clf_core.results import DatasetSummary, SkippedFile
from clf_core.values import Split, Value
from clf_core.workspace.catalogue import Catalogue
from clf_core.workspace.index import Entry, Index
from clf_core.workspace.names import clean_name, new_id

if TYPE_CHECKING:
    from clf_core.data.importer import ImportedPictures
    from clf_core.data.manifest import Manifest

_log = logging.getLogger(__name__)

_MANIFESTS_KEPT = 4


class DatasetRecord(Value):
    """dataset.json: what stays the same over all versions."""

    id: str
    name: str
    created: float = Field(description="Unix seconds.")


class VersionRecord(Value):
    """versions/000001.json: the counts of one version, so that listing datasets opens no manifest."""

    version: int = Field(ge=1)
    created: float = Field(description="Unix seconds.")
    pictures: int
    classes: dict[str, int]
    splits: dict[Split, int]
    class_splits: dict[str, dict[Split, int]]
    skipped: tuple[SkippedFile, ...]
    ignored_count: int
    notices: tuple[str, ...]


class DatasetStore:
    """The datasets of a workspace. A dataset appears in one step, complete, or not at all."""

    def __init__(self, folder: Path, index: Index) -> None:
        self._catalogue = Catalogue(folder, index, "dataset", _describe, _rename)
        self._versions: dict[str, VersionRecord] = {}  # newest version of each dataset, by identifier
        self._manifests: OrderedDict[tuple[str, int], Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str, imported: "ImportedPictures") -> DatasetSummary:
        """Store the first version of a new dataset.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        record = DatasetRecord(id=new_id("d"), name=clean_name(name), created=time.time())
        version = _version_record(1, record.created, imported)
        with self._catalogue.creating(Entry(record.id, record.name, record.created)) as folder:
            manifest_path, counts_path = _version_paths(folder, 1)
            manifest_path.parent.mkdir()
            imported.manifest.write(manifest_path)
            write_json(counts_path, version.model_dump(mode="json"))
            write_json(folder / "dataset.json", record.model_dump(mode="json"))
        return _summary(record.id, record.name, record.created, version)

    def list(self) -> tuple[DatasetSummary, ...]:
        """Return all datasets at their newest version, newest first; those that cannot be read are left out."""
        found = []
        for entry in self._catalogue.entries():
            try:
                found.append(self._summary(entry))
            except StorageError as error:  # one damaged dataset must not hide the others
                _log.warning("A dataset is not listed: %s", error)
        return tuple(found)

    def find(self, ref: str) -> DatasetSummary:
        """Return the dataset of this name or identifier.

        Raises:
            NotFoundError: there is none.
        """
        return self._summary(self._catalogue.find(ref))

    def check_name(self, name: str) -> None:
        """Check a name before the work of an import.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
        """
        self._catalogue.check_name(name)

    def free_name(self, wanted: str) -> str:
        """Return ``wanted``, or 'wanted 2' and so on where it is taken."""
        return wanted if self._catalogue.is_free(wanted) else self._catalogue.free_name(wanted, 2)

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
        path, _ = _version_paths(self._catalogue.path(identifier), version)
        if not path.is_file():
            raise NotFoundError(f"There is no version {version} of this dataset")
        manifest = Manifest.read(path)
        with self._lock:
            self._manifests[key] = manifest
            while len(self._manifests) > _MANIFESTS_KEPT:
                self._manifests.popitem(last=False)
        return manifest

    def _summary(self, entry: Entry) -> DatasetSummary:
        version = self._versions.get(entry.id)
        if version is None:
            version = self._versions[entry.id] = _read_newest_version(self._catalogue.path(entry.id))
        return _summary(entry.id, entry.name, entry.created, version)


def _version_paths(folder: Path, version: int) -> tuple[Path, Path]:
    stem = folder / "versions" / f"{version:06d}"
    return stem.with_suffix(".parquet"), stem.with_suffix(".json")


def _version_record(number: int, created: float, imported: "ImportedPictures") -> VersionRecord:
    return VersionRecord(
        version=number,
        created=created,
        pictures=len(imported.manifest),
        classes=imported.manifest.counts(),
        splits=imported.manifest.split_counts(),
        class_splits=imported.manifest.class_splits(),
        skipped=imported.skipped,
        ignored_count=imported.ignored_count,
        notices=imported.notices,
    )


def _read_newest_version(folder: Path) -> VersionRecord:
    try:
        newest = max((folder / "versions").glob("*.json"))
        return VersionRecord.model_validate_json(newest.read_bytes())
    except (OSError, ValueError) as error:
        raise StorageError(
            "A dataset cannot be read",
            why=f"Its directory {folder} is incomplete or damaged",
            remedy="Restore it from a copy, or delete the directory and import the pictures again",
        ) from error


def _summary(identifier: str, name: str, created: float, version: VersionRecord) -> DatasetSummary:
    counts = {field: getattr(version, field) for field in VersionRecord.model_fields if field != "created"}
    return DatasetSummary(id=identifier, name=name, created=created, **counts)


def _read_record(folder: Path) -> DatasetRecord:
    return DatasetRecord.model_validate_json((folder / "dataset.json").read_bytes())


def _describe(folder: Path) -> tuple[str, float]:
    record = _read_record(folder)
    _read_newest_version(folder)  # what cannot be shown is not listed
    return record.name, record.created


def _rename(folder: Path, name: str) -> None:
    record = _read_record(folder).model_copy(update={"name": name})
    write_json(folder / "dataset.json", record.model_dump(mode="json"))
