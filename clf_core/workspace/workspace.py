"""The workspace folder and the stores inside it."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.files import storage_error
from clf_core.workspace.captures import CaptureStore
from clf_core.workspace.datasets import DatasetStore
from clf_core.workspace.index import Index
from clf_core.workspace.queue import Queue
from clf_core.workspace.range_tests import RangeTestStore
from clf_core.workspace.runs import RunStore
from clf_core.workspace.searches import SearchStore
from clf_core.workspace.uploads import UploadStore

if TYPE_CHECKING:
    from clf_core.data.store import PictureStore
    from clf_core.models.backbone_store import BackboneStore


class Workspace:
    """One workspace folder. Creating the object touches no disk; each store is opened when first used."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()  # workers start in another folder

    @cached_property
    def pictures(self) -> "PictureStore":
        """The content-addressed picture files.

        Raises:
            StorageError: the folder cannot be made.
        """
        from clf_core.data.store import PictureStore

        return PictureStore(self._folder("pictures"))

    @cached_property
    def backbones(self) -> "BackboneStore":
        """The pretrained networks on this machine.

        Raises:
            StorageError: the folder cannot be made.
        """
        from clf_core.models.backbone_store import BackboneStore

        return BackboneStore(self._folder("backbones"))

    @cached_property
    def captures(self) -> CaptureStore:
        """Pictures being taken with a camera.

        Raises:
            StorageError: the folder cannot be made.
        """
        return CaptureStore(self._folder("captures"))

    @cached_property
    def datasets(self) -> DatasetStore:
        """The datasets.

        Raises:
            StorageError: the folder cannot be made.
        """
        return DatasetStore(self._folder("datasets"), self._index)

    @cached_property
    def runs(self) -> RunStore:
        """The runs.

        Raises:
            StorageError: the folder cannot be made.
        """
        return RunStore(self._folder("runs"), self._index)

    @cached_property
    def queue(self) -> Queue:
        """The runs that wait for their turn.

        Raises:
            StorageError: the folder cannot be made.
        """
        self._folder("runs")
        return Queue(self.root / "queue.sqlite3")

    @cached_property
    def range_tests(self) -> RangeTestStore:
        """The range tests of learning rates.

        Raises:
            StorageError: the folder cannot be made.
        """
        return RangeTestStore(self._folder("range_tests"))

    @cached_property
    def searches(self) -> SearchStore:
        """The searches for good settings.

        Raises:
            StorageError: the folder cannot be made.
        """
        return SearchStore(self._folder("searches"))

    @cached_property
    def uploads(self) -> UploadStore:
        """Files on their way in from a browser.

        Raises:
            StorageError: the folder cannot be made.
        """
        return UploadStore(self._folder("uploads"))

    @cached_property
    def _index(self) -> Index:
        return Index(self.root / "index.sqlite3")

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from error
        return folder
