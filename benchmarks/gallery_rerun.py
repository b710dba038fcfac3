"""How fast the gallery answers at 100,000 pictures against 1,000: a rerun of the page, and turning a page.

    python benchmarks/gallery_rerun.py [--pictures 100000] [--workspace FOLDER] [--repeats 30]

Both datasets are imported through the facade from zips of generated pictures, no two alike, unless the workspace
holds them already; the import of the large one takes minutes. The studio is served once and both are looked at
through the same Chromium, by the means of ``page_rerun.py``: a rerun is asked for with the key 'r' while the
pictures are open; a page is turned with the key for the next page, which reruns the gallery alone. Slow health
checks are stopped, so that they do not take part.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from large_import import make
from page_rerun import FLAGS, ROOT, WATCH, served, settle
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(ROOT))

from clf_core.api import Workbench, open_workbench
from clf_core.settings import Settings

SMALL = 1000


def dataset_of(bench: Workbench, folder: Path, pictures: int) -> str:
    """Return the dataset of that many generated pictures, imported now if it is not there yet."""
    name = f"Generated {pictures}"
    for dataset in bench.datasets.list():
        if dataset.name == name:
            return dataset.id
    started = time.monotonic()
    archive = make(folder / f"{pictures}.zip", pictures)
    report = bench.imports.path(archive, name)
    archive.unlink()
    bench.health.prepare(report.dataset_id)
    print(f"{pictures:,} pictures made and imported in {time.monotonic() - started:.0f} s")
    return report.dataset_id


def open_pictures(page: Page, address: str, dataset: str) -> None:
    """Open the gallery of a dataset and wait until it stands still."""
    page.goto(f"{address}/data?dataset={dataset}")
    settle(page)
    page.get_by_role("tab", name="Pictures").click()
    page.locator(".labeller .tile").first.wait_for(timeout=60_000)
    settle(page)
    page.evaluate(WATCH)


def times(page: Page, key: str, repeats: int) -> list[float]:
    """Return the milliseconds from pressing ``key`` to the front end's word that the script has run."""
    measured = []
    for _ in range(repeats + 3):
        page.evaluate("window.rerun = { asked: 0, done: 0 }")
        page.keyboard.press(key)
        page.wait_for_function("window.rerun.done > 0", timeout=60_000, polling=20)
        measured.append(float(page.evaluate("window.rerun.done - window.rerun.asked")))
        page.wait_for_timeout(250)
    return measured[3:]


def measure(page: Page, address: str, dataset: str, repeats: int) -> tuple[list[float], list[float]]:
    """Return the times of page reruns and of turned pages, in milliseconds."""
    open_pictures(page, address, dataset)
    reruns = times(page, "r", repeats)
    page.locator('.labeller .tile[tabindex="0"]').focus()
    # 1,000 pictures have 17 pages: there and back.
    turns = [*times(page, "PageDown", min(repeats, 12)), *times(page, "PageUp", min(repeats, 12))]
    return reruns, turns


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--workspace", type=Path, help="kept; otherwise one is made and removed")
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        workspace = arguments.workspace or Path(name) / "workspace"
        bench = open_workbench(Settings(workspace=workspace))
        datasets = [dataset_of(bench, Path(name), pictures) for pictures in (SMALL, arguments.pictures)]
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        with served(ROOT / "app.py", ROOT, workspace) as address:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            for dataset in datasets:  # starts the slow checks, which are then stopped
                open_pictures(page, address, dataset)
                bench.health.stop_slow(dataset)
            found = [measure(page, address, dataset, arguments.repeats) for dataset in datasets]
        browser.close()
    for title, place in (("rerun of the page", 0), ("turning a page", 1)):
        small, large = (statistics.median(result[place]) for result in found)
        print(
            f"{title:20s} {SMALL:,}: {small:6.1f} ms   {arguments.pictures:,}: {large:6.1f} ms   "
            f"ratio {large / small:.2f}"
        )


if __name__ == "__main__":
    main()
