"""The import contract of pyproject.toml, and the import-time budget of the facade."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _loaded_by(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_layers_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "module", ["clf_core.api", "clf_core.cli", "clf_core.jobs.worker", "clf_core.jobs.search_worker"]
)
def test_importing_loads_nothing_heavy(module):
    heavy = {
        "torch", "torchvision", "timm", "pytorch_grad_cam", "openvino", "scipy", "sklearn", "pandas", "pyarrow",
        "streamlit", "matplotlib", "cv2", "PIL.Image", "optuna",
    }  # fmt: skip
    assert not heavy & _loaded_by(f"import {module}")


def test_listing_an_empty_workspace_loads_nothing_heavy(tmp_path):
    loaded = _loaded_by(
        "from pathlib import Path; from clf_core.api import open_workbench; from clf_core.settings import Settings; "
        f"bench = open_workbench(Settings(workspace=Path({str(tmp_path)!r}))); bench.datasets.list(); bench.runs.list()"
    )
    assert not {"torch", "openvino", "scipy", "sklearn", "pandas", "pyarrow"} & loaded


def test_opening_a_workbench_touches_no_disk(tmp_path):
    _loaded_by(
        "from pathlib import Path; from clf_core.api import open_workbench; from clf_core.settings import Settings; "
        f"open_workbench(Settings(workspace=Path({str(tmp_path / 'new')!r})))"
    )
    assert list(tmp_path.iterdir()) == []
