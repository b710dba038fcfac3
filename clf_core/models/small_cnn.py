"""The small convolutional network a person designs layer by layer, as a torch module. Imports torch."""

import torch
from torch import nn

from clf_core.config import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    NetworkConfig,
    Pooling,
    Residual,
)

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "none": nn.Identity,
}


class SmallCnn(nn.Module):
    """The layers before the last one, with timm's two methods, so that it is used like any timm body.

    Attributes:
        maps: layers that give maps [B, C, h, w].
        tail: the first layer that gives a list of numbers [B, D], and those after it.

    Raises:
        ConfigError: the layers do not fit each other.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        cut = next(
            (i for i, layer in enumerate(config.layers) if isinstance(layer, Flatten | GlobalPooling)),
            len(config.layers),
        )
        self.maps = nn.Sequential(*(_build(layer, flat=False) for layer in config.layers[:cut]))
        self.tail = nn.Sequential(*(_build(layer, flat=True) for layer in config.layers[cut:]))

    def forward_features(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised float32 [B, 3, S, S] -> maps [B, C, h, w]."""
        maps: torch.Tensor = self.maps(pictures)
        return maps

    def forward_head(self, maps: torch.Tensor, pre_logits: bool = True) -> torch.Tensor:  # noqa: ARG002 - timm's signature
        """Maps [B, C, h, w] -> features [B, D]; ``pre_logits`` is timm's, and always true here."""
        features: torch.Tensor = self.tail(maps)
        return features

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised float32 [B, 3, S, S] -> features [B, D]."""
        return self.forward_head(self.forward_features(pictures))


def _build(layer: Layer, *, flat: bool) -> nn.Module:
    """The module of one layer; how many numbers come in is found at the first picture (torch's lazy modules)."""
    match layer:
        case Convolution():
            padding = layer.kernel // 2 if layer.padding == "same" else 0
            convolution = nn.LazyConv2d(layer.filters, layer.kernel, stride=layer.stride, padding=padding)
            return nn.Sequential(convolution, _ACTIVATIONS[layer.activation]())
        case Pooling():
            return nn.MaxPool2d(layer.size) if layer.mode == "max" else nn.AvgPool2d(layer.size)
        case BatchNorm():
            return nn.LazyBatchNorm1d() if flat else nn.LazyBatchNorm2d()
        case Dropout():
            return nn.Dropout(layer.share)
        case Residual():
            raise NotImplementedError("REPLACED-BY-OWNER")
        case GlobalPooling():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case Flatten():
            return nn.Flatten()
        case Dense():
            return nn.Sequential(nn.LazyLinear(layer.units), _ACTIVATIONS[layer.activation]())
