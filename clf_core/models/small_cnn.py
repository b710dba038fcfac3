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
from clf_core.models.small_cnn_shapes import require_possible, shortcut_is_projected
from clf_core.results.networks import LayerShape

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "none": nn.Identity,
}
_PICTURE = LayerShape(maps=3, side=1, parameters=0, multiply_adds=0, receptive_field=1)
"""What reaches the first layer, but for its size."""


class SmallCnn(nn.Module):
    """The layers before the last one, with timm's two methods, so that it is used like any timm body.

    Its weights come from torch's random numbers, so the same seed gives the same network: Kaiming's normal
    distribution (He et al. 2015, arXiv:1502.01852) for convolutions and dense layers, zero for biases.

    Attributes:
        maps: layers that give maps [B, C, h, w].
        tail: the first layer that gives a list of numbers [B, D], and those after it.
        num_features: D.

    Raises:
        ConfigError: the layers do not fit each other.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        shapes = require_possible(config, classes=2).layers[:-1]  # the last layer is not part of it
        before = (_PICTURE.model_copy(update={"side": config.input_size}), *shapes)
        built = [_build(layer, reaching) for layer, reaching in zip(config.layers, before, strict=False)]
        cut = next(i for i, layer in enumerate(config.layers) if isinstance(layer, Flatten | GlobalPooling))
        self.maps = nn.Sequential(*built[:cut])
        self.tail = nn.Sequential(*built[cut:])
        self.num_features = shapes[-1].maps
        self.apply(_initialise)

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


class ResidualBlock(nn.Module):
    """ResNet's basic block (He et al. 2016, arXiv:1512.03385): two convolutions, and what came in added to them.

    Args:
        maps: that come in.
        layer: how many come out, and how much smaller.
    """

    def __init__(self, maps: int, layer: Residual) -> None:
        super().__init__()
        filters = layer.filters
        self.first = nn.Conv2d(maps, filters, 3, stride=layer.stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(filters)
        self.second = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(filters)
        self.shortcut: nn.Module = nn.Identity()
        if shortcut_is_projected(layer, maps):
            projection = nn.Conv2d(maps, filters, 1, stride=layer.stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(filters))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """[B, C, h, w] -> [B, filters, h / stride, w / stride], rounded up."""
        changed = torch.relu(self.first_norm(self.first(maps)))
        changed = self.second_norm(self.second(changed))
        return torch.relu(changed + self.shortcut(maps))


def _build(layer: Layer, reaching: LayerShape) -> nn.Module:
    """The module of one layer, for what reaches it."""
    match layer:
        case Convolution():
            return _convolution(layer, reaching.maps)
        case Pooling():
            return nn.MaxPool2d(layer.size) if layer.mode == "max" else nn.AvgPool2d(layer.size)
        case BatchNorm():
            norm = nn.BatchNorm2d(reaching.maps) if reaching.side else nn.BatchNorm1d(reaching.maps)
            return nn.Sequential(norm, _ACTIVATIONS[layer.activation]())
        case Dropout():
            return nn.Dropout(layer.share)
        case Residual():
            return ResidualBlock(reaching.maps, layer)
        case GlobalPooling():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case Flatten():
            return nn.Flatten()
        case Dense():
            return nn.Sequential(nn.Linear(reaching.maps, layer.units), _ACTIVATIONS[layer.activation]())


def _convolution(layer: Convolution, maps: int) -> nn.Module:
    """Convolution and activation; an even kernel is padded by one more at the right and at the bottom."""
    parts: list[nn.Module] = []
    padding = 0
    if layer.padding == "same":
        padding = (layer.kernel - 1) // 2
        if layer.kernel % 2 == 0:
            parts.append(nn.ZeroPad2d((0, 1, 0, 1)))
    parts.append(nn.Conv2d(maps, layer.filters, layer.kernel, stride=layer.stride, padding=padding))
    return nn.Sequential(*parts, _ACTIVATIONS[layer.activation]())


def _initialise(module: nn.Module) -> None:
    """Draw the weights of one layer; what batch norm begins with is torch's own: scale 1, shift 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
