"""Pictures taken with a camera, kept on disk class by class until they are made into a dataset.

    captures/<id>/capture.json       the classes, and the secret that lets a browser or phone add pictures
    captures/<id>/frames/...         one file a picture, whole as soon as it is listed

The folder is the only list there is, so a server that is killed loses no picture that was answered for.
A token is '<id>.<secret>': only the identifier becomes a path, and the secret is compared in constant time.
"""

import contextlib
import hmac
import os
import secrets
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from clf_core.errors import NotFoundError, SourceError, StorageError
from clf_core.files import storage_error, write_bytes, write_text
from clf_core.results import Capture
from clf_core.workspace.capture_records import MAX_BURST, CaptureRecord, Frame, frame_from, summary_of
from clf_core.workspace.capture_rules import (
    being_imported,
    check_class,
    ending_of_picture,
    not_valid,
    numbered_classes,
)
from clf_core.workspace.names import is_id, new_id

MAX_FRAMES = 5_000
MAX_BYTES = 4 * 2**30
_TOKEN_SECONDS = 24 * 3600.0
_KEPT_SECONDS = 7 * 24 * 3600.0
_EMPTY_KEPT_SECONDS = 24 * 3600.0
_SECRET_BYTES = 16


class CaptureStore:
    """Captures below one folder. Safe to share between threads; one server process writes at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self._closed: set[str] = set()
        self._listed: dict[str, tuple[Frame, ...]] = {}  # what the folders hold, read once

    def begin(self, classes: Sequence[str]) -> Capture:
        """Make a capture with these classes; captures left alone for days are removed.

        Raises:
            ConfigError: a name cannot be used, is there twice, or there are too many.
            StorageError: the disk refuses.
        """
        self._remove_abandoned()
        now = time.time()
        record = CaptureRecord(
            id=new_id("c"),
            secret=secrets.token_urlsafe(_SECRET_BYTES),
            created=now,
            expires=now + _TOKEN_SECONDS,
            classes=numbered_classes([(None, name) for name in classes], (), 0),
            next_class=len(classes),
        )
        self._write(record)
        return self._summary(record)

    def get(self, identifier: str) -> Capture:
        """Return a capture for the page that shows it; a token that has run out is replaced.

        Raises:
            NotFoundError: there is none of that identifier.
            StorageError: the disk refuses.
        """
        self._read(identifier)
        with self._locks[identifier]:
            record = self._read(identifier)
            if record.expires < time.time():
                fresh = {"secret": secrets.token_urlsafe(_SECRET_BYTES), "expires": time.time() + _TOKEN_SECONDS}
                record = record.model_copy(update=fresh)
                self._write(record)
            return self._summary(record)

    def by_token(self, token: str) -> Capture:
        """Return the capture a token belongs to.

        Raises:
            NotFoundError: the token is wrong, has run out, or its capture is no more.
        """
        return self._summary(self._opened(token))

    def add(self, token: str, class_id: int, data: bytes, burst: int = 0) -> int:
        """Keep one picture; it is on disk when this returns.

        Args:
            token: of the capture.
            class_id: which class it shows.
            data: the file, as the camera made it.
            burst: a number shared by what was taken in one hold.

        Returns:
            The number of the picture.

        Raises:
            NotFoundError: no such capture or class.
            PictureError: it is no picture, or of a format no camera makes.
            SourceError: it is too large, or there are too many.
            StateError: the capture is being made into a dataset.
            StorageError: the disk refuses.
        """
        ending = ending_of_picture(data)
        with self._changing(token) as record:
            check_class(record, class_id)
            frames = self._frames(record)
            if len(frames) >= MAX_FRAMES or sum(frame.size for frame in frames) + len(data) > MAX_BYTES:
                raise SourceError(
                    f"{len(frames):,} pictures were taken, and no more fit into one capture",
                    remedy="Make a dataset of them; more can be added to it afterwards",
                )
            last = frames[-1].number if frames else 0
            number = max(last + 1, int((time.time() - record.created) * 1000))
            frame = Frame(number, class_id, min(max(0, burst), MAX_BURST), len(data), ending)
            write_bytes(self._folder(record.id) / "frames" / frame.file_name, data)
            self._listed[record.id] = (*frames, frame)
            return number

    def set_classes(self, token: str, wanted: Sequence[tuple[int | None, str]]) -> Capture:
        """Give the capture these classes in this order; a class that is left out goes with its pictures.

        Args:
            token: of the capture.
            wanted: (number of a class, its name), the number None for a new class.

        Raises:
            NotFoundError: the token or a number is unknown.
            ConfigError: a name cannot be used, is there twice, or there are too many.
            StateError: the capture is being made into a dataset.
            StorageError: the disk refuses.
        """
        with self._changing(token) as record:
            classes = numbered_classes(wanted, record.classes, record.next_class)
            following = max([record.next_class, *(entry.id + 1 for entry in classes)])
            changed = record.model_copy(update={"classes": classes, "next_class": following})
            kept = {entry.id for entry in classes}
            dropped = [frame for frame in self._frames(record) if frame.class_id not in kept]
            self._write(changed)
            self._delete(record, dropped)
            return self._summary(changed)

    def remove_last(self, token: str, class_id: int | None = None) -> Capture:
        """Remove what was taken in the last hold, of one class or of all. Raises as ``set_classes``."""
        with self._changing(token) as record:
            frames = [frame for frame in self._frames(record) if class_id in (None, frame.class_id)]
            if frames:
                last = frames[-1]
                self._delete(
                    record, [frame for frame in frames if (frame.class_id, frame.burst) == (last.class_id, last.burst)]
                )
            return self._summary(record)

    def clear(self, token: str, class_id: int) -> Capture:
        """Remove all pictures of a class. Raises as ``set_classes``."""
        with self._changing(token) as record:
            check_class(record, class_id)
            self._delete(record, [frame for frame in self._frames(record) if frame.class_id == class_id])
            return self._summary(record)

    def picture(self, token: str, number: int) -> bytes:
        """Return the file of one picture.

        Raises:
            NotFoundError: the token is wrong, or there is no such picture.
        """
        record = self._opened(token)
        for frame in self._frames(record):
            if frame.number == number:
                with contextlib.suppress(OSError):
                    return (self._folder(record.id) / "frames" / frame.file_name).read_bytes()
        raise NotFoundError("There is no such picture", remedy="It may have been removed; reload the page")

    @contextlib.contextmanager
    def closed(self, identifier: str) -> Iterator[list[tuple[str, Frame, Path]]]:
        """List (class name, frame, file) of every picture and let nobody change them inside the block.

        A server that is killed inside it leaves the capture as it was, and open.

        Raises:
            NotFoundError: there is none of that identifier.
            StateError: somebody else is inside already.
        """
        self._read(identifier)
        with self._locks[identifier]:
            record = self._read(identifier)
            if identifier in self._closed:
                raise being_imported()
            self._closed.add(identifier)
        names = {entry.id: entry.name for entry in record.classes}
        folder = self._folder(identifier) / "frames"
        try:
            frames = [frame for frame in self._frames(record) if frame.class_id in names]
            yield [(names[frame.class_id], frame, folder / frame.file_name) for frame in frames]
        finally:
            self._closed.discard(identifier)

    def discard(self, identifier: str) -> None:
        """Remove a capture and its pictures; one that is not there is no error."""
        if is_id(identifier):
            with self._locks[identifier]:
                self._remove(self._folder(identifier))

    def _opened(self, token: str) -> CaptureRecord:
        identifier, _, secret = token.partition(".")
        try:
            record = self._read(identifier)
        except NotFoundError as error:
            raise not_valid() from error
        # Bytes: compare_digest refuses text beyond ASCII.
        if not hmac.compare_digest(secret.encode(), record.secret.encode()) or record.expires < time.time():
            raise not_valid()
        return record

    @contextlib.contextmanager
    def _changing(self, token: str) -> Iterator[CaptureRecord]:
        identifier = self._opened(token).id
        with self._locks[identifier]:
            record = self._opened(token)
            if identifier in self._closed:
                raise being_imported()
            yield record

    def _folder(self, identifier: str) -> Path:
        if not is_id(identifier):
            raise NotFoundError("There is no such capture")
        return self._root / identifier

    def _read(self, identifier: str) -> CaptureRecord:
        path = self._folder(identifier) / "capture.json"
        try:
            return CaptureRecord.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise NotFoundError(
                "These camera pictures are no longer there",
                why="They were made into a dataset or given up",
                remedy="Begin anew",
            ) from error

    def _write(self, record: CaptureRecord) -> None:
        write_text(self._folder(record.id) / "capture.json", record.model_dump_json(indent=2))

    def _frames(self, record: CaptureRecord) -> tuple[Frame, ...]:
        """The frames of the record's classes, in the order they came."""
        listed = self._listed.get(record.id)
        if listed is None:
            with self._locks[record.id]:
                listed = self._listed[record.id] = self._list(record)
        return listed

    def _list(self, record: CaptureRecord) -> tuple[Frame, ...]:
        known = {entry.id for entry in record.classes}
        try:
            with os.scandir(self._folder(record.id) / "frames") as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise storage_error(error, self._root) from error
        frames = (frame_from(name) for name in names)
        return tuple(sorted(frame for frame in frames if frame is not None and frame.class_id in known))

    def _delete(self, record: CaptureRecord, frames: Sequence[Frame]) -> None:
        folder, gone = self._folder(record.id) / "frames", set(frames)
        self._listed[record.id] = tuple(frame for frame in self._frames(record) if frame not in gone)
        try:
            for frame in frames:
                (folder / frame.file_name).unlink(missing_ok=True)
        except OSError as error:
            self._listed.pop(record.id)  # some are still there
            raise storage_error(error, folder) from error

    def _summary(self, record: CaptureRecord) -> Capture:
        return summary_of(record, self._frames(record))

    def _remove_abandoned(self) -> None:
        """Remove captures nobody has touched for days, and those without a picture sooner."""
        now = time.time()
        try:
            folders = list(self._root.iterdir())
        except OSError as error:
            raise storage_error(error, self._root) from error
        for folder in folders:
            frames = folder / "frames"
            with contextlib.suppress(OSError):
                touched = max(path.stat().st_mtime for path in (folder, frames) if path.exists())
                kept = _KEPT_SECONDS if frames.exists() and any(frames.iterdir()) else _EMPTY_KEPT_SECONDS
                if now - touched > kept and folder.name not in self._closed:
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Take the record away first: what is left after a crash is no capture any more, and goes in time."""
        self._listed.pop(folder.name, None)
        try:
            (folder / "capture.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError as error:
            raise StorageError("Camera pictures could not be removed", why=error.strerror or str(error)) from error
