"""Which layers' outputs a heatmap can be read from, and which is the best.

Grad-CAM wants the deepest layer that still knows where things are (Selvaraju et al. 2017, section 3).
Names differ between architectures, shapes do not: the layers are found by sending one picture through.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clf_core.errors import HeatmapError

if TYPE_CHECKING:
    import torch

Layout = Literal["NCHW", "NHWC", "tokens"]


@dataclass(frozen=True)
class TargetLayer:
    """A layer whose output keeps rows and columns apart.

    Attributes:
        name: dotted name inside the network, such as 'bn2' or 'layer4'.
        module: the layer itself.
        layout: how its output lies in memory: [1, C, h, w], [1, h, w, C], or [1, prefix + h * w, C].
        prefix_tokens: tokens that stand for no place in the picture (class, registers); 0 but for 'tokens'.
        side: h and w; 0 where nobody asked.
    """

    name: str
    module: "torch.nn.Module"
    layout: Layout
    prefix_tokens: int = 0
    side: int = 0

    @property
    def channel_axis(self) -> int:
        """Where C stands among the output's axes."""
        return {"NCHW": 1, "NHWC": 3, "tokens": 2}[self.layout]

    def to_nchw(self, output: "torch.Tensor") -> "torch.Tensor":
        """Bring an output of the layer, or its gradient, into the order [B, C, h, w]."""
        if self.layout == "NCHW":
            return output
        if self.layout == "NHWC":
            return output.permute(0, 3, 1, 2)
        places = output[:, self.prefix_tokens :]  # [B, h * w, C]
        side = math.isqrt(places.shape[1])
        return places.transpose(1, 2).reshape(len(places), -1, side, side)


@dataclass(frozen=True)
class _Candidate:
    layer: TargetLayer
    output: "torch.Tensor"


def find_target_layer(network: "torch.nn.Module", input_size: int) -> TargetLayer:
    """Return the deepest of ``spatial_layers``.

    Raises:
        HeatmapError: there is no such layer.
    """
    return spatial_layers(network, input_size)[-1]


def spatial_layers(network: "torch.nn.Module", input_size: int) -> tuple[TargetLayer, ...]:
    """Find the layers with a spatial output whose places the logits depend on.

    The dependence matters for vision transformers that answer from the class token: what their
    last block does to the other tokens reaches no logit, so an earlier layer must be read.

    Args:
        network: in eval mode; takes float32 [1, 3, S, S] and returns logits [1, K].
        input_size: S, pixels.

    Returns:
        The deepest layer last, whatever it is; before it whole blocks only, not what they are made of, in the order
        in which they finish.

    Raises:
        HeatmapError: there is no such layer.
    """
    import torch

    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)
    # Noise, not zeros: on a black picture whole layers may be silent, and their gradients with them.
    probe = torch.randn(1, 3, input_size, input_size, generator=generator).to(device)
    with torch.enable_grad():
        candidates, logits = _spatial_outputs(network, probe.requires_grad_())
        weights = torch.randn(logits.shape, generator=generator).to(device)
        outputs = [candidate.output for candidate in candidates]
        gradients = torch.autograd.grad(logits, outputs, weights, allow_unused=True) if outputs else ()
    found = [
        candidate
        for candidate, gradient in zip(candidates, gradients, strict=True)
        if gradient is not None and bool(candidate.layer.to_nchw(gradient).any())
    ]
    if not found:
        raise HeatmapError(
            "A heatmap cannot be made for this network",
            why="None of its layers keeps the rows and columns of the picture apart",
            remedy="Train with another backbone, such as tf_efficientnet_lite0",
        )
    deepest = found[-1]
    # A container gives what its last part gives; of the names for one output the outermost, told last, is the plainest.
    named = {id(candidate.output): candidate.layer for candidate in found}.values()
    whole = [layer for layer in named if layer is not deepest.layer and _is_whole(network, layer)]
    return (*whole, deepest.layer)


def _is_whole(network: "torch.nn.Module", layer: TargetLayer) -> bool:
    """Whether a layer is a part of the network itself or one of a row of blocks, not something inside a block."""
    import torch

    parent = layer.name.rpartition(".")[0]
    if parent in ("", "body"):
        return True
    in_a_row = isinstance(network.get_submodule(parent), torch.nn.Sequential | torch.nn.ModuleList)
    return in_a_row and any(True for _ in layer.module.children())


def _spatial_outputs(network: "torch.nn.Module", probe: "torch.Tensor") -> tuple[list[_Candidate], "torch.Tensor"]:
    """Run ``probe`` through; return the spatial outputs in the order they were finished, and the logits."""
    import torch

    # In eval mode the first two change nothing; the third makes attention maps, [1, heads, N, N], look spatial.
    not_asked = (torch.nn.Identity, torch.nn.Dropout, torch.nn.Softmax)
    prefix_tokens = _attribute(network, "num_prefix_tokens") or 0
    candidates: list[_Candidate] = []

    def watch(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        def note(module: torch.nn.Module, _: object, output: object) -> None:
            if not isinstance(output, torch.Tensor) or not output.requires_grad or output is probe:
                return  # what hands on the picture itself has found nothing in it
            layout = layout_of(tuple(output.shape), prefix_tokens)
            if layout:
                prefix = prefix_tokens if layout == "tokens" else 0
                side = _side(tuple(output.shape), layout, prefix)
                candidates.append(_Candidate(TargetLayer(name, module, layout, prefix, side), output))

        return note

    handles = [
        module.register_forward_hook(watch(name))
        for name, module in network.named_modules()
        if name and not isinstance(module, not_asked)
    ]
    try:
        logits = network(probe)
    finally:
        for handle in handles:
            handle.remove()
    return _without_projections(candidates, _attribute(network, "num_features")), logits


def _attribute(network: "torch.nn.Module", name: str) -> int | None:
    """Ask for what timm tells about its models, which may stand inside a wrapper."""
    values = (getattr(module, name, None) for module in (network, *network.children()))
    return next((value for value in values if isinstance(value, int)), None)


def _without_projections(candidates: list[_Candidate], width: int | None) -> list[_Candidate]:
    """Leave out token outputs that are not as wide as the network's features (timm: ``num_features``).

    Those are steps inside a block, such as the joint queries, keys and values.
    """
    widths = [found.output.shape[2] for found in candidates if found.layer.layout == "tokens"]
    if width not in widths:
        width = widths[-1] if widths else None
    return [found for found in candidates if found.layer.layout != "tokens" or found.output.shape[2] == width]


def layout_of(shape: tuple[int, ...], prefix_tokens: int) -> Layout | None:
    """Recognise a spatial output by its shape alone; the network's input is square, so its maps are."""
    if len(shape) == 4 and shape[0] == 1:
        if shape[2] == shape[3] > 1:
            return "NCHW"
        if shape[1] == shape[2] > 1:
            return "NHWC"
    if len(shape) == 3 and shape[0] == 1:
        places = shape[1] - prefix_tokens
        if places > 1 and math.isqrt(places) ** 2 == places:
            return "tokens"
    return None


def _side(shape: tuple[int, ...], layout: Layout, prefix_tokens: int) -> int:
    """Rows of places in an output of that shape."""
    if layout == "tokens":
        return math.isqrt(shape[1] - prefix_tokens)
    return shape[2]
