"""Starting processes of the studio that work in the background and outlive whoever started them."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.jobs import process
from clf_core.values import Value
from clf_core.workspace.records import ProcessIdentity

_V = TypeVar("_V", bound=Value)


class Background:
    """Starts such processes and remembers those of this process, only so that none stays a zombie."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def start(self, module: str, arguments: list[str], log: Path) -> ProcessIdentity | None:
        """Run ``python -m module arguments`` in a session of its own; None where it has ended already.

        Args:
            module: such as 'clf_core.jobs.insight_worker'.
            arguments: its command line.
            log: file that takes what it prints; emptied.

        Raises:
            OSError: the disk or the system refused.
        """
        with log.open("wb") as printed:
            child = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=Path(__file__).parents[2],  # where clf_core is found
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        with self._lock:
            self._children.append(child)
        return process.identify(child.pid)

    def reap(self) -> None:
        """Let go of those that ended: a child stays a zombie until its parent asks for it."""
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]


def end(worker: ProcessIdentity) -> None:
    """End a process at once, if it is still that very process."""
    if process.is_alive(worker):
        process.kill(worker.pid)


def read_note(path: Path, kind: type[_V]) -> _V | None:
    """What such a process, or whoever started it, noted; None where it noted nothing that can be read."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # not there, or damaged: what it said can be had again


def write_note(path: Path, note: Value, owner: str) -> None:
    """Note something, such as how far the process is.

    Args:
        path: the file, in a folder that must be there.
        note: what to note.
        owner: whose work it is, for the error: 'run' or 'dataset'.

    Raises:
        StorageError: the disk refused, or the folder is gone.
    """
    if not path.parent.is_dir():  # writing would bring it back
        raise StorageError(f"The {owner} is no longer there")
    write_json(path, note.model_dump(mode="json"))
