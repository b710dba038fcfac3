"""The part of a network that learns with the presets balanced and thorough, and what it learns from. Imports torch.

Usually that is the tail of a network cut in two, and what it learns from are the front's maps. A network that cannot be
cut is kept whole: it takes pictures, and its earlier layers are frozen in place.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.memory_format import convert_conv2d_weight_memory_format

from clf_core.config import AugmentConfig, Preprocessing
from clf_core.models.backbone import Backbone
from clf_core.models.cutting import Cut, Front, Tail, choose, cuts, is_exact
from clf_core.models.fronts import FrontSource, open_front
from clf_core.models.pooled import PooledNetwork
from clf_core.training.activations import ActivationInputs, Activations, MapMaker, Views, collect
from clf_core.training.callbacks import TrainingCallbacks
from clf_core.training.inputs import Inputs
from clf_core.training.layer_groups import layer_groups
from clf_core.training.pixels import PixelCache, PixelInputs, margin_for
from clf_core.training.plan import Precision
from clf_core.training.precision import autocast, release_depthwise
from clf_core.training.result import Resources
from clf_core.training.task import ParameterGroup

_AT_ONCE = 64
"""Pictures whose features are computed together."""


@dataclass(frozen=True)
class Material:
    """What there is to learn from.

    Attributes:
        keys: SHA-256 of every picture of training and validation.
        augment, views: how variants are made, and how many of each picture.
        preprocessing: how a picture becomes an input.
        seed: of the run.
    """

    keys: Sequence[str]
    augment: AugmentConfig
    views: int
    preprocessing: Preprocessing
    seed: int


class Learnable(Protocol):
    """What learns, with its inputs ready."""

    name: str
    """Where it begins, such as 'blocks.5', for people."""

    def network(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
        """A fresh one with this last layer, [K, D] and [K], as its ``head``; on the device."""

    def blank(self) -> Any:
        """A fresh one that gives features, on the device."""

    def groups(self, network: nn.Module, decay: float) -> tuple[ParameterGroup, ...]:
        """What of it learns; each part at ``decay`` times the pace of the one after it."""

    def inputs(self, keys: Sequence[str]) -> Inputs:
        """These pictures as it takes them."""

    def put_back(self, network: Any, body: nn.Module) -> None:
        """Copy what it learned into the whole network without its last layer, on the CPU."""


def make_learnable(
    body: nn.Module, backbone: Backbone, most: float, material: Material, resources: Resources, tell: TrainingCallbacks
) -> Learnable:
    """Cut the network and compute what its tail learns from; the stage 'features' is told.

    Args:
        body: without a head, on the CPU, in eval mode; not changed.
        backbone: where it comes from.
        most: share of its arithmetic that learns, at most.
        material: the pictures.
        resources: device, files, limits.
        tell: told what happens.

    Raises:
        PictureError, StorageError, CancelledError: see ``activations.collect``.
    """
    size = material.preprocessing.input_size
    cut = choose(cuts(body, size), most)
    if cut is not None:
        front, tail = Front(body, cut), Tail(body, cut)
        if is_exact(body, front, tail, size):
            return _Cut(body, backbone, cut, front, material, resources, tell)
    return _Whole(body, material, resources, tell)


def features_of(
    network: Any, inputs: Inputs, count: int, precision: Precision, tell: TrainingCallbacks
) -> NDArray[np.float32]:
    """What a network says of pictures as they are: features [N, D] or logits [N, K].

    Args:
        network: ``Learnable.blank`` or ``Learnable.network``; its device decides.
        inputs: N pictures.
        count: N.
        precision: of the arithmetic.
        tell: asked whether to stop.
    """
    device: Any = next(network.parameters()).device.type
    rows: list[NDArray[np.float32]] = []
    network.eval()
    with torch.inference_mode(), autocast(network, device, precision):
        for start in range(0, count, _AT_ONCE):
            tell.check_cancelled()
            maps = inputs.judge(np.arange(start, min(start + _AT_ONCE, count)))
            rows.append(network(maps).float().cpu().numpy())
    release_depthwise(network)
    return np.concatenate(rows)


class _Cut:
    """A tail and the maps of the front."""

    def __init__(
        self,
        body: nn.Module,
        backbone: Backbone,
        cut: Cut,
        front: Front,
        material: Material,
        resources: Resources,
        tell: TrainingCallbacks,
    ) -> None:
        self.name = cut.name
        self._body, self._cut = body, cut
        self._seed, self._device = material.seed, resources.device
        source = FrontSource(backbone, front, cut.name, material.preprocessing)
        maker = MapMaker(
            open_front(source, resources.device, resources.scratch_folder),
            (backbone.spec.weights_sha256, cut.name),
            cut.shape,
            material.preprocessing,
        )
        views = Views(material.keys, material.keys, material.views, material.augment, material.seed)
        folder = resources.scratch_folder / "activations"
        self._maps: Activations = collect(views, maker, folder, resources.read, tell, resources.limits)

    def network(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Tail:
        """See ``Learnable``."""
        return self._tail(_last_layer(weight, bias))

    def blank(self) -> Tail:
        """See ``Learnable``."""
        return self._tail(nn.Identity())

    def _tail(self, last: nn.Module) -> Tail:
        tail = Tail(self._body, self._cut, last).to(self._device)
        convert_conv2d_weight_memory_format(tail, torch.channels_last)
        return tail

    def groups(self, network: nn.Module, decay: float) -> tuple[ParameterGroup, ...]:
        """See ``Learnable``."""
        tail: Any = network
        parts = tail.learning()
        body = [
            ParameterGroup(name, parameters, decay ** (len(parts) - place))
            for place, (name, parameters) in enumerate(parts)
        ]
        return (*body, ParameterGroup("last layer", tuple(tail.head.parameters())))

    def inputs(self, keys: Sequence[str]) -> ActivationInputs:
        """See ``Learnable``."""
        convolves = any(isinstance(part, nn.Conv2d) for name in self._cut.parts for part in _inside(self._body, name))
        return ActivationInputs(self._maps, keys, self._seed, self._device, channels_last=convolves)

    def put_back(self, network: Any, body: nn.Module) -> None:
        """See ``Learnable``."""
        convert_conv2d_weight_memory_format(network, torch.contiguous_format)
        network.to("cpu").put_back(body)


class _Whole:
    """A network that cannot be cut, and decoded pictures."""

    name = "its later half"

    def __init__(self, body: nn.Module, material: Material, resources: Resources, tell: TrainingCallbacks) -> None:
        tell.message("This network cannot be cut in two, so all of it runs in every epoch, which takes longer.")
        self._body, self._material, self._device = body, material, resources.device
        tell.stage("features", len(set(material.keys)))
        self._cache = PixelCache.build(
            resources.scratch_folder / "pixels",
            material.keys,
            resources.read,
            material.preprocessing,
            margin=margin_for(material.augment, material.preprocessing.input_size),
            limits=resources.limits,
            progress=tell.progress,
            check=tell.check_cancelled,
        )

    def network(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> PooledNetwork:
        """See ``Learnable``."""
        return self._whole(_last_layer(weight, bias))

    def blank(self) -> PooledNetwork:
        """See ``Learnable``."""
        return self._whole(nn.Identity())

    def _whole(self, last: nn.Module) -> PooledNetwork:
        network = PooledNetwork(copy.deepcopy(self._body), last).to(self._device)
        convert_conv2d_weight_memory_format(network, torch.channels_last)
        return network

    def groups(self, network: Any, decay: float) -> tuple[ParameterGroup, ...]:
        """See ``Learnable``."""
        groups = layer_groups(network, decay)
        return groups[len(groups) // 2 :]

    def inputs(self, keys: Sequence[str]) -> PixelInputs:
        """See ``Learnable``."""
        material = self._material
        rows = self._cache.rows_of(keys)
        return PixelInputs(self._cache, rows, material.preprocessing, material.augment, material.seed, self._device)

    def put_back(self, network: Any, body: nn.Module) -> None:
        """See ``Learnable``."""
        convert_conv2d_weight_memory_format(network, torch.contiguous_format)
        body.load_state_dict(network.to("cpu").body.state_dict())


def _inside(body: nn.Module, name: str) -> list[nn.Module]:
    return list(body.get_submodule(name).modules())


def _last_layer(weight: NDArray[np.float32], bias: NDArray[np.float32]) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer
