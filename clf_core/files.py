"""Writing files so that a crash, a full disk or a power cut never leaves half of one."""

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from clf_core.errors import StorageError

_UNFINISHED = ".writing-"


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` all or nothing: temporary file, fsync, rename, fsync of the folder.

    Folders that are missing on the way are made.

    Raises:
        StorageError: the disk is full, read-only or gone; no partial file is left.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, path) from error
    with replacing(path) as handle:
        handle.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write and read; when the block ends well it takes the place of ``path``, else it is gone.

    The folder must be there: a file a person asked for is not put into a folder they mistyped.

    Raises:
        StorageError: the disk is full, read-only or gone; no partial file is left.
    """
    # Not mkstemp: what it makes is closed to everybody else, whatever the person's umask says.
    temporary = path.with_name(f"{_UNFINISHED}{os.getpid()}-{secrets.token_hex(8)}")
    try:
        with temporary.open("x+b") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` for UTF-8 text."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """``write_bytes`` for JSON, indented so that a person can read it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in ``folder`` and below; what a living process of this machine writes stays."""
    for path in folder.rglob(f"{_UNFINISHED}*"):
        writer = path.name.removeprefix(_UNFINISHED).partition("-")[0]
        with contextlib.suppress(OSError):
            if not (writer.isdecimal() and _is_alive(int(writer))):
                path.unlink()


def _is_alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable. A no-op where folders cannot be opened (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(error: OSError, path: Path) -> StorageError:
    """Turn an operating system's refusal into words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError(
            "The disk is full",
            why=f"There was no room to write into {path.parent}",
            remedy="Free some space or choose another workspace folder, then try again",
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageError(
            f"The studio may not write into {path.parent}",
            why=error.strerror or "permission denied",
            remedy="Give yourself write permission, or set CLF_WORKSPACE to a folder of your own",
        )
    return StorageError(
        f"Could not write {path}", why=error.strerror or str(error), remedy="Check the disk and try again"
    )
