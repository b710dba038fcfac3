"""The values written into a dataset's directory."""

import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from clf_core.config import SplitConfig
from clf_core.errors import StorageError
from clf_core.results import DatasetSummary, SkippedFile, VersionInfo
from clf_core.values import Split, Value
from clf_core.workspace.index import Entry

if TYPE_CHECKING:
    from clf_core.workspace.datasets import Draft

_MAX_WHO = 100


class DatasetRecord(Value):
    """dataset.json: what stays the same over all versions."""

    id: str
    name: str
    created: float = Field(description="Unix seconds.")


class VersionRecord(Value):
    """versions/000001.json: the counts of one version, so that listing datasets opens no manifest.

    Counts are of pictures in use. What has a default was not written by the first version of the studio.
    """

    version: int = Field(ge=1)
    created: float = Field(description="Unix seconds.")
    who: str = Field("", description="Who made it.")
    what: str = Field("Imported", description="What was done, one sentence.")
    parent: int | None = Field(None, description="The version it was derived from.")
    import_version: int | None = Field(
        None, description="The version of the last import, which lists the skipped files; None if it is this one."
    )
    pictures: int
    excluded: int = 0
    classes: dict[str, int]
    splits: dict[Split, int]
    class_splits: dict[str, dict[Split, int]]
    skipped: tuple[SkippedFile, ...]
    ignored_count: int
    notices: tuple[str, ...]
    split_config: SplitConfig = SplitConfig()

    def info(self) -> VersionInfo:
        """The version as a line of the history."""
        return VersionInfo(
            version=self.version,
            created=self.created,
            who=self.who,
            what=self.what,
            parent=self.parent,
            pictures=self.pictures,
            excluded=self.excluded,
            classes=len(self.classes),
        )


def version_record(draft: "Draft", who: str, newest: VersionRecord | None) -> VersionRecord:
    """Describe a version about to be stored.

    Args:
        draft: the version.
        who: who made it.
        newest: the version before; None for the first.
    """
    manifest = draft.manifest
    in_use = int(manifest.in_use.sum())
    before = SplitConfig() if newest is None else newest.split_config
    import_version = None
    if newest is not None and draft.skipped is None:
        import_version = newest.import_version or newest.version
    return VersionRecord(
        version=1 if newest is None else newest.version + 1,
        created=time.time(),
        who=clean_who(who),
        what=draft.what,
        parent=None if newest is None else newest.version,
        import_version=import_version,
        pictures=in_use,
        excluded=len(manifest) - in_use,
        classes=manifest.counts(),
        splits=manifest.split_counts(),
        class_splits=manifest.class_splits(),
        skipped=draft.skipped or (),
        ignored_count=draft.ignored_count,
        notices=draft.notices,
        split_config=draft.split or before,
    )


def clean_who(who: str) -> str:
    """A person's name for the history: one line of at most 100 characters."""
    shown = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", who))
    return " ".join(shown.split())[:_MAX_WHO]


def summary(entry: Entry, version: VersionRecord, imported: VersionRecord) -> DatasetSummary:
    """A dataset at one version.

    Args:
        entry: its identifier, name and time.
        version: the version.
        imported: the version of the import behind it, which tells of the files that were not used.
    """
    return DatasetSummary(
        id=entry.id,
        name=entry.name,
        created=entry.created,
        version=version.version,
        pictures=version.pictures,
        excluded=version.excluded,
        classes=version.classes,
        splits=version.splits,
        class_splits=version.class_splits,
        skipped=imported.skipped,
        ignored_count=imported.ignored_count,
        notices=imported.notices,
        split_config=version.split_config,
    )


def read_version(path: Path) -> VersionRecord:
    """Read one version's record.

    Raises:
        StorageError: it is missing or damaged.
    """
    try:
        return VersionRecord.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StorageError(
            "A version of a dataset cannot be read",
            why=f"{path.name} in {path.parent} is missing or damaged",
            remedy="Restore it from a copy, or delete the directory and import the pictures again",
        ) from error
