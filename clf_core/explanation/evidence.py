"""What each heatmap method computes, before it is scaled and enlarged. Imports torch, so import it late.

The formulas are those of the package grad-cam; only the work is less. Gradients begin at the layer, so nothing is
recorded before it. Ablation sends the picture through the layers before only once for many switched-off maps.
Principal components are taken without the squares that need gigabytes at early layers, and always the right way
round. Score-CAM looks at the liveliest maps where a layer has very many.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytorch_grad_cam
import torch
from numpy.typing import NDArray
from pytorch_grad_cam.activations_and_gradients import ActivationsAndGradients
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget, FinerWeightedTarget
from torch import nn

from clf_core.errors import HeatmapError
from clf_core.explanation.target_layer import TargetLayer

Maps = NDArray[np.float32]
Target = Callable[[torch.Tensor], torch.Tensor]

_PACKAGE_NAMES = {
    "gradcam": "GradCAM",
    "finercam": "GradCAM",
    "hirescam": "HiResCAM",
    "gradcam++": "GradCAMPlusPlus",
    "xgradcam": "XGradCAM",
    "layercam": "LayerCAM",
    "elementwise": "GradCAMElementWise",
    "kpcacam": "KPCA_CAM",
    "fem": "FEM",
}
"""The class of the package that turns activations and gradients into a map; the other methods are written here."""

_WITHOUT_GRADIENTS = frozenset({"eigencam", "kpcacam", "fem", "scorecam", "ablationcam"})

_MOST_SCORED = 128
"""Score-CAM asks the network about so many maps at most, those that differ most from place to place (the idea of
'Faster Score-CAM', Li 2020). Each costs a whole forward pass, and deep layers have thousands."""
_SCORED_TOGETHER = 16
_ABLATED_TOGETHER = 64
_MOST_PLACES_OF_KERNEL = 56 * 56
"""KPCA-CAM compares each place with each other: 80 MB for 56 x 56 places, 1.3 GB for 112 x 112."""


class Evidence:
    """Computes evidence in one network. Not safe to use from several threads at once.

    Args:
        network: in eval mode, all parameters frozen; normalised float32 [B, 3, S, S] -> logits [B, K].
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._package: dict[str, Any] = {}

    def maps(self, batch: torch.Tensor, indices: list[int], method: str, layer: TargetLayer, eigen: bool) -> Maps:
        """Return the evidence for one class in each picture.

        Args:
            batch: [B, 3, S, S] normalised float32.
            indices: B indices of classes.
            method: a key of ``METHODS``.
            layer: where it is read.
            eigen: the main pattern instead of the sum over the layer's maps.

        Returns:
            [B, h, w] float32, unscaled: what is negative speaks against the class.

        Raises:
            IndexError: there is no such class.
            HeatmapError: the method cannot be used at such a large layer.
        """
        targets = [_target(method, index) for index in indices]
        if method in _WITHOUT_GRADIENTS:
            activations, gradients = self._activations(batch, layer, targets), np.empty(0, dtype=np.float32)
        else:
            activations, gradients = self._gradients(batch, layer, targets)  # [B, C, h, w] each
        found = self._recipe(method, eigen)(batch, layer, targets, activations, gradients)
        return np.nan_to_num(np.asarray(found, dtype=np.float32), copy=False, posinf=0, neginf=0)

    def _recipe(self, method: str, eigen: bool) -> Callable[..., Maps]:
        own: dict[str, Callable[..., Maps]] = {
            "eigencam": lambda _batch, _layer, _targets, activations, _gradients: main_patterns(activations),
            "eigengradcam": lambda _batch, _layer, _targets, activations, gradients: main_patterns(
                activations * gradients
            ),
            "kpcacam": self._kernel_pattern,
        }
        if method in own:
            return own[method]
        if not eigen and method not in ("scorecam", "ablationcam"):
            return self._as_in_the_package(method)
        return lambda *given: _summed(self._weighted(method, *given), eigen)

    def _as_in_the_package(self, method: str) -> Callable[..., Maps]:
        made = self._of_package(method)

        def cam(
            batch: torch.Tensor, _layer: TargetLayer, targets: list[Target], activations: Maps, gradients: Maps
        ) -> Maps:
            result: Maps = made.get_cam_image(batch, None, targets, activations, gradients, False)
            return result

        return cam

    def _of_package(self, method: str) -> Any:
        """The package's object, without a layer, so that it leaves no hooks in the network."""
        if method not in self._package:
            name = _PACKAGE_NAMES[method]
            self._package[method] = getattr(pytorch_grad_cam, name)(model=self._network, target_layers=[])
        return self._package[method]

    def _kernel_pattern(
        self, _batch: torch.Tensor, layer: TargetLayer, _targets: list[Target], activations: Maps, _gradients: Maps
    ) -> Maps:
        places = activations.shape[2] * activations.shape[3]
        if places > _MOST_PLACES_OF_KERNEL:
            raise HeatmapError(
                f"KPCA-CAM cannot read the layer '{layer.name}'",
                why=f"It compares each of its {places:,} places with each other, which takes too much memory",
                remedy="Choose a deeper layer, or Eigen-CAM",
            )
        patterns = self._of_package("kpcacam").get_cam_image(None, None, None, activations, None, False)
        return np.stack([_upright(pattern) for pattern in patterns])

    def _weighted(
        self,
        method: str,
        batch: torch.Tensor,
        layer: TargetLayer,
        targets: list[Target],
        activations: Maps,
        gradients: Maps,
    ) -> Maps:
        """What a method adds up over the layer's maps: [B, C, h, w]."""
        if method in ("hirescam", "elementwise", "layercam"):  # they have no weights, a gradient for each place
            if method == "layercam":
                gradients = np.maximum(gradients, 0)
            product = gradients * activations
            return np.maximum(product, 0) if method == "elementwise" else product
        if method == "scorecam":
            weights = self._answers_through_maps(batch, targets, activations)
        elif method == "ablationcam":
            weights = self._losses_without_maps(batch, layer, targets, activations.shape[1])
        else:
            weights = self._of_package(method).get_cam_weights(batch, None, targets, activations, gradients)
        result: Maps = weights[:, :, None, None] * activations
        return result

    def _activations(self, batch: torch.Tensor, layer: TargetLayer, targets: list[Target]) -> Maps:
        with torch.no_grad(), _read(self._network, layer) as reader:
            for target, logits in zip(targets, reader(batch), strict=True):
                target(logits)  # an impossible class is told before the long work
            result: Maps = reader.activations[0].numpy()
            return result

    def _gradients(self, batch: torch.Tensor, layer: TargetLayer, targets: list[Target]) -> tuple[Maps, Maps]:
        start = layer.module.register_forward_hook(_start_graph)  # before the reader's, which want a gradient
        try:
            with torch.enable_grad(), _read(self._network, layer) as reader:
                scores = [target(logits) for target, logits in zip(targets, reader(batch), strict=True)]
                torch.stack(scores).sum().backward()
                return reader.activations[0].numpy(), reader.gradients[0].numpy()
        finally:
            start.remove()

    def _answers_through_maps(self, batch: torch.Tensor, targets: list[Target], activations: Maps) -> Maps:
        """Score-CAM's weights: [B, C], the softmax over a picture's maps of the scores it gets through each."""
        weights = np.zeros(activations.shape[:2], dtype=np.float32)
        for picture, target, maps, row in zip(batch, targets, activations, weights, strict=True):
            chosen = np.argsort(-maps.std(axis=(1, 2)), kind="stable")[:_MOST_SCORED]
            scores: list[float] = []
            for at in range(0, len(chosen), _SCORED_TOGETHER):
                some = torch.from_numpy(maps[chosen[at : at + _SCORED_TOGETHER]])[:, None]  # [b, 1, h, w]
                masks = nn.functional.interpolate(some, picture.shape[1:], mode="bilinear", align_corners=True)
                low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
                with torch.no_grad():
                    logits = self._network(picture * ((masks - low) / (high - low + 1e-8)))
                scores += [float(target(row)) for row in logits]
            row[chosen] = torch.softmax(torch.tensor(scores), dim=0).numpy()
        return weights

    def _losses_without_maps(
        self, batch: torch.Tensor, layer: TargetLayer, targets: list[Target], channels: int
    ) -> Maps:
        """Ablation-CAM's weights: [B, C], what a score loses when one of the layer's maps is set to zero.

        The package divides by the score itself. That only scales a picture's map, and turns it over where the
        score is negative, so it is left out. It also switches off by huge negative numbers in networks whose maps
        have negative values; zero is the paper's.
        """
        weights = np.empty((len(batch), channels), dtype=np.float32)
        for picture, target, row in zip(batch, targets, weights, strict=True):
            with torch.no_grad():
                whole = float(target(self._network(picture[None])[0]))
            for at in range(0, channels, _ABLATED_TOGETHER):
                switched_off = range(at, min(at + _ABLATED_TOGETHER, channels))
                logits = self._without(picture, layer, switched_off)
                row[at : at + len(switched_off)] = [whole - float(target(one)) for one in logits]
        return weights

    def _without(self, picture: torch.Tensor, layer: TargetLayer, channels: range) -> torch.Tensor:
        """Logits [n, K] of one picture, in each row without another of n maps of the layer."""

        def switch_off(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
            copies = output[:1].repeat(len(channels), *[1] * (output.ndim - 1))
            by_channel = copies.movedim(layer.channel_axis, 1)  # a view
            by_channel[range(len(channels)), channels] = 0
            return copies

        hook = layer.module.register_forward_hook(switch_off)
        try:
            with torch.no_grad():
                try:
                    # One picture as far as the layer, many behind it.
                    logits: torch.Tensor = self._network(picture[None])
                except RuntimeError:  # what is led past the layer does not fit what comes out of it
                    logits = self._network(picture.expand(len(channels), *picture.shape))
        finally:
            hook.remove()
        return logits


class _Finer:
    """Finer-CAM's target: the lead over the three classes whose scores are nearest, as the package chooses them."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        distance = (logits - logits[self._index]).abs().detach()
        nearest = [int(other) for other in distance.argsort(stable=True) if int(other) != self._index][:3]
        lead: torch.Tensor = FinerWeightedTarget(self._index, nearest, 1.0)(logits)
        return lead


def _target(method: str, index: int) -> Target:
    target: Target = _Finer(index) if method == "finercam" else ClassifierOutputTarget(index)
    return target


@contextmanager
def _read(network: nn.Module, layer: TargetLayer) -> Iterator[Any]:
    """The package's reader of a layer's outputs and their gradients; its hooks are taken out at the end."""
    reshape = None if layer.layout == "NCHW" else layer.to_nchw
    reader = ActivationsAndGradients(network, [layer.module], reshape)
    try:
        yield reader
    finally:
        reader.release()


def _start_graph(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
    # The clone lets a following layer work in place, which torch forbids on the leaf of a graph.
    return output.detach().requires_grad_().clone()


def _summed(weighted: Maps, eigen: bool) -> Maps:
    """[B, C, h, w] -> [B, h, w]: the sum over the maps, or their main pattern turned the way of the sum."""
    sums: Maps = weighted.sum(axis=1)
    if not eigen:
        return sums
    patterns = main_patterns(weighted)
    for pattern, plain in zip(patterns, sums, strict=True):
        if float((pattern * (plain - plain.mean())).sum()) < 0:
            pattern *= -1
    return patterns


def main_patterns(maps: Maps) -> Maps:
    """[B, C, h, w] -> [B, h, w]: each picture's first principal component over places (the package's, but its sign).

    The sign of a principal component is arbitrary. The strongest place is made a positive one, as in Seg-Eigen-CAM
    (Chung and Ying 2025, equation 13).
    """
    patterns = []
    for one in np.nan_to_num(maps, posinf=0, neginf=0):
        places = one.reshape(len(one), -1).T  # [h * w, C]
        places = places - places.mean(axis=0)
        _, _, directions = np.linalg.svd(places, full_matrices=False)
        patterns.append(_upright((places @ directions[0]).reshape(one.shape[1:])))
    return np.stack(patterns).astype(np.float32)


def _upright(pattern: Maps) -> Maps:
    return -pattern if abs(pattern.min()) > abs(pattern.max()) else pattern
