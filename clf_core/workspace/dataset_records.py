"""The values written into a dataset's directory."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from clf_core.config import SplitConfig
from clf_core.errors import StorageError
from clf_core.results import SkippedFile, VersionInfo
from clf_core.values import Split, Value

if TYPE_CHECKING:
    from clf_core.workspace.datasets import Draft


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


def version_record(
    number: int, parent: int | None, created: float, who: str, draft: "Draft", split: SplitConfig
) -> VersionRecord:
    """Describe a version about to be stored."""
    manifest = draft.manifest
    in_use = int(manifest.in_use.sum())
    return VersionRecord(
        version=number,
        created=created,
        who=who,
        what=draft.what,
        parent=parent,
        pictures=in_use,
        excluded=len(manifest) - in_use,
        classes=manifest.counts(),
        splits=manifest.split_counts(),
        class_splits=manifest.class_splits(),
        skipped=draft.skipped,
        ignored_count=draft.ignored_count,
        notices=draft.notices,
        split_config=split,
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
