import json

import pytest

from clf_core.api import Workbench
from clf_core.cli import entry
from clf_core.settings import Settings


@pytest.fixture
def bench(monkeypatch, tmp_path) -> Workbench:
    """The workbench on the workspace that the typed commands use."""
    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path / "workspace"))
    return Workbench(Settings(workspace=tmp_path / "workspace"))


@pytest.fixture
def typed(bench, capsys):
    """``typed(...)`` runs a command that must succeed and returns its JSON object."""

    def run(*arguments: object) -> dict:
        status = entry.main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert status == 0, err
        (line,) = out.splitlines()
        return json.loads(line)

    return run


@pytest.fixture
def said(bench, capsys):
    """``said(...)`` runs a command and returns (exit status, what a person reads)."""

    def run(*arguments: object) -> tuple[int, str]:
        status = entry.main([*map(str, arguments)])
        out, err = capsys.readouterr()
        return status, out if status == 0 else err

    return run


@pytest.fixture
def pets(bench, write_pictures, tmp_path):
    """A dataset with two classes of ten pictures."""
    write_pictures(tmp_path / "pets", {"red": 10, "blue": 10})
    return bench.imports.path(tmp_path / "pets", "Pets")
