"""Removing packs that nothing refers to, beside imports that may be about to: see ``clf_core.data.packs``."""

import contextlib
import os
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from clf_core.data.pack_index import index_of

_IDLE_SECONDS = 3600.0


def sweep_packs(
    folder: Path, listed: Mapping[Path, Sequence[str]], own: Container[Path], keep: Container[str], oldest: float
) -> int:
    """Remove packs without an index, and those that list nothing of ``keep``, unless younger than ``oldest``.

    A pack whose index is damaged stays: nobody knows what is in it.

    Args:
        folder: of the packs; need not exist.
        listed: the sha256 of every picture of each pack that has an index.
        own: packs that are being written here.
        keep: sha256 of every picture that anything refers to.
        oldest: Unix seconds.

    Returns:
        How many pictures were removed.
    """
    _put_back_left_over(folder)
    removed = 0
    for pack, sha256s in listed.items():
        unused = pack not in own and not any(sha256 in keep for sha256 in sha256s)
        if unused and is_older(pack, oldest) and _remove(index_of(pack), pack, oldest):
            removed += len(sha256s)
    for pack in folder.glob("[!.]*.pack"):
        if pack not in own and not index_of(pack).exists():
            _remove(pack, pack, oldest)
    return removed


def is_older(path: Path, moment: float) -> bool:
    """Whether a file was last changed before a moment in Unix seconds."""
    try:
        return path.stat().st_mtime < moment
    except OSError:
        return False


def _remove(first: Path, pack: Path, oldest: float) -> bool:
    """Remove a pack and before it ``first``, its index or itself, if that is old and stays so while it is put aside."""
    aside = first.with_name(f".sweeping-{first.name}")
    try:
        if not is_older(first, oldest):
            return False
        first.replace(aside)
        if not is_older(aside, oldest):
            _put_back(aside, first)
            return False
        aside.unlink()
        pack.unlink(missing_ok=True)
    except OSError:  # what cannot be removed harms nobody
        return False
    return True


def _put_back(aside: Path, path: Path) -> None:
    """Undo putting aside, but never in the place of a newer file of that name."""
    try:
        os.link(aside, path)
        aside.unlink()
    except FileExistsError:
        aside.unlink()
    except OSError:  # a file system without links
        if not path.exists():
            aside.replace(path)


def _put_back_left_over(folder: Path) -> None:
    """A sweep that a crash broke off has left these; one that is running needs no hour."""
    for aside in folder.glob(".sweeping-*"):
        with contextlib.suppress(OSError):
            if time.time() - aside.stat().st_ctime > _IDLE_SECONDS:
                _put_back(aside, folder / aside.name.removeprefix(".sweeping-"))
