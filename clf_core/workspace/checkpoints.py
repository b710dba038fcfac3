"""The checkpoints of a run: the latest and the one before it, written all or nothing.

checkpoints/next.safetensors      there for a moment, while the others move up
checkpoints/latest.safetensors    what to go on from
checkpoints/earlier.safetensors   taken where the latest is damaged

Who trains writes one after each epoch, so a kill at any moment costs at most the epoch under way. A run that is done
keeps its latest, so that it can be extended; ``size`` says what that costs.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from clf_core.files import storage_error, sync_folder, write_bytes


class Checkpoints:
    """The checkpoints in one folder, which is made with the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = folder / "next.safetensors"
        self._latest = folder / "latest.safetensors"
        self._earlier = folder / "earlier.safetensors"
        self._all = (self._next, self._latest, self._earlier)

    def write(self, data: bytes) -> None:
        """Keep a checkpoint; the one before stays beside it until the next.

        Raises:
            StorageError: the disk refuses; those before are as they were.
        """
        # A whole one is there at every moment, also where the latest turned out to be damaged.
        write_bytes(self._next, data)
        with contextlib.suppress(FileNotFoundError):
            self._latest.replace(self._earlier)
        self._next.replace(self._latest)
        sync_folder(self._folder)

    def __iter__(self) -> Iterator[bytes]:
        """Give the checkpoints, the latest first; who finds one damaged takes the next."""
        for path in self._all:
            with contextlib.suppress(FileNotFoundError):
                yield path.read_bytes()

    def __bool__(self) -> bool:
        """True where there is something to go on from."""
        return any(path.exists() for path in self._all)

    def size(self) -> int:
        """Return the bytes they take on the disk."""
        total = 0
        for path in self._all:
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return total

    def keep_latest(self) -> None:
        """Remove the earlier one where there is a later."""
        if self._latest.exists():
            self._earlier.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def begin_from(self, other: "Checkpoints") -> None:
        """Take the checkpoints of another run to go on from; where the disk can, the bytes are shared.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            self._folder.mkdir(exist_ok=True)
            for mine, theirs in zip(self._all, other._all, strict=True):
                if theirs.exists():
                    _share(theirs, mine)
        except OSError as error:
            raise storage_error(error, self._folder) from error


def _share(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # neither is ever written into, only replaced
    except OSError:
        shutil.copyfile(source, target)
