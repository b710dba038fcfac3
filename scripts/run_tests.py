"""Run the whole suite in three lanes on the two cores every machine has.

The parts are folders, taken from a queue by whichever lane is free; the tests of one file run in order, as the
browser's share a server and the pages' a workspace. Tests of the browser and of whole processes wait for these a third
of their time: what is left meanwhile goes to a lane of less priority, which takes quiet parts from the queue's other
end. With arguments, one plain pytest runs with them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
LANES = 2
"""Of full priority."""

_HALVED = "browser"
"""The folder that takes longest by far. One half begins, the other comes when a lane is free again: two at once for all
of their time would have each page wait for the other's."""

_NEXT = "integration"
_TIMED = (_HALVED, _NEXT, "faults")
"""Folders whose tests start processes and watch the clock."""

_LOWER = 10
"""How far the third lane stands back."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each lane has one core: threads that wait for each other on a core that others use take ten times as long."""

NO_TESTS = 5
"""pytest's exit status where a part holds no test that was asked for."""


def parts(tests: Path) -> list[list[Path]]:
    """Return every test file in exactly one part; the longest parts come first."""
    first, second = _shares(sorted((tests / _HALVED).glob("test_*.py")), 2)
    layers = sorted(path for path in (tests / "unit").iterdir() if any(path.glob("test_*.py")) or _is_test(path))
    folders = [path for path in tests.iterdir() if any(path.glob("**/test_*.py"))]
    folders.sort(key=lambda path: (path.name not in _TIMED, path.name))
    others = [[path] for path in folders if path.name not in (_HALVED, _NEXT, "unit")]
    return [first, [tests / _NEXT], second, *others, *_shares(layers, 5)]


def _shares(paths: list[Path], count: int) -> list[list[Path]]:
    return [paths[start::count] for start in range(count)]


def main(arguments: list[str]) -> int:
    """Return 0 when every part passed."""
    if arguments:
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode
    # The studio's processes find their byte code, as they do in use, also where Python is told not to write any itself.
    subprocess.run([sys.executable, "-m", "compileall", "-q", "clf_core", "pages"], cwd=ROOT, check=False)
    waiting, lock, failed = deque(parts(ROOT / "tests")), threading.Lock(), []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clf-tests-") as shared:

        def lane(take: Callable[[deque[list[Path]]], list[Path] | None], lower: int) -> None:
            while True:
                with lock:
                    part = take(waiting)
                if part is None:
                    return
                status, printed = _run(part, Path(shared), lower)
                with lock:
                    print(f"== {_name(part)}\n{printed}", flush=True)
                    if status not in (0, NO_TESTS):
                        failed.append(_name(part))

        lanes = [threading.Thread(target=lane, args=(next_part, 0)) for _ in range(LANES)]
        lanes.append(threading.Thread(target=lane, args=(last_quiet_part, _LOWER)))
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
    verdict = f"failed: {'; '.join(failed)}" if failed else "all passed"
    print(f"== The suite took {time.monotonic() - began:.0f} s, {verdict}")
    return 1 if failed else 0


def next_part(waiting: deque[list[Path]]) -> list[Path] | None:
    """Take the first part out of the queue; None where it is empty."""
    return waiting.popleft() if waiting else None


def last_quiet_part(waiting: deque[list[Path]]) -> list[Path] | None:
    """Take the last part out of the queue; None where it is empty, or that part would watch the clock."""
    timed = not waiting or any(path.relative_to(ROOT / "tests").parts[0] in _TIMED for path in waiting[-1])
    return None if timed else waiting.pop()


def _run(part: list[Path], shared: Path, lower: int) -> tuple[int, str]:
    """Run one part; ``shared`` holds what is prepared once for all of them."""
    own = Path(tempfile.mkdtemp(dir=shared))
    lowered = ["nice", "-n", str(lower)] if lower and shutil.which("nice") else []
    command = [
        *lowered,
        sys.executable,
        "-m",
        "pytest",
        "-o",
        f"cache_dir={own / 'cache'}",
        f"--basetemp={own / 'tmp'}",
    ]
    done = subprocess.run(
        [*command, *map(str, part)],
        cwd=ROOT,
        env={**_ONE_THREAD, **os.environ, "CLF_TEST_SHARED": str(shared)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def _name(part: list[Path]) -> str:
    return " ".join(str(path.relative_to(ROOT / "tests")) for path in part)


def _is_test(path: Path) -> bool:
    return path.is_file() and path.name.startswith("test_")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
