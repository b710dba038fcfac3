"""How fast the screens answer: an empty rerun of each page against an empty Streamlit script, and the first paint.

    python benchmarks/page_rerun.py [--workspace FOLDER] [--repeats 30]

Both servers run beside each other and are measured through the same Chromium by the same means: the key 'r' asks
for a rerun, and a MutationObserver notes when Streamlit's front end says that the script has run. The empty script
is served twice, with Streamlit's own settings and with this studio's, because the studio turns off the garbage
collection that Streamlit forces after each run. First paint is the time from starting the server's process to the
first screen's heading in an already open browser. With no workspace given, one with a trained run is made.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("", "data", "train?new=1", "evaluate", "explain", "predict", "runs")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

WATCH = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  window.rerun = { asked: 0, done: 0 };
  document.addEventListener("keydown", () => { window.rerun = { asked: performance.now(), done: 0 }; }, true);
  new MutationObserver(() => {
    if (app.getAttribute("data-test-script-state") === "notRunning") window.rerun.done = performance.now();
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });
}"""


def free_port() -> int:
    """Return a port nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(script: Path, folder: Path, workspace: Path, *, wait: bool = True) -> Iterator[str]:
    """Serve ``script`` with the settings found in ``folder`` and yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "CLF_WORKSPACE": str(workspace)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        if wait:
            wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(address: str) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()  # noqa: S310 - our own address
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing answers at {address}")


def settle(page: Page) -> None:
    """Wait until the page is connected, idle and without placeholders."""
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]', timeout=30_000)
    page.wait_for_timeout(300)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=60_000)
    page.wait_for_function("!document.querySelector('[data-testid=\"stSkeleton\"]')", timeout=60_000)
    page.wait_for_timeout(1500)


def rerun_times(page: Page, address: str, repeats: int) -> list[float]:
    """Return the milliseconds of ``repeats`` empty reruns, after three that warm up."""
    page.goto(address)
    settle(page)
    page.evaluate(WATCH)
    times = []
    for _ in range(repeats + 3):
        page.evaluate("window.rerun = { asked: 0, done: 0 }")
        page.keyboard.press("r")
        page.wait_for_function("window.rerun.done > 0", timeout=30_000, polling=20)
        times.append(float(page.evaluate("window.rerun.done - window.rerun.asked")))
        page.wait_for_timeout(60)
    return times[3:]


def first_paint(page: Page, workspace: Path) -> float:
    """Return the seconds from starting the server's process to the first screen's heading."""
    started = time.perf_counter()
    with served(ROOT / "app.py", ROOT, workspace, wait=False) as address:
        wait_for(address)
        page.goto(address, timeout=30_000)
        page.get_by_role("heading", level=1).wait_for(timeout=30_000)
        return time.perf_counter() - started


def prepared(folder: Path) -> Path:
    """Return a workspace with one dataset and one finished run, made through the facade."""
    sys.path.insert(0, str(ROOT))
    from clf_core.api import open_workbench
    from clf_core.config import TrainConfig
    from clf_core.settings import Settings

    bench = open_workbench(Settings(workspace=folder))
    report = bench.imports.sample("shapes")
    bench.runs.wait(bench.runs.start(report.dataset_id, TrainConfig()).id)
    return folder


def line(name: str, times: list[float], reference: float | None = None) -> float:
    """Print one row and return its median."""
    median = statistics.median(times)
    ratio = f"{median / reference:6.2f}x" if reference else ""
    print(f"{name:34s} median {median:6.1f} ms   p90 {sorted(times)[int(len(times) * 0.9)]:6.1f} ms  {ratio}")
    return median


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--workspace", type=Path, help="an existing workspace; otherwise one is made")
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        workspace = arguments.workspace or prepared(folder / "workspace")
        empty, bare = folder / "empty.py", folder / "bare"
        empty.write_text("import streamlit as st\n")
        bare.mkdir()
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        with (
            served(empty, bare, workspace) as plain,
            served(empty, ROOT, workspace) as tuned,
            served(ROOT / "app.py", ROOT, workspace) as studio,
        ):
            reference = line("empty script, Streamlit's settings", rerun_times(page, plain, arguments.repeats))
            line("empty script, our settings", rerun_times(page, tuned, arguments.repeats), reference)
            for path in PAGES:
                line(f"/{path}", rerun_times(page, f"{studio}/{path}", arguments.repeats), reference)
        paints = [first_paint(page, workspace) for _ in range(3)]
        browser.close()
    print("first paint from server start: " + ", ".join(f"{seconds:.2f} s" for seconds in paints))


if __name__ == "__main__":
    main()
