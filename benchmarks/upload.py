"""A large archive through a real browser: speed, memory of the server, and a connection cut in the middle.

    python benchmarks/upload.py [--megabytes 1000] [--import]

A zip of JPEG pictures in four classes is generated and given to the drop zone in Chromium, twice. The first time it
goes through without a break: megabytes a second from choosing the file to the last byte on disk, beside a bare loop
that copies the same file in pieces of the same size and syncs it. The second time the connection is cut at half way
for three seconds. The server's memory (resident set) is read every 50 ms; its growth is counted from the quiet
server after the first page and its warm-up. With --import the set is imported at the end as well.
"""

import argparse
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from clf_core.api import Workbench, open_workbench
from clf_core.settings import Settings

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PIECE = 8 * 2**20
_SEGMENT = 65_000  # bytes of ballast in one JPEG application segment
_CLASSES = ("ant", "bee", "cat", "dog")


def make_archive(path: Path, megabytes: int) -> int:
    """Write a stored zip of valid, different JPEG files of some 260 KB each; return how many."""
    source, count = np.random.default_rng(0), max(40, megabytes * 4)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            small = Image.frombytes("RGB", (16, 12), source.bytes(576)).resize((320, 240))
            buffer = io.BytesIO()
            small.save(buffer, "JPEG")
            jpeg = buffer.getvalue()
            wanted = megabytes * 1_000_000 // count - len(jpeg)
            ballast = b"".join(
                b"\xff\xef" + struct.pack(">H", 2 + length) + source.bytes(length)
                for length in [_SEGMENT] * (wanted // _SEGMENT) + [wanted % _SEGMENT]
            )
            archive.writestr(f"{_CLASSES[number % 4]}/{number}.jpg", jpeg[:2] + ballast + jpeg[2:])
    return count


class Memory:
    """Reads the resident memory of a process until it is left."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self.now()
        self.peak = self.before

    def now(self) -> float:
        """Megabytes (of 10^6 bytes) at this moment."""
        return float(self._process.memory_info().rss) / 1e6

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.peak = max(self.peak, self.now())

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """Megabytes between the beginning and the peak."""
        return self.peak - self.before


def bare_copy(source: Path, target: Path) -> float:
    """Seconds to copy a file in pieces and sync it."""
    started = time.perf_counter()
    with source.open("rb") as read, target.open("wb") as written:
        while piece := read.read(PIECE):
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
    seconds = time.perf_counter() - started
    target.unlink()
    return seconds


def serve(port: int, workspace: Path) -> subprocess.Popen[bytes]:
    """Start the studio as a person does and wait until it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "CLF_WORKSPACE": str(workspace)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return process


def wait_until_quiet(process: subprocess.Popen[bytes]) -> None:
    """Wait until the server's memory has not moved for ten seconds: the starter model is loaded by then."""
    watched, steady, last = psutil.Process(process.pid), 0.0, 0
    while steady < 10:
        time.sleep(0.5)
        now = watched.memory_info().rss
        steady = steady + 0.5 if abs(now - last) < 2**20 else 0
        last = now


def opened(browser, address: str) -> Page:  # type: ignore[no-untyped-def]
    """Open the data page with 'Advanced' open, so that what has arrived waits to be imported."""
    page = browser.new_page()
    page.set_default_timeout(600_000)
    page.goto(f"{address}/data")
    page.locator(".upload .zone").wait_for()
    page.get_by_text("Advanced").click()
    page.get_by_text("How the pictures are divided").wait_for()
    return page


def send(page: Page, bench: Workbench, path: Path, *, cut: bool) -> tuple[float, float]:
    """Send the file and return (seconds until the last byte is on disk, megabytes sent more than once)."""
    offsets: list[int] = []
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    page.on("request", lambda request: offsets.append(_offset(request.url)) if request.method == "PUT" else None)

    def set_line(*, offline: bool) -> None:
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        line.send("Network.emulateNetworkConditions", {"offline": offline, **conditions})

    started, size, again = time.perf_counter(), path.stat().st_size, 0.0
    page.locator(".upload input.files").set_input_files(path)
    if cut:
        while not (waiting := bench.uploads.list()) or waiting[0].received < size / 2:
            page.wait_for_timeout(20)
        set_line(offline=True)
        page.locator(".upload .card.lost").wait_for()
        page.wait_for_timeout(3000)
        received, before = bench.uploads.list()[0].received, len(offsets)
        print(f"    cut at {received / 1e6:,.0f} MB; the page says: {page.locator('.upload .figures').inner_text()}")
        set_line(offline=False)
        while len(offsets) == before:
            page.wait_for_timeout(20)
        again = (received - offsets[before]) / 1e6
        print(f"    sending went on at {offsets[before] / 1e6:,.0f} MB")
    while not (waiting := bench.uploads.list()) or not waiting[0].complete:
        page.wait_for_timeout(20)
    seconds = time.perf_counter() - started
    page.locator(".upload .card.done").wait_for()
    return seconds, again


def _offset(url: str) -> int:
    return int(url.rpartition("=")[2])


def measure(folder: Path, megabytes: int, *, whole: bool) -> None:
    """Run everything and print it."""
    archive, workspace, port = folder / "Large.zip", folder / "workspace", 8599
    count = make_archive(archive, megabytes)
    size = archive.stat().st_size / 1e6
    print(f"archive: {size:,.0f} MB, {count:,} JPEG files")
    bare = bare_copy(archive, folder / "copy")
    print(f"bare copy and sync: {size / bare:,.0f} MB/s ({bare:.1f} s)")
    process, bench = serve(port, workspace), open_workbench(Settings(workspace=workspace))
    try:
        with sync_playwright() as playwright:
            chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = opened(browser, f"http://127.0.0.1:{port}")
            wait_until_quiet(process)
            for cut in (False, True):
                print("with the connection cut half way:" if cut else "without a break:")
                with Memory(process.pid) as memory:
                    seconds, again = send(page, bench, archive, cut=cut)
                print(f"    {size / seconds:,.0f} MB/s ({seconds:.1f} s), {again:.0f} MB sent twice")
                print(f"    server memory: {memory.before:,.0f} MB before, grew by {memory.growth:.0f} MB at most")
                if not cut:
                    page.locator(".upload").get_by_role("button", name="Remove").click()
                    page.locator(".upload .zone").wait_for()
            if whole:
                with Memory(process.pid) as memory:
                    started = time.perf_counter()
                    page.get_by_role("button", name="Import", exact=True).click()
                    page.get_by_role("heading", name="pictures in").wait_for()
                print(f"import: {time.perf_counter() - started:.0f} s, server memory grew by {memory.growth:.0f} MB")
            browser.close()
    finally:
        children = psutil.Process(process.pid).children(recursive=True)  # checks of the imported pictures
        process.kill()
        process.wait()
        for child in children:
            child.kill()
        psutil.wait_procs(children)


def main() -> None:
    """Read the arguments and measure in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--import", dest="whole", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.megabytes, whole=arguments.whole)


if __name__ == "__main__":
    main()
