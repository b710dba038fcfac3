"""What a stack of layers comes to, worked out without building it: shapes, weights, work, and what cannot be.

Sizes follow torch's rules for convolution and pooling. Weights and multiply-adds are counted as torch and its
``FlopCounterMode`` count them (two operations to a multiply-add): those of convolutions and dense layers, biases
and batch norm left out of the work. Receptive fields: Araujo, Norris, Sim 2019, 'Computing Receptive Fields of
Convolutional Neural Networks', Distill, doi:10.23915/distill.00021, equation 2.
"""

from dataclasses import dataclass, replace

from clf_core.config import (
    LARGEST_INPUT,
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
from clf_core.errors import ConfigError
from clf_core.results.networks import LayerFault, LayerShape, NetworkShape

MOST_PARAMETERS = 100_000_000
"""Weights of one network. With gradients and Adam's two means these take 1.6 GB."""

MOST_NUMBERS = 50_000_000
"""Numbers all layers give for one picture; kept for the backward pass, they take 200 MB a picture."""

_RGB = 3


@dataclass(frozen=True)
class _Flow:
    """What reaches a layer.

    Attributes:
        maps, side: as in ``LayerShape``.
        reach: receptive field in pixels, not yet cut at the picture's border.
        step: pixels of the picture between neighbours in a map.
        flattened_by: words for the layer that made a list of the maps.
    """

    maps: int
    side: int
    reach: int = 1
    step: int = 1
    flattened_by: str = ""

    @property
    def flat(self) -> bool:
        """Whether it is a list of numbers."""
        return self.side == 0

    def windowed(self, kernel: int, stride: int) -> "_Flow":
        """The reach after a layer that looks at patches."""
        return replace(self, reach=self.reach + (kernel - 1) * self.step, step=self.step * stride)


class _Impossible(Exception):  # noqa: N818 - not an error of the program: it says what to tell a person
    """A layer does not fit what reaches it; raised and caught in this module only."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def network_shape(network: NetworkConfig, classes: int) -> NetworkShape:
    """Work out every layer of a network that tells ``classes`` classes apart, up to the first that cannot be."""
    flow = _Flow(_RGB, network.input_size)
    shapes: list[LayerShape] = []
    layers: list[Layer] = [*network.layers, Dense(units=classes, activation="none")]
    for index, layer in enumerate(layers):
        last = index == len(network.layers)
        try:
            flow, shape = _after(layer, flow, network, index, last=last)
            shapes.append(shape)
            _check_size(shapes)
        except _Impossible as found:
            fault = LayerFault(index=index, problem=found.problem, remedy=found.remedy)
            return NetworkShape(layers=tuple(shapes[:index]), fault=fault)
    return NetworkShape(layers=tuple(shapes))


def require_possible(network: NetworkConfig, classes: int) -> NetworkShape:
    """Return ``network_shape`` of a network that can be built.

    Raises:
        ConfigError: a layer does not fit; names it.
    """
    shape = network_shape(network, classes)
    if shape.fault is not None:
        raise ConfigError(
            f"The small network cannot be built: {layer_name(network, shape.fault.index)} does not fit",
            field="network",
            why=shape.fault.problem,
            remedy=shape.fault.remedy,
        )
    return shape


def layer_name(network: NetworkConfig, index: int) -> str:
    """Return words for one layer, such as 'layer 3 (pooling)'; the one behind all others is 'the last layer'."""
    if index >= len(network.layers):
        return "the last layer"
    return f"layer {index + 1} ({network.layers[index].kind})"


def _after(layer: Layer, flow: _Flow, network: NetworkConfig, index: int, *, last: bool) -> tuple[_Flow, LayerShape]:
    """What leaves a layer, and what it costs.

    Raises:
        _Impossible: it does not fit what reaches it.
    """
    weights = work = 0
    match layer:
        case Convolution():
            _need_maps(flow)
            side = _convolved_side(layer, flow, network, index)
            each = flow.maps * layer.kernel**2
            weights, work = (each + 1) * layer.filters, each * layer.filters * side**2
            flow = replace(flow.windowed(layer.kernel, layer.stride), maps=layer.filters, side=side)
        case Pooling():
            _need_maps(flow)
            side = _pooled_side(layer, flow, network, index)
            flow = replace(flow.windowed(layer.size, layer.size), side=side)
        case Residual():
            _need_maps(flow)
            flow, weights, work = _residual(layer, flow)
        case BatchNorm():
            weights = 2 * flow.maps
        case Dropout():
            pass
        case GlobalPooling() | Flatten():
            flow = _listed(layer, flow, network, index)
        case Dense():
            _need_list(flow, last=last)
            weights, work = (flow.maps + 1) * layer.units, flow.maps * layer.units
            flow = replace(flow, maps=layer.units)
    return flow, LayerShape(
        maps=flow.maps,
        side=flow.side,
        parameters=weights,
        multiply_adds=work,
        receptive_field=min(flow.reach, network.input_size),
    )


def _convolved_side(layer: Convolution, flow: _Flow, network: NetworkConfig, index: int) -> int:
    """Padded, only the stride makes maps smaller; without padding, the border is lost too (torch's Conv2d)."""
    if layer.padding == "same":
        return -(-flow.side // layer.stride)
    if flow.side < layer.kernel:
        raise _Impossible(
            f"It looks at patches of {_by(layer.kernel)}, and the maps that reach it are only {_by(flow.side)}",
            f"Choose the padding 'same' or a smaller kernel{_or_enlarge(network, index)}",
        )
    return (flow.side - layer.kernel) // layer.stride + 1


def _pooled_side(layer: Pooling, flow: _Flow, network: NetworkConfig, index: int) -> int:
    """Patches that stick out are left away (torch's MaxPool2d and AvgPool2d)."""
    if flow.side < layer.size:
        before = any(isinstance(other, Pooling) for other in network.layers[:index])
        raise _Impossible(
            f"It joins patches of {_by(layer.size)}; the picture is {_by(network.input_size)}, and the layers before "
            f"have left maps of {_by(flow.side)}",
            ("Take one pooling away" if before else "Take this pooling away") + _or_enlarge(network, index),
        )
    return flow.side // layer.size


def _residual(layer: Residual, flow: _Flow) -> tuple[_Flow, int, int]:
    """Two padded convolutions of 3 x 3 without bias, batch norm behind each; He et al. 2016, option B."""
    side = -(-flow.side // layer.stride)
    first, second = 9 * flow.maps * layer.filters, 9 * layer.filters**2
    weights, work = first + second + 4 * layer.filters, (first + second) * side**2
    if shortcut_is_projected(layer, flow.maps):
        projection = flow.maps * layer.filters
        weights, work = weights + projection + 2 * layer.filters, work + projection * side**2
    flow = flow.windowed(3, layer.stride).windowed(3, 1)
    return replace(flow, maps=layer.filters, side=side), weights, work


def shortcut_is_projected(layer: Residual, maps: int) -> bool:
    """Whether what came in, ``maps`` maps, must be brought to another number or size before it can be added."""
    return layer.stride > 1 or maps != layer.filters


def _listed(layer: Flatten | GlobalPooling, flow: _Flow, network: NetworkConfig, index: int) -> _Flow:
    if isinstance(layer, GlobalPooling):
        _need_maps(flow)
    if flow.flat:
        return flow
    numbers = flow.maps * flow.side**2 if isinstance(layer, Flatten) else flow.maps
    return replace(flow, maps=numbers, side=0, reach=network.input_size, flattened_by=layer_name(network, index))


def _need_maps(flow: _Flow) -> None:
    if flow.flat:
        raise _Impossible(
            f"It needs maps, and {flow.flattened_by} has made a list of {flow.maps:,} numbers of them",
            f"Move it before {flow.flattened_by}, or take it away",
        )


def _need_list(flow: _Flow, *, last: bool) -> None:
    if not flow.flat:
        raise _Impossible(
            f"It needs a list of numbers, and {flow.maps:,} maps of {_by(flow.side)} reach it",
            f"Put flatten or global pooling {'at the end' if last else 'before it'}",
        )


def _check_size(shapes: list[LayerShape]) -> None:
    """Refuse what would fill the memory of an ordinary machine."""
    weights = sum(shape.parameters for shape in shapes)
    if weights > MOST_PARAMETERS:
        raise _Impossible(
            f"With it the network has {weights:,} weights, more than the {MOST_PARAMETERS:,} that can be trained here",
            "Put pooling or global pooling before it, or choose fewer units",
        )
    numbers = sum(shape.numbers for shape in shapes)
    if numbers > MOST_NUMBERS:
        raise _Impossible(
            f"With it the layers give {numbers:,} numbers for one picture, more than the {MOST_NUMBERS:,} that fit "
            "the memory",
            "Put pooling before it, or choose fewer filters or a smaller picture",
        )


def _or_enlarge(network: NetworkConfig, index: int) -> str:
    """', or make the picture at least 64 x 64' where that alone lets the layer fit, else nothing."""
    for size in range(network.input_size + 1, LARGEST_INPUT + 1):
        if _fits(network.model_copy(update={"input_size": size}), index):
            return f", or make the picture at least {_by(size)}"
    return ""


def _fits(network: NetworkConfig, index: int) -> bool:
    """Whether maps reach and leave the layers up to one with at least one number to a side."""
    side = network.input_size
    for layer in network.layers[: index + 1]:
        if isinstance(layer, Pooling):
            side //= layer.size
        elif isinstance(layer, Convolution) and layer.padding == "none":
            side = (side - layer.kernel) // layer.stride + 1
        elif isinstance(layer, Convolution | Residual):
            side = -(-side // layer.stride)
        if side < 1:
            return False
    return True


def _by(side: int) -> str:
    return f"{side} × {side}"
