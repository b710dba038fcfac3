"""Looking at datasets and their pictures."""

from collections.abc import Sequence

from clf_core.results import DatasetSummary, GroupPreview, Order, Picture, PicturePage, Shown
from clf_core.settings import Settings
from clf_core.values import Split
from clf_core.workspace import Workspace


class Datasets:
    """Datasets of one workspace. ``ref`` is a dataset's name or identifier."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def free_name(self, wanted: str) -> str:
        """Return ``wanted``, with a number behind it where a dataset has that name already."""
        return self._workspace.datasets.free_name(wanted)

    def list(self) -> tuple[DatasetSummary, ...]:
        """Return all datasets, newest first. Cheap enough to call at every rerun of a page."""
        return self._workspace.datasets.list()

    def get(self, ref: str, version: int | None = None) -> DatasetSummary:
        """Return one dataset at its newest version, or at the one asked for.

        Raises:
            NotFoundError: no such dataset or version.
        """
        return self._workspace.datasets.find(ref, version)

    def pictures(
        self,
        ref: str,
        *,
        label: str | None = None,
        split: Split | None = None,
        shown: Shown = "in use",
        text: str = "",
        order: Order = "import",
        offset: int = 0,
        limit: int = 60,
        version: int | None = None,
    ) -> PicturePage:
        """Return some of a dataset's pictures.

        Args:
            ref: name or identifier of the dataset.
            label: only this class.
            split: only this split.
            shown: pictures in use, those left out, or both.
            text: found in the file name or class name, whatever its case.
            order: as they came, or by name; 'suspicion' is for ``Health.pictures``.
            offset, limit: which of those that match.
            version: a version of the dataset; None for the newest.

        Raises:
            NotFoundError: no such dataset, version or class.
        """
        dataset = self._workspace.datasets.find(ref)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version if version is None else version)
        found = manifest.matching(label, split, shown, text)
        if order == "name":
            found = manifest.by_name(found)
        start = max(0, offset)
        return PicturePage(total=len(found), pictures=manifest.pictures(found[start : start + max(0, limit)]))

    def chosen(self, ref: str, ids: Sequence[int], version: int | None = None) -> dict[int, Picture]:
        """Return pictures by their numbers, those left out of use included.

        Raises:
            NotFoundError: no such dataset, version or picture.
        """
        dataset = self._workspace.datasets.find(ref)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version if version is None else version)
        return {picture.id: picture for picture in manifest.pictures(manifest.places(ids))}

    def group_mates(self, ref: str, picture: Picture, limit: int = 8) -> PicturePage:
        """Return the other pictures of a picture's group, left-out ones included; the first few of them.

        Raises:
            NotFoundError: no such dataset.
        """
        dataset = self._workspace.datasets.find(ref)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version)
        groups = manifest.column("group") if picture.group else []
        ids = manifest.ids
        places = [row for row, group in enumerate(groups) if group == picture.group and ids[row] != picture.id]
        return PicturePage(total=len(places), pictures=manifest.pictures(places[:limit]))

    def groups_by_name(self, ref: str, pattern: str) -> GroupPreview:
        """Return what a group pattern would make of the file names; nothing is changed.

        Raises:
            NotFoundError: no such dataset.
            ConfigError: the pattern cannot be used.
        """
        from collections import Counter

        from clf_core.data.grouping import check_pattern, group_of

        check_pattern(pattern)
        dataset = self._workspace.datasets.find(ref)
        names = self._workspace.datasets.manifest(dataset.id, dataset.version).column("source_name")
        sizes = Counter(group for group in (group_of(name, pattern) for name in names) if group)
        return GroupPreview(
            groups=len(sizes), grouped=sizes.total(), pictures=len(names), examples=tuple(sizes.most_common(3))
        )

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


def training_problems(dataset: DatasetSummary) -> tuple[str, ...]:
    """Return what stands in the way of training on ``dataset``, in sentences."""
    if len(dataset.classes) < 2:
        return ("Needs a second class: with one there is nothing to tell apart.",)
    return tuple(
        f"The class '{name}' has no training pictures."
        for name, splits in dataset.class_splits.items()
        if not splits.get("train")
    )
