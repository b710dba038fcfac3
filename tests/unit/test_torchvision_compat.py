"""The finder that lets torchvision import beside a CPU torch, on a broken and on a healthy build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(code: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: operators and imports of this one cannot be taken back."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in (*paths, ROOT))}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT
    )


@pytest.fixture
def package(tmp_path) -> Path:
    """A package of torchvision's shape that needs the operator when imported, as torchvision itself does."""
    folder = tmp_path / "torchvision"
    folder.mkdir()
    (folder / "extension.py").write_text("")
    (folder / "__init__.py").write_text(
        "import torch\n"
        "assert torch._C._dispatch_has_kernel_for_dispatch_key('torchvision::nms', 'Meta') is False\n"
        "print('schema', torch.ops.torchvision.nms.default._schema)\n"
    )
    return folder


def test_the_installed_torchvision_and_timm_import():
    result = run("import clf_core, timm, torchvision; print(torchvision.ops.nms.__name__, timm.__name__)")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["nms", "timm"]


def test_importing_the_core_imports_no_torch():
    result = run("import clf_core, sys; print('torch' in sys.modules, 'torchvision' in sys.modules)")
    assert result.stdout.split() == ["False", "False"], result.stderr


def test_a_broken_build_gets_the_schemas(package):
    (package / "_C.so").write_bytes(b"not a shared library")
    result = run("import clf_core, torchvision", package.parent)
    assert result.returncode == 0, result.stderr
    assert "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" in result.stdout


def test_without_the_finder_that_build_fails(package):
    (package / "_C.so").write_bytes(b"not a shared library")
    result = run("import torchvision", package.parent)
    assert result.returncode != 0
    assert "torchvision::nms" in result.stderr


def test_a_healthy_build_is_left_alone(package):
    """The extension loads and defines the operator; defining it a second time would raise."""
    (package / "_C.so").touch()
    code = (
        "import torch\n"
        "loaded = []\n"
        "def load(path):\n"
        "    loaded.append(path)\n"
        "    library = torch.library.Library('torchvision', 'DEF')\n"
        "    library.define('nms(Tensor a) -> Tensor')\n"
        "    loaded.append(library)\n"
        "torch.ops.load_library = load\n"
        "import clf_core\n"
        "from clf_core import torchvision_compat\n"
        "import torchvision\n"
        "print(len(loaded) == 2, torchvision_compat._libraries == [])\n"
    )
    result = run(code, package.parent)
    assert result.returncode == 0, result.stderr
    assert "schema torchvision::nms(Tensor a) -> Tensor" in result.stdout
    assert result.stdout.split()[-2:] == ["True", "True"]


def test_installing_twice_adds_one_finder():
    code = (
        "import clf_core, sys\n"
        "from clf_core import torchvision_compat as t\n"
        "t.install(); t.install()\n"
        "print(sum(isinstance(finder, t.TorchvisionFinder) for finder in sys.meta_path))\n"
    )
    assert run(code).stdout.strip() == "1"


def test_other_packages_are_not_touched():
    from clf_core.torchvision_compat import TorchvisionFinder

    assert TorchvisionFinder().find_spec("torchvision.ops") is None
    assert TorchvisionFinder().find_spec("json") is None
