"""Heatmaps of one network: any method, any layer that keeps places apart, several pictures at once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import Preprocessing
from clf_core.errors import ConfigError
from clf_core.explanation.methods import DEFAULT_METHOD, require_method, require_smoothing
from clf_core.explanation.target_layer import TargetLayer, spatial_layers
from clf_core.results import HeatmapLayer

if TYPE_CHECKING:
    import torch

_TOGETHER = 16
"""Pictures that go through the network at a time."""


class HeatmapMaker:
    """Makes heatmaps of one network; may be called from several threads, which then take turns.

    The network is taken over: it is put into eval mode and all its parameters are frozen. The graph
    that a heatmap is derived from starts at the layer's output, so the forward pass records
    nothing before it and the backward pass ends there. The maps are those of the package called
    the usual way; only the work is less.

    Args:
        network: takes normalised float32 [1, 3, S, S] and returns logits [1, K].
        preprocessing: the one stored with the model.
        layers: those to choose from, the deepest last; found by sending a picture through where none are given.

    Raises:
        HeatmapError: the network has no layer a heatmap can be read from.
    """

    def __init__(
        self, network: "torch.nn.Module", preprocessing: Preprocessing, layers: tuple[TargetLayer, ...] = ()
    ) -> None:
        from clf_core.explanation.evidence import Evidence

        self._network = network.eval().requires_grad_(False)
        self._preprocessing = preprocessing
        self._lock = threading.Lock()
        found = layers or spatial_layers(network, preprocessing.input_size)
        self._layers = {layer.name: layer for layer in found}
        self._deepest = found[-1]
        self._evidence = Evidence(self._network)

    @property
    def layer(self) -> str:
        """Name of the layer the evidence is read from unless another is asked for."""
        return self._deepest.name

    @property
    def preprocessing(self) -> Preprocessing:
        """The one stored with the model."""
        return self._preprocessing

    def layers(self) -> tuple[HeatmapLayer, ...]:
        """Return the layers that evidence can be read from, the deepest first."""
        return tuple(
            HeatmapLayer(
                name=layer.name,
                title=f"{layer.name.removeprefix('body.')}: {layer.side} × {layer.side} places",
                side=layer.side,
                recommended=layer is self._deepest,
            )
            for layer in reversed(self._layers.values())
        )

    def heatmap(
        self,
        picture: NDArray[np.uint8],
        target: int,
        method: str = DEFAULT_METHOD,
        layer: str = "",
        smooth: str = "none",
    ) -> NDArray[np.float32]:
        """Show where the evidence for one class lies.

        Args:
            picture: [S, S, 3] uint8 RGB, as ``clf_core.data.transforms.to_input`` makes it.
            target: index of the class, 0..K-1.
            method: a key of ``METHODS``.
            layer: name of one of ``layers()``; empty for the deepest.
            smooth: a key of ``SMOOTHINGS``.

        Returns:
            [S, S] float32 in 0..1, 1 where the evidence is strongest; all zero when nothing in the
            picture speaks for the class.

        Raises:
            ConfigError: there is no such method, layer or smoothing.
            HeatmapError: the method cannot be used at such a large layer.
            ValueError: the picture does not have the network's size, or there is no such class.
        """
        made: NDArray[np.float32] = self.heatmaps(picture[None], [target], method, layer, smooth)[0]
        return made

    def heatmaps(
        self,
        pictures: NDArray[np.uint8],
        targets: Sequence[int],
        method: str = DEFAULT_METHOD,
        layer: str = "",
        smooth: str = "none",
    ) -> NDArray[np.float32]:
        """Return ``heatmap`` of several pictures: [N, S, S] float32.

        Args:
            pictures: [N, S, S, 3] uint8 RGB.
            targets: N indices of classes.
            method, layer, smooth: as there.

        Raises:
            ConfigError, HeatmapError, ValueError: as there.
        """
        average, eigen = require_smoothing(smooth, require_method(method))
        place = self._layer(layer)
        side = self._preprocessing.input_size

        def scaled(batch: "torch.Tensor", indices: list[int]) -> NDArray[np.float32]:
            return _scaled(self._evidence.maps(batch, indices, method, place, eigen), side)

        def averaged(batch: "torch.Tensor", indices: list[int]) -> NDArray[np.float32]:
            return _over_changed_copies(batch, lambda changed: scaled(changed, indices))

        return self._in_batches(pictures, targets, averaged if average else scaled)

    def evidence(
        self, pictures: NDArray[np.uint8], targets: Sequence[int], method: str = DEFAULT_METHOD, layer: str = ""
    ) -> NDArray[np.float32]:
        """Return what the heatmaps are made of: [N, h, w] float32, a number for each place of the layer.

        With Grad-CAM on a network that averages over places before its last layer, these numbers add up to the
        class's logit but for its bias. They are comparable between classes, which scaled heatmaps are not.

        Args:
            pictures, targets, method, layer: as for ``heatmaps``.

        Raises:
            ConfigError, HeatmapError, ValueError: as there.
        """
        require_method(method)
        place = self._layer(layer)
        return self._in_batches(
            pictures, targets, lambda batch, indices: self._evidence.maps(batch, indices, method, place, False)
        )

    def logits(self, batch: "torch.Tensor") -> NDArray[np.float32]:
        """Normalised float32 [B, 3, S, S] -> logits [B, K] float32."""
        import torch

        with self._lock, torch.inference_mode():
            return np.asarray(self._network(batch).numpy(), dtype=np.float32)

    def normalised(self, pictures: NDArray[np.uint8]) -> "torch.Tensor":
        """[N, S, S, 3] uint8 RGB -> float32 [N, 3, S, S], as the network expects it.

        Raises:
            ValueError: the pictures do not have the network's size.
        """
        from clf_core.models.network import normalise

        side = self._preprocessing.input_size
        if pictures.shape[1:] != (side, side, 3) or pictures.dtype != np.uint8:
            shape = tuple(pictures.shape[1:])
            raise ValueError(f"each picture must be [{side}, {side}, 3] uint8, got {shape} {pictures.dtype}")
        return normalise(pictures, self._preprocessing)

    def copy_with(self, change: Callable[["torch.nn.Module"], None]) -> "HeatmapMaker":
        """Return a maker for a changed copy of the network, which reads the same layers.

        Args:
            change: changes the copy's weights in place.
        """
        import copy

        with self._lock:
            network = copy.deepcopy(self._network)
        change(network)
        layers = tuple(replace(layer, module=network.get_submodule(name)) for name, layer in self._layers.items())
        return HeatmapMaker(network, self._preprocessing, layers)

    def _layer(self, name: str) -> TargetLayer:
        if not name:
            return self._deepest
        if name not in self._layers:
            raise ConfigError(
                f"No heatmap can be read from a layer '{name}'",
                field="layer",
                why="There is none of that name, or it does not keep the rows and columns of the picture apart",
                remedy=f"Layers are: {', '.join(self._layers)}",
            )
        return self._layers[name]

    def _in_batches(
        self,
        pictures: NDArray[np.uint8],
        targets: Sequence[int],
        make: "Callable[[torch.Tensor, list[int]], NDArray[np.float32]]",
    ) -> NDArray[np.float32]:
        """Make maps of N >= 1 pictures, some at a time so that memory does not grow with their number."""
        if len(pictures) != len(targets) or not len(targets):
            raise ValueError(f"need as many targets as pictures, and one at least, got {len(targets)}")
        if min(targets) < 0:
            raise ValueError(f"target must be the index of a class, got {min(targets)}")
        indices = [int(target) for target in targets]
        made = []
        for at in range(0, len(indices), _TOGETHER):
            batch = self.normalised(pictures[at : at + _TOGETHER])  # [B, 3, S, S]
            try:
                with self._lock:
                    made.append(make(batch, indices[at : at + _TOGETHER]))
            except IndexError as error:
                raise ValueError(f"target must be the index of a class, got {max(indices)}") from error
        return np.concatenate(made)


def _scaled(maps: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Evidence [B, h, w] -> heatmaps [B, S, S] in 0..1; what speaks against the class is cut, as the package does."""
    from pytorch_grad_cam.utils.image import scale_cam_image

    enlarged = scale_cam_image(np.maximum(maps, 0), (side, side))
    result: NDArray[np.float32] = scale_cam_image(np.maximum(enlarged, 0))
    return result


def _over_changed_copies(
    batch: "torch.Tensor", make: "Callable[[torch.Tensor], NDArray[np.float32]]"
) -> NDArray[np.float32]:
    """The mean of the maps of mirrored, paler and stronger copies; the package's ``aug_smooth``."""
    maps = []
    for strength in (0.9, 1.0, 1.1):
        maps.append(make(batch * strength))
        maps.append(make(batch.flip(3) * strength)[:, :, ::-1])
    return np.asarray(np.mean(maps, axis=0), dtype=np.float32)
