"""What is known of a dataset: its pictures, its versions, and what became of the files of an import."""

from typing import Literal

from pydantic import Field

from clf_core.config import SplitConfig
from clf_core.values import Split, Value


class SkippedFile(Value):
    """A file the person gave that could not be used."""

    name: str = Field(description="Name as given, inside its folder or archive.")
    reason: str = Field(description="Why, in plain words.")


class ImportReport(Value):
    """What became of every file of one import."""

    dataset: str = Field(description="Name of the dataset.")
    dataset_id: str = Field(description="Identifier of the dataset.")
    version: int = Field(ge=1, description="Version made by this import.")
    accepted: int = Field(ge=0, description="Pictures this import brought, those left out included.")
    skipped_count: int = Field(ge=0, description="Files that could not be used.")
    skipped: tuple[SkippedFile, ...] = Field(description="Each of them, with its reason.")
    ignored_count: int = Field(ge=0, description="System files (.DS_Store, __MACOSX, Thumbs.db) left aside.")
    classes: dict[str, int] = Field(description="Pictures in use per class, of the whole dataset.")
    splits: dict[Split, int] = Field(description="Pictures in use per split, of the whole dataset.")
    notices: tuple[str, ...] = Field(description="What a person should know about this import, in sentences.")
    seconds: float = Field(ge=0, description="Wall-clock seconds.")


class DatasetSummary(Value):
    """One dataset at one version, usually its newest. Counts are of pictures in use unless said otherwise."""

    id: str
    name: str
    version: int
    created: float = Field(description="Unix seconds when the dataset was made.")
    pictures: int
    excluded: int = Field(0, description="Pictures left out of use; they stay in the dataset and can be restored.")
    classes: dict[str, int] = Field(description="Pictures per class, in class order.")
    splits: dict[Split, int]
    class_splits: dict[str, dict[Split, int]] = Field(description="Pictures per class and split.")
    skipped: tuple[SkippedFile, ...] = Field(description="Files of the import behind this version, not used.")
    ignored_count: int
    notices: tuple[str, ...]
    split_config: SplitConfig = Field(SplitConfig(), description="How the pictures were divided.")


class Picture(Value):
    """One row of a dataset version."""

    id: int = Field(ge=0, description="The same in every version of the dataset, and never used again.")
    sha256: str
    label: str
    split: Split
    source_name: str
    width: int
    height: int
    size: int = Field(description="Bytes of the stored file.")
    group: str = Field("", description="Pictures of one group never straddle splits.")
    excluded: str = Field("", description="Why it is left out, in words; empty while it is in use.")
    flags: tuple[str, ...] = ()


Order = Literal["import", "name", "suspicion"]
"""How pictures are listed: as they came, by file name, or most suspicious first (with a finding)."""

Shown = Literal["in use", "left out", "all"]


class PicturePage(Value):
    """Some of the pictures that match a filter."""

    total: int = Field(description="All that match.")
    pictures: tuple[Picture, ...]


class VersionInfo(Value):
    """One version in the history of a dataset."""

    version: int = Field(ge=1)
    created: float = Field(description="Unix seconds.")
    who: str = Field(description="Who made it: a name as the person gave it, or the user of the machine.")
    what: str = Field(description="What was done, one sentence. May hold names from outside.")
    parent: int | None = Field(None, description="The version it was derived from.")
    pictures: int
    excluded: int = 0
    classes: int = Field(description="How many classes.")


class PictureEdit(Value):
    """What a person changes about one picture; None leaves a thing as it is."""

    id: int = Field(ge=0)
    label: str | None = Field(None, description="The class it shall belong to.")
    split: Split | None = None
    excluded: str | None = Field(None, description="Why it is left out from now on; empty to restore it.")
    checked: bool | None = Field(None, description="True: its class was looked at and is right, so it is no suspect.")


class PictureChange(Value):
    """One picture that differs between two versions."""

    id: int
    sha256: str
    source_name: str
    before: str = Field(description="What it was, in words; empty if it was not there.")
    after: str


class VersionDiff(Value):
    """What differs between two versions of a dataset."""

    old: int
    new: int
    added: int = 0
    removed: int = 0
    relabelled: int = 0
    excluded: int = 0
    restored: int = 0
    moved: int = Field(0, description="Pictures in another split.")
    changes: tuple[PictureChange, ...] = Field((), description="The first few hundred, in picture order.")
    truncated: bool = Field(False, description="True when there are more changes than listed.")


class GroupPreview(Value):
    """What a group pattern would make of a dataset's file names."""

    groups: int = Field(description="How many groups.")
    grouped: int = Field(description="Pictures whose name fits the pattern.")
    pictures: int = Field(description="All pictures, those left out included.")
    examples: tuple[tuple[str, int], ...] = Field((), description="The largest few groups and their pictures.")


ExportKind = Literal["folders", "csv", "parquet"]
"""What an exported archive holds: class folders, pictures and a table of labels, or Parquet for Hugging Face."""


class ExportReport(Value):
    """What was written of a dataset."""

    dataset: str = Field(description="Name of the dataset.")
    dataset_id: str
    version: int
    kind: ExportKind
    pictures: int
    bytes: int = Field(description="Size of the archive.")
    notices: tuple[str, ...] = Field((), description="Names that could not be kept as they are, in sentences.")
    seconds: float = Field(description="Wall-clock seconds.")


class SampleCard(Value):
    """A built-in dataset offered on the first screen."""

    key: str
    title: str
    description: str
    picture_count: int
    class_count: int
