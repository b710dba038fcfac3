"""Run the whole suite in two lanes, one for each of the two cores every machine has.

The parts are folders, taken from a queue by whichever lane is free; the tests of one file run in order, as the
browser's share a server and the pages' a workspace. With arguments, one plain pytest runs with them.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LANES = 2
_HALVED = "browser"
"""The folder that takes longest by far. One half begins, the other comes when a lane is free again: two at once for all
of their time would have each page wait for the other's."""

_NEXT = "integration"

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Each lane has one core: threads that wait for each other on a core that others use take ten times as long."""

NO_TESTS = 5
"""pytest's exit status where a part holds no test that was asked for."""


def parts(tests: Path) -> list[list[Path]]:
    """Return every test file in exactly one part; the longest parts come first."""
    first, second = _shares(sorted((tests / _HALVED).glob("test_*.py")), 2)
    layers = sorted(path for path in (tests / "unit").iterdir() if any(path.glob("test_*.py")) or _is_test(path))
    folders = sorted(path for path in tests.iterdir() if any(path.glob("**/test_*.py")))
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
    waiting, lock, failed = iter(parts(ROOT / "tests")), threading.Lock(), []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clf-tests-") as shared:

        def lane() -> None:
            for part in _taken(waiting, lock):
                status, printed = _run(part, Path(shared))
                with lock:
                    print(f"== {_name(part)}\n{printed}", flush=True)
                    if status not in (0, NO_TESTS):
                        failed.append(_name(part))

        lanes = [threading.Thread(target=lane) for _ in range(LANES)]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()
    verdict = f"failed: {'; '.join(failed)}" if failed else "all passed"
    print(f"== The suite took {time.monotonic() - began:.0f} s, {verdict}")
    return 1 if failed else 0


def _taken(waiting: Iterator[list[Path]], lock: threading.Lock) -> Iterator[list[Path]]:
    while True:
        with lock:
            part = next(waiting, None)
        if part is None:
            return
        yield part


def _run(part: list[Path], shared: Path) -> tuple[int, str]:
    """Run one part; ``shared`` holds what is prepared once for all of them."""
    own = Path(tempfile.mkdtemp(dir=shared))
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={own / 'cache'}", f"--basetemp={own / 'tmp'}"]
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
