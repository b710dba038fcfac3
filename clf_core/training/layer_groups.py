"""Layer-wise learning rates: earlier layers of a network change less than later ones. Imports torch.

The layers are timm's (each model's ``group_matcher``: the stages of a convolutional network, the blocks of a
transformer), and the scales those of ``timm.optim.param_groups_layer_decay`` with a last layer above them.
"""

from collections import defaultdict

from torch import nn

from clf_core.models.pooled import PooledNetwork
from clf_core.training.task import ParameterGroup


def layer_groups(network: PooledNetwork, decay: float) -> tuple[ParameterGroup, ...]:
    """All parameters of a network, from its first layer to its last.

    Args:
        network: its ``head`` learns at scale 1.
        decay: above 0, to 1; a layer's scale as a multiple of that of the layer after it.
    """
    layers = _layers(network.body)
    scales = [decay ** (len(layers) - place) for place in range(len(layers))]
    body = tuple(
        ParameterGroup(f"layer {place + 1}", parameters, scale)
        for place, (parameters, scale) in enumerate(zip(layers, scales, strict=True))
    )
    return (*body, ParameterGroup("last layer", tuple(network.head.parameters())))


def _layers(body: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of each layer, in order; all as one layer for a network that timm did not build."""
    matcher = getattr(body, "group_matcher", None)
    if matcher is None:
        return [list(body.parameters())]
    from timm.models import group_parameters

    place_of: dict[str, int] = group_parameters(body, matcher(coarse=True), reverse=True)
    last = max(place_of.values())
    layers: defaultdict[int, list[nn.Parameter]] = defaultdict(list)
    for name, parameter in body.named_parameters():
        layers[place_of.get(name, last)].append(parameter)
    return [layers[place] for place in sorted(layers)]
