"""Which arithmetic is the quickest for a network on this machine. Imports torch.

On graphics cards, and on processors with matrix units for bfloat16 (AMX), bfloat16 is. On processors that have only
vector instructions for it (avx512_bf16) it depends on the network, because depthwise convolutions stay in float32
(``training.precision``) and converting maps to and fro takes what the other layers save. Pictures per second of
processor time at 224 px, channels last, allocator settings on, on 2 cores of an AMD EPYC (avx512_bf16, no AMX):

    resnet18                 float32  7.8   bfloat16 10.9
    tf_efficientnet_lite0    float32 12.3   bfloat16 10.7
    mobilenetv4_conv_small   float32 21.6   bfloat16 20.3

(``benchmarks/full_training.py --precisions`` prints them for the machine at hand.)
"""

import torch
from torch import nn

from clf_core.device import Device
from clf_core.training.plan import Precision
from clf_core.training.precision import quickest


def precision_for(network: nn.Module, device: Device) -> Precision:
    """The quickest arithmetic that learns as well: 'bfloat16' or 'float32'."""
    best = quickest(device)
    if device == "cuda" or best == "float32" or torch.cpu._is_amx_tile_supported():
        return best
    return "float32" if has_depthwise(network) else "bfloat16"


def has_depthwise(network: nn.Module) -> bool:
    """Whether any convolution has one filter per channel."""
    return any(
        isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1 for module in network.modules()
    )
