"""What tests of several layers need: a prepared network made once, workspaces that use it, small picture sets."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests import fault_table

ROOT = Path(__file__).parents[1]


# Pages that are opened by tests start no work beside them, which would take the machine from the tests that follow.
os.environ["CLF_BACKGROUND"] = "off"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", type=Path, help="document to write the counts of survived faults into")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Carry the row of the fault table to the report of the test."""
    for mark in item.iter_markers("fault"):
        for row in mark.args:
            assert row in fault_table.ROWS, f"no such row of the fault table: {row}"
            item.user_properties.append(("fault", row))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many faults of each row were survived, and write it where asked to."""
    tried: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            rows = [row for kind, row in getattr(report, "user_properties", ()) if kind == "fault"]
            tried.update(rows)
            survived.update(rows if outcome == "passed" else ())
    document: Path | None = config.getoption("--fault-table")
    if document is not None:
        fault_table.write(document, fault_table.table(survived, tried))
    if tried:
        rows = ", ".join(f"{row} {survived[row]} of {tried[row]}" for row in fault_table.ROWS if tried[row])
        terminalreporter.write_line(f"Faults survived: {rows}")


@pytest.fixture(scope="session")
def prepared_backbones(tmp_path_factory) -> Path:
    """A backbones folder that holds the default network, compiled; making one takes some seconds."""
    from clf_core.config import DEFAULT_BACKBONE
    from clf_core.models.backbone_store import BackboneStore

    shared = os.environ.get("CLF_TEST_SHARED")  # of a suite in several processes, which prepare it once for all
    folder = (Path(shared) if shared else tmp_path_factory.mktemp("prepared")) / "backbones"
    BackboneStore(folder).ensure(DEFAULT_BACKBONE)
    return folder


@pytest.fixture(scope="session")
def make_workspace(tmp_path_factory, prepared_backbones):
    """``make_workspace()`` returns a new workspace folder in which the default network is ready."""

    def make() -> Path:
        root = tmp_path_factory.mktemp("workspace")
        (root / "backbones").symlink_to(prepared_backbones, target_is_directory=True)
        return root

    return make


@pytest.fixture(scope="session")
def random_backbone():
    """``random_backbone(name, folder, input_size)`` writes a network of timm that nobody trained; no download."""

    def make(name: str, folder: Path, input_size: int | None = None):
        import timm
        import torch

        from clf_core.config import Preprocessing
        from clf_core.models.backbone_files import Origin, write_backbone
        from clf_core.models.pretrained import without_head

        torch.manual_seed(0)
        config = timm.get_pretrained_cfg(name)
        side = input_size or config.input_size[-1]
        prepared = Preprocessing(input_size=side, resize_size=side, mean=config.mean, std=config.std)
        return write_backbone(folder, without_head(name, input_size=side), Origin(name, prepared, "none", "random"))

    return make


@pytest.fixture(scope="session")
def write_pictures():
    """``write_pictures(folder, {"train/red": 10})`` writes small noisy PNGs; a folder's last word gives the colour."""
    colours = {"red": (200, 40, 40), "blue": (40, 40, 200), "green": (40, 180, 40)}

    def write(folder: Path, counts: Mapping[str, int], size: int = 40, seed: int = 0) -> Path:
        random = np.random.default_rng(seed)
        for name, count in counts.items():
            (folder / name).mkdir(parents=True)
            base = np.array(colours[name.rsplit("/", 1)[-1]])
            for number in range(count):
                pixels = np.clip(base + random.normal(0, 40, (size, size, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{number:04}.png", compress_level=1)
        return folder

    return write


@pytest.fixture(scope="session")
def in_terminal():
    """``in_terminal(workspace, "datasets", "list")`` runs ``python -m clf_core`` as a person would."""

    def run(workspace: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "clf_core", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "CLF_WORKSPACE": str(workspace), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
