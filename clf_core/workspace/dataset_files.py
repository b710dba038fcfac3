"""The files of a dataset's directory: what is written in which order, and what counts as a version."""

from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_json
from clf_core.results import DatasetSummary
from clf_core.workspace.dataset_records import DatasetRecord, VersionRecord, read_version, summary
from clf_core.workspace.index import Entry

if TYPE_CHECKING:
    from clf_core.workspace.datasets import Draft


def version_path(folder: Path, version: int, ending: str) -> Path:
    """Where a file of a version lies, such as ``ending`` 'json'."""
    return folder / "versions" / f"{version:06d}.{ending}"


def write_version(folder: Path, version: VersionRecord, draft: "Draft") -> None:
    """Write the files of a version; the record last, as it is what says that there is one."""
    paths = {ending: version_path(folder, version.version, ending) for ending in ("parquet", "facts.parquet", "json")}
    try:
        draft.manifest.write(paths["parquet"])
        if draft.facts is not None:
            draft.facts.write(paths["facts.parquet"])
        write_json(paths["json"], version.model_dump(mode="json"))
    except BaseException:
        if not paths["json"].exists():  # a full disk needs the room, and nothing refers to these files
            for path in paths.values():
                path.unlink(missing_ok=True)
        raise


def version_numbers(folder: Path) -> list[int]:
    """The numbers of all versions, in order."""
    return sorted(int(path.stem) for path in (folder / "versions").glob("*.json") if path.stem.isdecimal())


def newest_number(folder: Path) -> int:
    """The number of the newest version.

    Raises:
        StorageError: there is none.
    """
    numbers = version_numbers(folder)
    if not numbers:
        raise unreadable(folder)
    return numbers[-1]


def read_newest(folder: Path) -> VersionRecord:
    """The record of the newest version; raises StorageError where it cannot be read."""
    return read_existing(version_path(folder, newest_number(folder), "json"))


def read_existing(path: Path) -> VersionRecord:
    """Read a version's record.

    Raises:
        NotFoundError: there is no such version.
        StorageError: it is damaged.
    """
    if not path.is_file():
        raise no_version(int(path.stem))
    return read_version(path)


def summary_at(entry: Entry, path: Path) -> DatasetSummary:
    """A dataset at the version whose record lies at ``path``; raises as ``read_existing``."""
    version = read_existing(path)
    imported = version
    if version.import_version is not None:
        imported = read_existing(path.with_name(f"{version.import_version:06d}.json"))
    return summary(entry, version, imported)


def no_version(number: int) -> NotFoundError:
    """The error for a version that does not exist."""
    return NotFoundError(f"There is no version {number} of this dataset")


def unreadable(folder: Path) -> StorageError:
    """The error for a directory that lacks what a dataset needs."""
    return StorageError(
        "A dataset cannot be read",
        why=f"Its directory {folder} is incomplete or damaged",
        remedy="Restore it from a copy, or delete the directory and import the pictures again",
    )


def _read_record(folder: Path) -> DatasetRecord:
    return DatasetRecord.model_validate_json((folder / "dataset.json").read_bytes())


def describe(folder: Path) -> tuple[str, float]:
    """Name and time of a dataset, as the catalogue asks; raises where it cannot be shown."""
    record = _read_record(folder)
    read_newest(folder)  # what cannot be shown is not listed
    return record.name, record.created


def rename(folder: Path, name: str) -> None:
    """Write another name into a dataset's directory."""
    record = _read_record(folder).model_copy(update={"name": name})
    write_json(folder / "dataset.json", record.model_dump(mode="json"))
