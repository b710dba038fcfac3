"""Make sure a Chromium is there for the browser tests, or stop and say so.

Order: one already on the machine; the system's package (Debian and Ubuntu, where we may install it);
Playwright's own download. Browser tests are never skipped for want of a browser.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Return 0 when a browser is ready, 1 when none can be had."""
    if found := _on_this_machine():
        print(f"Browser for the tests: {found}")
        return 0
    if _install_system_package() and (found := _on_this_machine()):
        print(f"Browser for the tests: {found} (installed now)")
        return 0
    if _run([sys.executable, "-m", "playwright", "install", "chromium"]) and (found := _on_this_machine()):
        print(f"Browser for the tests: {found} (Playwright's own)")
        return 0
    print(
        "The browser tests need Chromium, and none could be installed. "
        "Install the package 'chromium' of your system, then run make test again.",
        file=sys.stderr,
    )
    return 1


def _on_this_machine() -> str | None:
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def _install_system_package() -> bool:
    if not shutil.which("apt-get"):
        return False
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        prefix: list[str] = []
    elif shutil.which("sudo") and _run(["sudo", "-n", "true"]):
        prefix = ["sudo", "-n"]
    else:
        return False
    return _run([*prefix, "apt-get", "update", "-qq"]) and _run(
        [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    )


def _run(command: list[str]) -> bool:
    print("$", " ".join(command), file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
