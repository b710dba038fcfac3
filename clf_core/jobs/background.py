"""Starting processes of the studio that work in the background and outlive whoever started them."""

import subprocess
import sys
import threading
from pathlib import Path

from clf_core.jobs import process
from clf_core.workspace.records import ProcessIdentity


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
