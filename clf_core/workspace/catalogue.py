"""What datasets and runs have in common: directories in a folder, listed and named through the index."""

import contextlib
import difflib
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from pydantic import ValidationError

from clf_core.errors import ClfError, NotFoundError
from clf_core.files import storage_error, sync_folder
from clf_core.workspace.index import Entry, Index, Kind, name_taken
from clf_core.workspace.names import clean_name, is_id

_log = logging.getLogger(__name__)

_NAMES_SHOWN = 5
_UNFINISHED = ".unfinished-"
_ABANDONED_SECONDS = 24 * 3600.0
"""An unfinished directory lives for milliseconds; one this old was left by a process that died."""


class Catalogue:
    """The directories of one kind in one folder.

    Args:
        folder: the folder that holds them; exists.
        index: the workspace's index.
        kind: which entries of the index are these.
        describe: reads (name, created) from a directory.
        rename: writes another name into a directory.
    """

    def __init__(
        self,
        folder: Path,
        index: Index,
        kind: Kind,
        describe: Callable[[Path], tuple[str, float]],
        rename: Callable[[Path, str], None],
    ) -> None:
        self._folder = folder
        self._index = index
        self._kind: Kind = kind
        self._describe = describe
        self._rename = rename

    def entries(self) -> list[Entry]:
        """Return all entries, newest first."""
        self._reconcile()
        return self._index.entries(self._kind)

    def find(self, ref: str) -> Entry:
        """Return the entry of this name or identifier.

        Raises:
            NotFoundError: there is none.
        """
        self._reconcile()
        entry = self._index.find(self._kind, ref)
        if entry is None:
            raise NotFoundError(f"There is no {self._kind} called '{ref}'", remedy=self._known(ref))
        return entry

    def check_name(self, name: str) -> str:
        """Return ``name`` as it would be stored.

        Raises:
            ConfigError: it cannot be used.
            NameTakenError: it belongs to another entry.
        """
        cleaned = clean_name(name)
        self._reconcile()
        taken = self._index.find(self._kind, cleaned)
        if taken is not None:
            raise name_taken(self._kind, taken.name)
        return cleaned

    def free_name(self, stem: str, first: int = 1) -> str:
        """Return the first of 'stem first', 'stem first+1', … that is not taken."""
        self._reconcile()
        return self._index.free_name(self._kind, stem, first)

    def is_free(self, name: str) -> bool:
        """True when no entry has this name, whatever its case."""
        self._reconcile()
        return self._index.find(self._kind, name) is None

    def path(self, identifier: str) -> Path:
        """Return the directory of an identifier.

        Raises:
            NotFoundError: the text is not an identifier; nothing else ever becomes part of a path.
        """
        if not is_id(identifier):
            raise NotFoundError(f"There is no {self._kind} called '{identifier}'")
        return self._folder / identifier

    def rename(self, entry: Entry, name: str) -> str:
        """Give an entry another name and return it as it is stored.

        Raises:
            ConfigError: it cannot be used.
            NameTakenError: it belongs to another entry.
            StorageError: the disk refused; nothing is changed.
        """
        cleaned = clean_name(name)
        with self._index.renaming(self._kind, entry.id, cleaned):
            self._rename(self.path(entry.id), cleaned)
        return cleaned

    @contextlib.contextmanager
    def creating(self, entry: Entry) -> Iterator[Path]:
        """Yield a hidden directory to fill; when the block ends well it appears under its identifier and name.

        Raises:
            NameTakenError: the name belongs to another entry; nothing is left.
            StorageError: the disk refused; nothing is left.
        """
        hidden: Path | None = None
        try:
            hidden = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            yield hidden
            with self._index.adding(self._kind, entry):
                hidden.rename(self.path(entry.id))
                sync_folder(self._folder)
        except OSError as error:
            raise storage_error(error, self._folder / entry.id) from error
        finally:
            if hidden is not None:
                shutil.rmtree(hidden, ignore_errors=True)

    def _reconcile(self) -> None:
        try:
            if self._folder.stat().st_mtime_ns == self._index.reconciled(self._kind):
                return
            for entry in self._index.reconcile(self._kind, self._look, self._read):
                self._rename(self.path(entry.id), entry.name)
        except OSError as error:
            raise storage_error(error, self._folder) from error
        _remove_abandoned(self._folder)

    def _look(self) -> tuple[int, Set[str]]:
        stamp = self._folder.stat().st_mtime_ns  # first: what appears after it is found the next time
        return stamp, {path.name for path in self._folder.iterdir() if is_id(path.name) and path.is_dir()}

    def _read(self, identifier: str) -> Entry | None:
        try:
            name, created = self._describe(self.path(identifier))
        except (OSError, ValidationError, ClfError) as error:
            _log.warning("The %s %s is not listed: it cannot be read (%s)", self._kind, identifier, error)
            return None
        return Entry(identifier, name, created)

    def _known(self, ref: str) -> str:
        """Say which names there are, those most like ``ref`` first."""
        names = [entry.name for entry in self._index.entries(self._kind)]
        if not names:
            return f"There are no {self._kind}s yet"
        alike = difflib.get_close_matches(ref, names, _NAMES_SHOWN)
        shown = [*alike, *(name for name in names if name not in alike)][:_NAMES_SHOWN]
        listed = ", ".join(f"'{name}'" for name in shown)
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        return f"There is {listed}{more}"


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
