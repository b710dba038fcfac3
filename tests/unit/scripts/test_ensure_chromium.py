"""The browser tests are never skipped for want of a browser: one is found, installed, or its absence is told."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "ensure_chromium.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("ensure_chromium", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def world(script, monkeypatch):
    """A machine whose commands only note that they were called; ``installs`` says after which a browser is there."""
    calls: list[str] = []

    def build(*, programs=(), installs="", root=True):
        def run(command):
            calls.append(" ".join(command))
            return "sudo -n true" not in calls[-1] or "sudo" in programs

        def found():
            return "a browser" if installs and any(installs in call for call in calls) else None

        monkeypatch.setattr(script, "_run", run)
        monkeypatch.setattr(script, "_on_this_machine", found)
        monkeypatch.setattr(script.shutil, "which", lambda name: name if name in programs else None)
        monkeypatch.setattr(script.os, "geteuid", lambda: 0 if root else 1000)
        return calls

    return build


def test_a_browser_on_the_machine_is_enough(script, monkeypatch, capsys):
    monkeypatch.setattr(script.shutil, "which", lambda name: "there" if name == "chromium" else None)
    monkeypatch.setattr(script, "_run", lambda command: pytest.fail("nothing needs installing"))
    assert script.main() == 0
    assert "there" in capsys.readouterr().out


def test_the_system_package_comes_first(script, world):
    calls = world(programs=("apt-get",), installs="apt-get install")
    assert script.main() == 0
    assert calls[-1].endswith("chromium")
    assert not any("playwright" in call for call in calls)


def test_without_the_right_to_install_playwright_brings_its_own(script, world):
    calls = world(programs=("apt-get",), installs="playwright install", root=False)
    assert script.main() == 0
    assert not any("apt-get" in call for call in calls)


def test_with_neither_it_stops_and_says_so(script, world, capsys):
    world(programs=("apt-get",))
    assert script.main() == 1
    assert "need Chromium" in capsys.readouterr().err
