"""A served studio on a free port with a workspace of its own, and a real Chromium. Never skipped: without one, red."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
STEP_TIMEOUT = 30_000  # milliseconds for one step of a test


def chromium() -> str | None:
    """Return the system's Chromium; None lets Playwright use its own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def settle(page: Page) -> None:
    """Wait until the page is connected, idle and without placeholders."""
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]', timeout=STEP_TIMEOUT)
    page.wait_for_timeout(200)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=STEP_TIMEOUT)
    page.wait_for_function("!document.querySelector('[data-testid=\"stSkeleton\"]')", timeout=STEP_TIMEOUT)


class Served:
    """A running server and its workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server as a person does, and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "CLF_WORKSPACE": str(self.workspace)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1).close()  # noqa: S310
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("the server does not answer")

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=20)


@pytest.fixture(scope="session")
def served(make_workspace: Callable[[], Path]) -> Iterator[Served]:
    """One server for all browser tests; the default network is ready, which every server would prepare anew."""
    server = Served(make_workspace())
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, else Playwright's own; an error when there is neither."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Open a page of the studio; every request that leaves this machine fails the test."""
    contexts, foreign = [], []

    def opened(path: str = "", *, width: int = 1280, height: int = 900, scheme: str = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(STEP_TIMEOUT)
        note_foreign(page, foreign)
        page.goto(f"{served.address}/{path}")
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not foreign, f"requests left this machine: {foreign}"


def note_foreign(page: Page, foreign: list[str]) -> None:
    """Add to ``foreign`` the address of every request of a page that leaves this machine."""

    def note(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            foreign.append(request.url)

    page.on("request", note)


@pytest.fixture(scope="session")
def shoot() -> Callable[[Page, str], None]:
    """Keep a screenshot of the whole page for people to look at."""
    folder = Path(os.environ.get("CLF_TEST_OUTPUT") or ROOT / "test-output") / "screens"
    folder.mkdir(parents=True, exist_ok=True)

    def taken(page: Page, name: str) -> None:
        size = page.viewport_size or {"width": 1280, "height": 900}
        needed = int(page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight"))
        page.set_viewport_size({"width": size["width"], "height": min(3000, max(size["height"], needed))})
        page.wait_for_timeout(200)
        page.screenshot(path=folder / f"{name}.png")
        page.set_viewport_size(size)

    return taken


@pytest.fixture(scope="session")
def wait() -> Callable[[Page], None]:
    """Wait until a page is idle."""
    return settle
