"""Files on their way in from a browser: a folder for each, so that sending goes on where it stopped.

uploads/<id>/data holds the bytes so far, from the start and without a gap: its length is how much has been
received. A dropped connection, a closed browser or a killed server therefore loses nothing. upload.json is
written last when an upload is begun and never changes; a folder without it does not count.
"""

import contextlib
import math
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from pydantic import Field, ValidationError

from clf_core.errors import ConfigError, NotFoundError, SourceError, StateError, StorageError
from clf_core.files import storage_error, sync_folder, write_text
from clf_core.results import Upload
from clf_core.values import Value
from clf_core.workspace.names import MAX_NAME_LENGTH, is_id, new_id

MOST_OPEN = 20
"""Uploads that may lie here at once, finished or not."""

RESERVE_BYTES = 500 * 2**20
"""What an upload must leave free: a full disk stops trainings and everything else on the machine."""

KEPT_DAYS = 7
"""An upload that nobody has added to or taken over for so long is removed."""

_LOCK_SECONDS = 30.0
_KEY_BYTES = 32


class _Record(Value):
    """upload.json."""

    id: str
    name: str
    size: int = Field(gt=0)
    fingerprint: str
    created: float


class UploadStore:
    """The uploads of one workspace. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, name: str, size: int, fingerprint: str, *, most_bytes: int) -> Upload:
        """Make room for a file, or find the same file again with what has been received of it.

        Args:
            name: what the file is called; any text.
            size: bytes of the whole file.
            fingerprint: text that is the same whenever the same unchanged file is sent.
            most_bytes: the operator's limit for one upload.

        Raises:
            ConfigError: the fingerprint is missing or too long.
            SourceError: the file is empty or too large.
            StateError: too many uploads wait.
            StorageError: too little free space; says what is needed and what is there.
        """
        if not 0 < len(fingerprint) <= MAX_NAME_LENGTH:
            raise ConfigError("The upload cannot be told from others", field="fingerprint")
        name = _shown(name)
        _check_size(name, size, most_bytes)
        with self._locked(self._folder / ".lock"):
            self._remove_abandoned()
            there = self._all()
            for record, upload in there:
                if (record.name, record.size, record.fingerprint) == (name, size, fingerprint):
                    return upload
            if len(there) >= MOST_OPEN:
                raise StateError(
                    f"{len(there)} uploads wait to be finished or imported, and no more fit",
                    remedy="Import one of them, or discard what is not needed any more",
                )
            self._check_free(name, size, sum(upload.size - upload.received for _, upload in there))
            return self._make(name, size, fingerprint)

    def append(self, identifier: str, offset: int, chunk: bytes) -> Upload:
        """Put the next bytes behind those received, and return how things stand.

        What had been received already is passed over, so a piece may be sent twice. The last byte makes the
        whole file durable.

        Args:
            identifier: the upload.
            offset: where in the file ``chunk`` begins.
            chunk: the bytes.

        Raises:
            NotFoundError: there is no such upload.
            StateError: the piece would leave a gap; the upload says where to go on.
            SourceError: the piece goes beyond the announced size.
            StorageError: the disk refused; what has been received stays.
        """
        record = self._record(identifier)
        data = self._folder / identifier / "data"
        with self._locked(self._folder / identifier / ".lock"):
            received = self._stands(record).received
            if not 0 <= offset <= received:
                raise StateError("A piece of the file is missing", remedy=f"Go on at byte {received}")
            if offset + len(chunk) > record.size:
                raise SourceError("More was sent than was announced", remedy="Choose the file again")
            new = chunk[received - offset :]
            try:
                with data.open("ab", buffering=0) as handle:
                    _write_all(handle.fileno(), new)
                    received += len(new)
                    if new and received == record.size:
                        os.fsync(handle.fileno())
            except OSError as error:
                raise storage_error(error, data) from error
        return _upload(record, received, time.time())

    def get(self, identifier: str) -> Upload:
        """Return one upload.

        Raises:
            NotFoundError: there is none.
        """
        return self._stands(self._record(identifier))

    def list(self) -> tuple[Upload, ...]:
        """Return all uploads, newest first."""
        return tuple(sorted((upload for _, upload in self._all()), key=lambda upload: upload.id, reverse=True))

    def source_path(self, identifier: str) -> tuple[Path, str]:
        """Return where a finished upload's bytes lie, and the name it was given.

        Raises:
            NotFoundError: there is no such upload.
            StateError: it is not finished.
        """
        upload = self.get(identifier)
        if not upload.complete:
            raise StateError(
                f"'{upload.name}' has not arrived completely",
                why=f"{upload.received:,} of {upload.size:,} bytes are here",
                remedy="Choose the same file again; sending goes on where it stopped",
            )
        return self._folder / identifier / "data", upload.name

    def discard(self, identifier: str) -> None:
        """Remove an upload; one that is gone already is no error.

        Raises:
            StorageError: the disk refused.
        """
        if not is_id(identifier):
            return
        folder = self._folder / identifier
        try:
            # Without its record it no longer counts, even where the rest cannot be removed at once.
            (folder / "upload.json").unlink(missing_ok=True)
            shutil.rmtree(folder)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise storage_error(error, folder) from error

    @cached_property
    def signing_key(self) -> bytes:
        """32 secret random bytes of this workspace, the same after a restart; only the owner may read them.

        Raises:
            StorageError: the disk refused.
        """
        path = self._folder / ".key"
        with self._locked(self._folder / ".lock"):
            try:
                key = path.read_bytes() if path.exists() else b""
                if len(key) != _KEY_BYTES:  # none yet, or one that a crash cut short
                    path.unlink(missing_ok=True)
                    key = secrets.token_bytes(_KEY_BYTES)
                    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with os.fdopen(descriptor, "wb") as handle:
                        handle.write(key)
            except OSError as error:
                raise storage_error(error, path) from error
        return key

    def _make(self, name: str, size: int, fingerprint: str) -> Upload:
        record = _Record(id=new_id("u"), name=name, size=size, fingerprint=fingerprint, created=time.time())
        folder = self._folder / record.id
        try:
            folder.mkdir(mode=0o700)
            (folder / "data").touch()
            write_text(folder / "upload.json", record.model_dump_json(indent=2) + "\n")
            sync_folder(self._folder)
        except OSError as error:
            raise storage_error(error, folder) from error
        return _upload(record, 0, record.created)

    def _record(self, identifier: str) -> _Record:
        if is_id(identifier):  # nothing else becomes part of a path
            with contextlib.suppress(OSError, ValidationError):
                return _Record.model_validate_json((self._folder / identifier / "upload.json").read_bytes())
        raise NotFoundError(
            "This upload is not here any more",
            why=f"It was imported, discarded, or left alone for {KEPT_DAYS} days",
            remedy="Choose the file again",
        )

    def _stands(self, record: _Record) -> Upload:
        try:
            data = (self._folder / record.id / "data").stat()
        except OSError:
            return _upload(record, 0, record.created)
        return _upload(record, min(record.size, data.st_size), data.st_mtime)

    def _all(self) -> Sequence[tuple[_Record, Upload]]:
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(NotFoundError):
                record = self._record(path.name)
                found.append((record, self._stands(record)))
        return found

    def _remove_abandoned(self) -> None:
        oldest = time.time() - KEPT_DAYS * 86_400
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError, StorageError):
                latest = max((entry.stat().st_mtime for entry in path.iterdir()), default=path.stat().st_mtime)
                if latest < oldest:
                    self.discard(path.name)

    def _check_free(self, name: str, size: int, promised: int) -> None:
        # Its pictures are copied into the workspace while the upload is still there.
        needed = 2 * size + RESERVE_BYTES
        free = shutil.disk_usage(self._folder).free - promised
        if free < needed:
            raise StorageError(
                f"There is too little room for '{name}': needs {_gigabytes(needed)}, has {_gigabytes(max(0, free))}",
                why="The file itself, its pictures once they are imported, and a reserve for the rest of the machine",
                remedy="Free some space or choose another workspace folder, then try again",
            )

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        import filelock

        try:
            with filelock.FileLock(path, timeout=_LOCK_SECONDS):
                yield
        except filelock.Timeout as error:
            raise StorageError("The upload is busy", remedy="Try again in a moment") from error
        except FileNotFoundError as error:  # discarded in the meantime
            raise NotFoundError("This upload is not here any more", remedy="Choose the file again") from error


def _shown(name: str) -> str:
    """A name that can be stored and shown on one line."""
    kept = "".join(character if character.isprintable() else "\ufffd" for character in name.strip())
    return kept[:MAX_NAME_LENGTH] or "Upload"


def _check_size(name: str, size: int, most: int) -> None:
    if size <= 0:
        raise SourceError(f"'{name}' is empty", remedy="Choose a file that holds something")
    if size > most:
        raise SourceError(
            f"'{name}' is too large: {_gigabytes(size)}, and {_gigabytes(most)} are allowed",
            why="The operator of this studio has limited what may be sent at once",
            remedy="Send fewer pictures at once, or ask the operator to raise CLF_MAX_UPLOAD_GB",
        )


def _write_all(descriptor: int, data: bytes) -> None:
    """Write unbuffered; a disk may take less than it was given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _upload(record: _Record, received: int, updated: float) -> Upload:
    return Upload(
        id=record.id,
        name=record.name,
        size=record.size,
        received=received,
        created=record.created,
        updated=updated,
    )


def _gigabytes(count: int) -> str:
    """'0.7 GB' in decimal gigabytes, rounded up so that a need is never understated."""
    return f"{math.ceil(count / 1e8) / 10:,.1f} GB"
