"""Which layer's output a heatmap is read from.

Grad-CAM wants the deepest layer that still knows where things are (Selvaraju et al. 2017, section 3).
Names differ between architectures, shapes do not: the layer is found by sending one picture through.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clf_core.errors import InputError

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
    """

    name: str
    module: "torch.nn.Module"
    layout: Layout
    prefix_tokens: int = 0

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
    """Find the last layer with a spatial output whose places the logits depend on.

    The dependence matters for vision transformers that answer from the class token: what their
    last block does to the other tokens reaches no logit, so an earlier layer must be read.

    Args:
        network: in eval mode; takes float32 [1, 3, S, S] and returns logits [1, K].
        input_size: S, pixels.

    Raises:
        InputError: there is no such layer.
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
    for candidate, gradient in zip(reversed(candidates), reversed(gradients), strict=True):
        if gradient is not None and bool(candidate.layer.to_nchw(gradient).any()):
            return candidate.layer
    raise InputError(
        "A heatmap cannot be made for this network",
        why="None of its layers keeps the rows and columns of the picture apart",
        remedy="Train with another backbone, such as tf_efficientnet_lite0",
    )


def _spatial_outputs(network: "torch.nn.Module", probe: "torch.Tensor") -> tuple[list[_Candidate], "torch.Tensor"]:
    """Run ``probe`` through; return the spatial outputs in the order they were finished, and the logits."""
    import torch

    # In eval mode the first two change nothing; the third makes attention maps, [1, heads, N, N], look spatial.
    not_asked = (torch.nn.Identity, torch.nn.Dropout, torch.nn.Softmax)
    prefix_tokens = _attribute(network, "num_prefix_tokens") or 0
    candidates: list[_Candidate] = []

    def watch(name: str) -> Callable[[torch.nn.Module, object, object], None]:
        def note(module: torch.nn.Module, _: object, output: object) -> None:
            if not isinstance(output, torch.Tensor) or not output.requires_grad:
                return
            layout = layout_of(tuple(output.shape), prefix_tokens)
            if layout:
                prefix = prefix_tokens if layout == "tokens" else 0
                candidates.append(_Candidate(TargetLayer(name, module, layout, prefix), output))

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
