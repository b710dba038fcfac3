"""What 100,000 pictures cost: memory and seconds of an import from one zip, and of the gallery's page afterwards.

    python benchmarks/large_import.py [--pictures 100000] [--folder FOLDER]

The archive is made up first (small JPEG and PNG pictures in ten classes). The import runs in a process of its own
and tells the peak of its memory (VmHWM of Linux); the growth is counted from after a small
import, so that modules and caches are not counted. Then the time of one page of the
gallery is measured at that size and at 1,000 pictures.
"""

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CLASSES = 10


def make(path: Path, count: int) -> Path:
    """Write a zip of ``count`` pictures of 64 x 48 pixels, no two alike, every fourth a PNG."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            random = np.random.default_rng(number)
            blocks = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
            picture = blocks.resize((64, 48), Image.Resampling.BICUBIC)
            buffer = io.BytesIO()
            png = number % 4 == 0
            picture.save(buffer, **({"format": "PNG", "compress_level": 1} if png else {"format": "JPEG"}))
            archive.writestr(f"class {number % CLASSES}/{number:06}.{'png' if png else 'jpg'}", buffer.getvalue())
    return path


def peak_mb() -> float:
    """The most memory this process has held so far, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak of memory")


def page_ms(bench: object, ref: str, repeats: int = 15) -> float:
    """Median milliseconds of one page of 60 pictures, filtered by class and split, far down the list."""
    times = []
    for repeat in range(repeats + 2):
        started = time.perf_counter()
        bench.datasets.get(ref)  # type: ignore[attr-defined]
        bench.datasets.pictures(ref, label="class 3", split="train", offset=60 * repeat, limit=60)  # type: ignore[attr-defined]
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[2:])


def measured(archive: Path, small: Path, workspace: Path) -> dict[str, float]:
    """Import both archives and return the figures."""
    from clf_core.api import open_workbench
    from clf_core.settings import Settings

    bench = open_workbench(Settings(workspace=workspace))
    bench.imports.path(small, "small")
    before = peak_mb()
    started = time.perf_counter()
    report = bench.imports.path(archive, "large")
    seconds = time.perf_counter() - started
    growth = peak_mb() - before
    return {
        "pictures": report.accepted,
        "before_mb": before,
        "growth_mb": growth,
        "seconds": seconds,
        "page_small_ms": page_ms(bench, "small"),
        "page_large_ms": page_ms(bench, "large"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the archive is kept for the next time")
    parser.add_argument("--measure", nargs=3, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(*arguments.measure)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        archive, small = folder / f"{arguments.pictures}.zip", folder / "1000.zip"
        for path, count in ((archive, arguments.pictures), (small, 1000)):
            if not path.exists():
                make(path, count)
        command = [sys.executable, __file__, "--measure", archive, small, Path(name) / "workspace"]
        answer = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(answer.stdout.splitlines()[-1])
    print(f"{figures['pictures']:,} pictures from one zip of {archive.name}: {figures['seconds']:.1f} s")
    print(f"memory: {figures['before_mb']:.0f} MB before, grew by {figures['growth_mb']:.0f} MB at its peak")
    small_ms, large_ms = figures["page_small_ms"], figures["page_large_ms"]
    print(f"a page of 60: {small_ms:.1f} ms at 1,000 and {large_ms:.1f} ms at {figures['pictures']:,} pictures")


if __name__ == "__main__":
    main()
