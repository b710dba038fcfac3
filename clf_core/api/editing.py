"""Changing a dataset: every change is a new version with who and what, and any version can be returned to."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from clf_core.api.importing import user
from clf_core.config import SplitConfig
from clf_core.errors import NotFoundError
from clf_core.results import DatasetSummary, PictureEdit, VersionDiff, VersionInfo
from clf_core.values import Split
from clf_core.workspace import Workspace
from clf_core.workspace.datasets import Draft

if TYPE_CHECKING:
    from clf_core.data.edits import Edit
    from clf_core.data.manifest import Manifest


class Editing:
    """Changes to the datasets of one workspace. ``ref`` is a dataset's name or identifier.

    Every method that changes something returns the newest version afterwards; a change that makes no difference
    makes no version. ``who`` is for the history; None for the user of this machine. Besides what is listed, each
    raises NotFoundError (no such dataset) and StorageError (the disk refused; nothing is changed).
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def relabel(self, ref: str, ids: Iterable[int], label: str, *, who: str | None = None) -> VersionInfo:
        """Put pictures into a class, which need not exist yet; their splits stay.

        Raises:
            NotFoundError: there is no picture of one of the numbers.
            ConfigError: the name of the class cannot be used.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.relabel(manifest, ids, label), who)

    def exclude(self, ref: str, ids: Iterable[int], reason: str = "", *, who: str | None = None) -> VersionInfo:
        """Leave pictures out of use, for a reason in words; they can be restored at any time.

        Raises:
            NotFoundError: there is no picture of one of the numbers.
            ConfigError: the reason holds control characters.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.exclude(manifest, ids, reason), who)

    def restore(self, ref: str, ids: Iterable[int], *, who: str | None = None) -> VersionInfo:
        """Take pictures back into use, in the split they had or that their copies are in.

        Raises:
            NotFoundError: there is no picture of one of the numbers.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.restore(manifest, ids), who)

    def move(
        self, ref: str, ids: Iterable[int], split: Split, *, unlock: bool = False, who: str | None = None
    ) -> VersionInfo:
        """Move pictures into another split, each with its whole group.

        Args:
            ref: the dataset.
            ids: the numbers of the pictures.
            split: where they go.
            unlock: whether the test split may change.
            who: for the history.

        Raises:
            NotFoundError: there is no picture of one of the numbers.
            StateError: the test split would change, and ``unlock`` is False.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.move(manifest, ids, split, unlock=unlock), who)

    def apply(
        self, ref: str, changes: Sequence[PictureEdit], *, unlock: bool = False, who: str | None = None
    ) -> VersionInfo:
        """Make many different changes at once, as one version; all or none.

        Raises:
            The errors of ``relabel``, ``exclude``, ``restore`` and ``move``.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.apply(manifest, changes, unlock=unlock), who)

    def rename_class(self, ref: str, old: str, new: str, *, who: str | None = None) -> VersionInfo:
        """Give a class another name.

        Raises:
            NotFoundError: there is no class ``old``.
            ConfigError: the new name cannot be used, or another class has it.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.rename_class(manifest, old, new), who)

    def merge_classes(self, ref: str, names: Sequence[str], into: str, *, who: str | None = None) -> VersionInfo:
        """Make one class of several; ``into`` may be one of them, another class or a new name.

        Raises:
            NotFoundError: there is no class of one of the names.
            ConfigError: the name of the class cannot be used.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.merge_classes(manifest, names, into), who)

    def split_class(self, ref: str, ids: Iterable[int], new_label: str, *, who: str | None = None) -> VersionInfo:
        """Make a class of its own of some pictures.

        Raises:
            NotFoundError: there is no picture of one of the numbers.
            ConfigError: the name cannot be used, or a class has it.
        """
        from clf_core.data import edits

        return self._edit(ref, lambda manifest: edits.split_class(manifest, ids, new_label), who)

    def divide(self, ref: str, config: SplitConfig, *, who: str | None = None) -> VersionInfo:
        """Divide the pictures anew, after finding anew what belongs together.

        Test pictures stay where they are unless ``config.lock_test`` is False. Copies and groups never straddle.

        Raises:
            ConfigError: the group pattern cannot be used.
        """
        from clf_core.data import edits, regrouping
        from clf_core.data.split import check_pattern

        check_pattern(config.group_pattern)
        datasets = self._workspace.datasets
        dataset = datasets.find(ref)
        # Found before the lock is taken: among very many pictures the search takes seconds.
        facts = datasets.facts(dataset.id)
        copies = regrouping.copies_among(facts, near=config.keep_copies_together)
        measured = set(facts.sha256s())
        first = datasets.manifest(dataset.id, 1)

        def work(manifest: "Manifest", before: DatasetSummary) -> Draft | None:
            given = regrouping.given_groups(manifest, config, before.split_config)
            groups = regrouping.groups(manifest, given, copies, measured, first)
            return _draft(edits.divide(manifest, config, before.split_config, given, groups))

        return self._change(dataset.id, work, who)

    def versions(self, ref: str) -> tuple[VersionInfo, ...]:
        """Return the history, newest first. Cheap enough to call at every rerun of a page."""
        datasets = self._workspace.datasets
        return datasets.versions(datasets.find(ref).id)

    def diff(self, ref: str, old: int, new: int) -> VersionDiff:
        """Return what differs between two versions.

        Raises:
            NotFoundError: no such dataset or version.
        """
        from clf_core.data.differences import difference

        datasets = self._workspace.datasets
        identifier = datasets.find(ref).id
        return difference(datasets.manifest(identifier, old), datasets.manifest(identifier, new), old, new)

    def return_to(self, ref: str, version: int, *, who: str | None = None) -> VersionInfo:
        """Make a new version with the content of an earlier one; pictures that came later stay, left out of use.

        Undoing the last change is returning to its parent.

        Raises:
            NotFoundError: no such dataset or version.
        """
        from clf_core.data import edits

        datasets = self._workspace.datasets
        then = datasets.find(ref, version)
        old = datasets.manifest(then.id, version)

        def work(newest: "Manifest", now: DatasetSummary) -> Draft | None:
            edit = edits.returned(old, newest, version, then.split_config)
            if edit is None and now.split_config != then.split_config:  # only the settings differ
                edit = edits.Edit(newest, f"Returned to version {version}", then.split_config)
            return _draft(edit)

        return self._change(then.id, work, who)

    def undo(self, ref: str, *, who: str | None = None) -> VersionInfo:
        """Return to the version before the newest one.

        Raises:
            NotFoundError: there is no version before it.
        """
        newest = self.versions(ref)[0]
        if newest.parent is None:
            raise NotFoundError("There is nothing to undo", why="This is the first version of the dataset")
        return self.return_to(ref, newest.parent, who=who)

    def rename(self, ref: str, name: str) -> DatasetSummary:
        """Give the dataset another name; runs keep the one they saw.

        Raises:
            ConfigError, NameTakenError: the name cannot be used.
        """
        datasets = self._workspace.datasets
        identifier = datasets.find(ref).id
        datasets.rename(identifier, name)
        return datasets.find(identifier)

    def _edit(self, ref: str, edit: Callable[["Manifest"], "Edit | None"], who: str | None) -> VersionInfo:
        identifier = self._workspace.datasets.find(ref).id
        return self._change(identifier, lambda manifest, _: _draft(edit(manifest)), who)

    def _change(
        self, identifier: str, work: Callable[["Manifest", DatasetSummary], Draft | None], who: str | None
    ) -> VersionInfo:
        datasets = self._workspace.datasets
        return datasets.version(identifier, datasets.change(identifier, work, who or user()))


def _draft(edit: "Edit | None") -> Draft | None:
    return None if edit is None else Draft(manifest=edit.manifest, what=edit.what, split=edit.split)
