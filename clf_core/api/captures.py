"""Taking pictures with a camera, class by class, before they are made into a dataset by ``Imports.capture``."""

import io
from collections.abc import Sequence

from clf_core.results import Capture
from clf_core.workspace import Workspace
from clf_core.workspace.capture_rules import MAX_CLASSES, MAX_FRAME_BYTES

__all__ = ["MAX_CLASSES", "MAX_FRAME_BYTES", "Captures"]

_PREVIEW_SIDE = 160
_PREVIEW_QUALITY = 75


class Captures:
    """Captures of one workspace. A token lets a browser or a phone work on one capture and on nothing else."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def begin(self, classes: Sequence[str]) -> Capture:
        """Begin to take pictures of these classes. What was begun and left alone for a week is removed.

        Raises:
            ConfigError: a name cannot be used, is there twice, or there are too many.
            StorageError: the disk refuses.
        """
        return self._workspace.captures.begin(classes)

    def get(self, identifier: str) -> Capture:
        """Return one capture, with a token that is valid now.

        Raises:
            NotFoundError: there is none; it may have been made into a dataset.
        """
        return self._workspace.captures.get(identifier)

    def by_token(self, token: str) -> Capture:
        """Return the capture a token belongs to.

        Raises:
            NotFoundError: the token is wrong or has run out.
        """
        return self._workspace.captures.by_token(token)

    def add(self, token: str, class_id: int, data: bytes, burst: int = 0) -> int:
        """Keep one picture and return its number; it is on disk by then.

        Args:
            token: of the capture.
            class_id: which class it shows.
            data: JPEG, PNG, WebP, AVIF or HEIC, at most ``MAX_FRAME_BYTES``.
            burst: a number shared by what was taken in one hold, for ``remove_last`` and the file names.

        Raises:
            NotFoundError: no such capture or class.
            PictureError: it is no picture of such a format.
            SourceError: it is too large, or there are too many.
            StateError: the capture is just being made into a dataset.
            StorageError: the disk refuses.
        """
        return self._workspace.captures.add(token, class_id, data, burst)

    def set_classes(self, token: str, wanted: Sequence[tuple[int | None, str]]) -> Capture:
        """Rename, add and remove classes at once: (number, name) of each, in order; None numbers a new class.

        A class that is left out goes with its pictures.

        Raises:
            NotFoundError: the token or a number is unknown.
            ConfigError: a name cannot be used, is there twice, or there are too many.
            StateError: the capture is just being made into a dataset.
            StorageError: the disk refuses.
        """
        return self._workspace.captures.set_classes(token, wanted)

    def remove_last(self, token: str, class_id: int | None = None) -> Capture:
        """Remove what was taken in the last hold, of one class or of all. Raises as ``set_classes``."""
        return self._workspace.captures.remove_last(token, class_id)

    def clear(self, token: str, class_id: int) -> Capture:
        """Remove all pictures of a class. Raises as ``set_classes``."""
        return self._workspace.captures.clear(token, class_id)

    def preview(self, token: str, number: int) -> bytes:
        """Return a small WebP of one picture, newly encoded; never the file as it came.

        Raises:
            NotFoundError: the token is wrong, or there is no such picture.
            PictureError: it cannot be decoded.
        """
        from clf_core.config import ImportLimits
        from clf_core.data.decoding import decode

        data = self._workspace.captures.picture(token, number)
        picture = decode(data, ImportLimits(), at_least=_PREVIEW_SIDE)
        picture.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=_PREVIEW_QUALITY)
        return buffer.getvalue()

    def discard(self, identifier: str) -> None:
        """Remove a capture and its pictures; one that is not there is no error."""
        self._workspace.captures.discard(identifier)
