"""How fast pictures come in, beside a bare loop over the same files.

    python benchmarks/import_throughput.py [PICTURES.zip] [--repeats 3]

The bare loop reads each member of the zip archive, decodes it at the same reduced scale as the import does and takes
two hashes of it, SHA-256 of the file and a perceptual hash (pHash: the low frequencies of a 32 x 32 grey copy against
their median), in one thread per core. The import is the whole of what a person waits for: reading, checking, decoding,
measuring, storing on disk, the search for near copies, the division and the new dataset, flushed to the disk. Both
are run in turn, in one process; the ratio is of the best runs. Without an archive, photographs are made up.
"""

import argparse
import hashlib
import io
import os
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from clf_core.api import open_workbench
from clf_core.data.facts import MEASURED_SIDE
from clf_core.device import cpu_count
from clf_core.settings import Settings


def photographs(path: Path, count: int = 800) -> Path:
    """Write a zip of made-up photographs of about 500 pixels: noise with the spectrum of natural pictures."""
    random = np.random.default_rng(0)
    rows, columns = np.meshgrid(np.fft.fftfreq(375), np.fft.rfftfreq(500), indexing="ij")
    amplitude = 1 / np.maximum(np.hypot(rows, columns), 1 / 500) ** 1.2
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            waves = random.normal(size=(3, *amplitude.shape)) + 1j * random.normal(size=(3, *amplitude.shape))
            pixels = np.fft.irfft2(waves * amplitude, s=(375, 500))
            pixels = pixels / pixels.std() * 50 + 120
            buffer = io.BytesIO()
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8).transpose(1, 2, 0)).save(
                buffer, "JPEG", quality=85
            )
            archive.writestr(f"class {number % 4}/{number:05}.jpg", buffer.getvalue())
    return path


def perceptual_hash(picture: Image.Image) -> int:
    """The hash named pHash, 64 bits."""
    from scipy.fft import dctn

    grey = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=np.float32)
    low = dctn(grey)[:8, :8]
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def bare(path: Path) -> float:
    """Return the seconds of the bare loop."""
    started = time.perf_counter()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith((".jpg", ".jpeg", ".png"))]

        def work(name: str) -> tuple[str, int]:
            data = archive.read(name)
            with Image.open(io.BytesIO(data)) as picture:
                picture.draft(None, (MEASURED_SIDE, MEASURED_SIDE))
                picture.load()
                return hashlib.sha256(data).hexdigest(), perceptual_hash(picture)

        with ThreadPoolExecutor(cpu_count()) as executor:
            hashes = list(executor.map(work, names))
    assert len(hashes) == len(names)
    return time.perf_counter() - started


def ours(path: Path, folder: Path) -> tuple[float, int]:
    """Return the seconds of an import into a new workspace, and how many pictures it took."""
    bench = open_workbench(Settings(workspace=folder))
    started = time.perf_counter()
    report = bench.imports.path(path, "pictures")
    return time.perf_counter() - started, report.accepted


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("archive", type=Path, nargs="?", help="a zip of pictures in class folders")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = arguments.archive or photographs(folder / "photographs.zip")
        bare(path)
        ours(path, folder / "warm")  # imports of modules are paid once per server
        loops, imports, count = [], [], 0
        for repeat in range(arguments.repeats):
            os.sync()
            loops.append(bare(path))
            seconds, count = ours(path, folder / f"workspace {repeat}")
            imports.append(seconds)
    print(f"{count} pictures, {cpu_count()} cores")
    for what, seconds in (("bare loop", loops), ("import", imports)):
        shown = ", ".join(f"{second:.2f}" for second in seconds)
        print(f"{what:10} best {min(seconds):6.2f} s  {count / min(seconds):7.0f} pictures/s   (runs: {shown} s)")
    print(f"import / bare loop: {min(loops) / min(imports):.2f} of its throughput")


if __name__ == "__main__":
    main()
