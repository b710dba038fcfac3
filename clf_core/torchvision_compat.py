"""Lets torchvision import beside a CPU build of torch.

torchvision's Linux wheel is built for CUDA. Beside a CPU torch its extension cannot be loaded, its two
operators stay undefined, and ``import torchvision`` dies with 'operator torchvision::nms does not exist'.
timm and grad-cam both need that import, yet neither uses the operators. So the first import of
torchvision passes through a finder that tries the extension and, only if it cannot be loaded, defines
the two schemas. On a healthy build nothing changes. torch itself is not imported before torchvision is.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_libraries: list[Any] = []
"""A torch.library.Library withdraws its definitions when collected, so it is kept here for good."""


class TorchvisionFinder(MetaPathFinder):
    """Prepares torch's operator registry just before torchvision is first imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return torchvision's ordinary spec, after making sure its operators are defined."""
        if fullname != "torchvision":
            return None
        # PathFinder, not importlib.util.find_spec: the latter would walk sys.meta_path and come back here.
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None:
            for folder in spec.submodule_search_locations or ():
                define_missing_operators(Path(folder))
        return spec


def install() -> None:
    """Put the finder in front of the import system; calling it again changes nothing."""
    if "torchvision" in sys.modules or any(isinstance(finder, TorchvisionFinder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, TorchvisionFinder())


def define_missing_operators(package: Path) -> bool:
    """Define torchvision's operators if the extension in ``package`` cannot be loaded.

    Returns:
        True when the schemas were defined here, False when the build is healthy.
    """
    if not (package / "extension.py").exists():
        return False  # not torchvision as we know it: leave it alone
    import torch

    try:
        for extension in sorted([*package.glob("_C*.so"), *package.glob("_C*.pyd")]):
            torch.ops.load_library(str(extension))
            return False
    except OSError:
        pass
    if _libraries:
        return True
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    _libraries.append(library)
    return True
