"""Searches on disk: made, named, listed and found. There are few, so the folder itself is the index."""

import contextlib
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clf_core.config import SearchConfig
from clf_core.errors import NameTakenError, NotFoundError, StorageError
from clf_core.files import storage_error, sync_folder
from clf_core.results import DatasetSummary
from clf_core.workspace.names import clean_name, is_id, name_key, new_id, numbered
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.search_directory import SearchDirectory, SearchRecord

_log = logging.getLogger(__name__)
_UNFINISHED = ".unfinished-"
_ABANDONED_SECONDS = 24 * 3600.0
_LOCK_SECONDS = 10.0


class SearchStore:
    """The searches of a workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: dict[str, SearchDirectory] = {}

    def create(
        self, dataset: DatasetSummary, config: SearchConfig, name: str | None, created_by: ProcessIdentity
    ) -> SearchDirectory:
        """Make the directory of a new search. Nothing is started.

        Args:
            dataset: what its trials learn from, at the version given in it; has validation pictures.
            config: its settings.
            name: what to call it; None makes a name from the dataset.
            created_by: the process that will start its worker.

        Raises:
            NameTakenError, ConfigError: the name cannot be used.
            StorageError: the disk refused; nothing is left.
        """
        with self._locked():
            taken = {name_key(search.record.name) for search in self.list()}
            if name is None:
                name = _free_name(f"{dataset.name} search", taken)
            elif name_key(clean_name(name)) in taken:
                raise NameTakenError(f"There is already a search called '{clean_name(name)}'", remedy="Choose another")
            record = SearchRecord(
                id=new_id("s"),
                name=clean_name(name),
                dataset=dataset.name,
                dataset_id=dataset.id,
                version=dataset.version,
                created=time.time(),
                created_by=created_by,
                validation_pictures=dataset.splits.get("val", 0),
            )
            return self._publish(record, config)

    def list(self) -> tuple[SearchDirectory, ...]:
        """Return all searches, newest first; one that cannot be read is passed over, and the log says so."""
        found = []
        for path in self._paths():
            search = self._open(path.name)
            try:
                found.append((search.record.created, search.record.id, search))
            except StorageError as error:
                _log.warning("A search is not listed: %s", error)
        return tuple(search for _, _, search in sorted(found, key=lambda item: item[:2], reverse=True))

    def find(self, ref: str) -> SearchDirectory:
        """Return the search of this name or identifier.

        Raises:
            NotFoundError: there is none.
        """
        for search in self.list():
            if ref == search.record.id or name_key(ref) == name_key(search.record.name):
                return search
        names = ", ".join(f"'{search.record.name}'" for search in self.list()[:5])
        raise NotFoundError(
            f"There is no search called '{ref}'", remedy=f"There is {names}" if names else "There are no searches yet"
        )

    def _publish(self, record: SearchRecord, config: SearchConfig) -> SearchDirectory:
        hidden: Path | None = None
        try:
            self._remove_abandoned()
            hidden = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            new = SearchDirectory(hidden)
            new.write_config(config)
            new.write_record(record)
            hidden.rename(self._folder / record.id)
            sync_folder(self._folder)
        except OSError as error:
            raise storage_error(error, self._folder / record.id) from error
        finally:
            if hidden is not None:
                shutil.rmtree(hidden, ignore_errors=True)
        return self._open(record.id)

    def _open(self, identifier: str) -> SearchDirectory:
        # The same object each time, so that the trials it has read are kept.
        return self._opened.setdefault(identifier, SearchDirectory(self._folder / identifier))

    def _paths(self) -> Iterator[Path]:
        try:
            yield from (path for path in self._folder.iterdir() if is_id(path.name) and path.is_dir())
        except OSError as error:
            raise storage_error(error, self._folder) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the names while one is given away."""
        import filelock

        try:
            with filelock.FileLock(self._folder / ".names.lock", timeout=_LOCK_SECONDS):
                yield
        except filelock.Timeout as error:
            raise StorageError("A search is just being made by somebody else", remedy="Try again") from error
        except OSError as error:
            raise storage_error(error, self._folder) from error

    def _remove_abandoned(self) -> None:
        for path in self._folder.glob(f"{_UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)


def _free_name(stem: str, taken: set[str]) -> str:
    number = 1
    while name_key(numbered(stem, number)) in taken:
        number += 1
    return numbered(stem, number)
