"""``python tests/faults/writers.py WORKSPACE NUMBER WRITES``: writes names, places and slots as fast as it can.

Several at a time share an index and a queue, and some are killed. Any error is told on stderr and by the exit status.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from clf_core.jobs import process
from clf_core.workspace.index import Entry, Index
from clf_core.workspace.queue import Queue


def main(arguments: list[str]) -> int:
    """Write, half into the index, half into the queue."""
    root, number, writes = Path(arguments[0]), arguments[1], int(arguments[2])
    index, queue, me = Index(root / "index.sqlite3"), Queue(root / "queue.sqlite3"), process.current()
    for turn in range(0, writes, 4):
        name = f"{number} {turn}"
        with index.adding("run", Entry(f"r-{name}", name, float(turn))):
            pass
        queue.add(name)
        queue.move(name, 1 + turn % 5)
        queue.take(me, lambda _: False)
    sys.stdout.write("done\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
