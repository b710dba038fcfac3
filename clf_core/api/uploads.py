"""Files on their way in from a browser."""

from pathlib import Path

from clf_core.results import Upload
from clf_core.settings import Settings
from clf_core.workspace import Workspace


class Uploads:
    """Uploads of one workspace. ``Imports.upload`` takes a finished one over."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def begin(self, name: str, size: int, fingerprint: str) -> Upload:
        """Make room for a file, or find the same file again with what has been received of it.

        Args:
            name: what the file is called; any text.
            size: bytes of the whole file.
            fingerprint: text that is the same whenever the same unchanged file is sent.

        Raises:
            ConfigError: the fingerprint is missing or too long.
            SourceError: the file is empty, or larger than the operator allows.
            StateError: too many uploads wait.
            StorageError: too little free space; says what is needed and what is there.
        """
        return self._workspace.uploads.begin(name, size, fingerprint, most_bytes=self._settings.max_upload_bytes)

    def append(self, identifier: str, offset: int, chunk: bytes) -> Upload:
        """Put the next bytes behind those received; a piece may be sent twice.

        Raises:
            NotFoundError: there is no such upload.
            StateError: the piece would leave a gap.
            SourceError: the piece goes beyond the announced size.
            StorageError: the disk refused; what has been received stays.
        """
        return self._workspace.uploads.append(identifier, offset, chunk)

    def get(self, identifier: str) -> Upload:
        """Return one upload.

        Raises:
            NotFoundError: there is none.
        """
        return self._workspace.uploads.get(identifier)

    def list(self) -> tuple[Upload, ...]:
        """Return all uploads, finished or not, newest first."""
        return self._workspace.uploads.list()

    def discard(self, identifier: str) -> None:
        """Remove an upload; one that is gone already is no error.

        Raises:
            StorageError: the disk refused.
        """
        self._workspace.uploads.discard(identifier)

    def source_path(self, identifier: str) -> tuple[Path, str]:
        """Return where a finished upload's bytes lie, and the name it was given.

        Raises:
            NotFoundError: there is no such upload.
            StateError: it is not finished.
        """
        return self._workspace.uploads.source_path(identifier)

    def signing_key(self) -> bytes:
        """Return secret bytes of this workspace that outlive a restart, for the tokens of whoever serves uploads."""
        return self._workspace.uploads.signing_key
