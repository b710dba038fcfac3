"""Class activation maps through the package grad-cam, with no more backward pass than they need."""

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clf_core.config import Preprocessing
from clf_core.errors import ConfigError
from clf_core.explanation.target_layer import find_target_layer

if TYPE_CHECKING:
    import torch

METHODS: dict[str, str] = {"gradcam": "Grad-CAM", "hirescam": "HiResCAM, place by place"}
"""Methods by key, with the names people read. Grad-CAM: Selvaraju et al. 2017, arXiv:1610.02391. HiResCAM: Draelos and
Carin 2020, arXiv:2011.08891; where a network flattens its maps, what speaks for a class differs from place to place,
and Grad-CAM's mean over all places may find nothing."""

_PACKAGE_NAMES = {"gradcam": "GradCAM", "hirescam": "HiResCAM"}


class HeatmapMaker:
    """Makes heatmaps of one network; may be called from several threads, which then take turns.

    The network is taken over: it is put into eval mode and all its parameters are frozen. The graph
    that a heatmap is derived from starts at the target layer's output, so the forward pass records
    nothing before it and the backward pass ends there. The maps are those of the package called
    the usual way; only the work is less.

    Args:
        network: takes normalised float32 [1, 3, S, S] and returns logits [1, K].
        preprocessing: the one stored with the model.

    Raises:
        InputError: the network has no layer a heatmap can be read from.
    """

    def __init__(self, network: "torch.nn.Module", preprocessing: Preprocessing) -> None:
        self._network = network.eval().requires_grad_(False)
        self._preprocessing = preprocessing
        self._lock = threading.Lock()
        self._layer = find_target_layer(network, preprocessing.input_size)
        # Registered before the package's own hooks, which must see an output that wants a gradient.
        self._layer.module.register_forward_hook(_start_graph)
        self._methods = {key: self._package_method(name) for key, name in _PACKAGE_NAMES.items()}

    @property
    def layer(self) -> str:
        """Name of the layer the evidence is read from."""
        return self._layer.name

    def heatmap(self, picture: NDArray[np.uint8], target: int, method: str = "gradcam") -> NDArray[np.float32]:
        """Show where the evidence for one class lies.

        Args:
            picture: [S, S, 3] uint8 RGB, as ``clf_core.data.transforms.to_input`` makes it.
            target: index of the class, 0..K-1.
            method: a key of ``METHODS``.

        Returns:
            [S, S] float32 in 0..1, 1 where the evidence is strongest; all zero when nothing in the
            picture speaks for the class.

        Raises:
            ConfigError: there is no such method.
            ValueError: the picture does not have the network's size, or there is no such class.
        """
        import torch
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        from clf_core.models.network import normalise

        if method not in self._methods:
            raise ConfigError(
                f"There is no heatmap method '{method}'", field="method", remedy=f"Methods are: {', '.join(METHODS)}"
            )
        side = self._preprocessing.input_size
        if picture.shape != (side, side, 3) or picture.dtype != np.uint8:
            raise ValueError(f"picture must be [{side}, {side}, 3] uint8, got {picture.shape} {picture.dtype}")
        if target < 0:
            raise ValueError(f"target must be the index of a class, got {target}")
        batch = normalise(picture[None], self._preprocessing)  # [1, 3, S, S]
        try:
            with self._lock, torch.enable_grad():
                cam = self._methods[method](batch, [ClassifierOutputTarget(target)])  # [1, S, S]
        except IndexError as error:
            raise ValueError(f"target must be the index of a class, got {target}") from error
        return np.asarray(cam[0], dtype=np.float32)

    def _package_method(self, name: str) -> Any:
        import pytorch_grad_cam

        reshape = None if self._layer.layout == "NCHW" else self._layer.to_nchw
        return getattr(pytorch_grad_cam, name)(
            model=self._network, target_layers=[self._layer.module], reshape_transform=reshape
        )


def _start_graph(_module: "torch.nn.Module", _inputs: Any, output: "torch.Tensor") -> "torch.Tensor":
    # The clone lets a following layer work in place, which torch forbids on the leaf of a graph.
    return output.detach().requires_grad_().clone()
