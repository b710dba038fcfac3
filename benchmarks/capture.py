"""What a camera picture costs the server, beside the bare loop that writes the same bytes safely to the same disk.

    python benchmarks/capture.py

Pictures of 640 x 480 pixels are sent to the studio's own routes in this process, one after the other, as a browser does
while a button is held. The server keeps up with a camera as long as a picture takes less than 200 ms.
"""

import io
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
FRAMES = 100
ALREADY_THERE = (0, 1_000, 4_000)
ORIGIN = "http://127.0.0.1:8501"


def frame(number: int) -> bytes:
    """A JPEG with as much detail as a webcam's, some 60 KB."""
    random = np.random.default_rng(number)
    coarse = random.integers(0, 255, (60, 80, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
    noise = random.normal(0, 6, (480, 640, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def main() -> None:
    """Print milliseconds per picture, by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLF_WORKSPACE"] = folder
        from starlette.applications import Starlette
        from starlette.testclient import TestClient

        from clf_core.files import write_bytes
        from pages.components.capturing import capture_routes
        from pages.components.workbench import workbench

        frames = [frame(number) for number in range(FRAMES)]
        client = TestClient(Starlette(routes=capture_routes()), base_url=ORIGIN, headers={"origin": ORIGIN})
        print(f"{FRAMES} pictures of {sum(map(len, frames)) / FRAMES / 1024:.0f} KB, each safe on disk when answered")
        bare = measure(lambda number: write_bytes(Path(folder) / "bare" / str(number), frames[number]))
        print(f"bare loop, write and fsync      {bare}")
        for there in ALREADY_THERE:
            capture = workbench().captures.begin(("a", "b"))
            full = Path(folder) / "captures" / capture.id / "frames"
            full.mkdir(parents=True)
            for number in range(there):
                (full / f"{number:012d}-000000-1-{len(frames[0])}.jpg").touch()
            workbench.cache_clear()  # the pictures were put there behind its back
            address = f"/capture/{capture.token}?class=1&burst=2"
            sent = measure(lambda number, to=address: client.post(to, content=frames[number]).raise_for_status())
            print(f"studio, {there:>5,} taken before     {sent}")


def measure(work: object) -> str:
    """Call ``work(number)`` for each picture and say what one took."""
    began, busy = time.perf_counter(), time.process_time()
    for number in range(FRAMES):
        work(number)
    wall, processor = time.perf_counter() - began, time.process_time() - busy
    return f"{wall / FRAMES * 1000:6.1f} ms each, {processor / FRAMES * 1000:5.1f} ms of processor time"


if __name__ == "__main__":
    main()
