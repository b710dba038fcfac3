"""The classifier as a torch module: for heatmaps, export and checks. Predictions use ``runtime``."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import Preprocessing
from clf_core.device import Device
from clf_core.errors import StorageError
from clf_core.models.backbone import Backbone, BackboneSpec, file_sha256
from clf_core.models.classifier import Classifier

if TYPE_CHECKING:
    import torch
    from torch import nn


def build_network(backbone: Backbone, classifier: Classifier) -> "nn.Module":
    """The whole network in eval mode, on the CPU, in float32.

    Its children are ``body``, timm's model without a head, and ``head``, one linear layer. Input:
    normalised float32 [B, 3, S, S] (see ``normalise``); output: logits [B, K], equal to
    ``classifier.logits`` of the same pictures' float32 features.

    Raises:
        StateError: the classifier was made with other weights.
        StorageError: the backbone's files are damaged.
    """
    import torch
    from torch import nn

    from clf_core.models.pooled import PooledNetwork

    classifier.require(backbone.spec)
    head = nn.Linear(backbone.spec.feature_dim, len(classifier.spec.classes))
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(classifier.weight))
        head.bias.copy_(torch.from_numpy(classifier.bias))
    return PooledNetwork(load_body(backbone), head).eval()


def load_body(backbone: Backbone) -> "nn.Module":
    """The network without a head, in eval mode, filled with the stored weights.

    Raises:
        StorageError: the stored weights are damaged.
    """
    from safetensors.torch import load_file

    try:
        if file_sha256(backbone.weights) != backbone.spec.weights_sha256:
            raise OSError("checksum differs")
        body = build_body(backbone.spec)
        body.load_state_dict(load_file(backbone.weights))
    except (OSError, RuntimeError) as error:
        raise StorageError(
            f"The stored weights of {backbone.spec.name} are damaged",
            why="They differ from what was stored",
            remedy=f"Delete the folder {backbone.folder}; it is made again when needed",
        ) from error
    return body


def build_body(spec: BackboneSpec) -> "nn.Module":
    """The network that ``spec`` describes, without head and with random weights, in eval mode."""
    if spec.network is not None:
        from clf_core.models.small_cnn import SmallCnn

        return SmallCnn(spec.network).eval()
    from clf_core.models import pretrained

    return pretrained.without_head(spec.name, input_size=spec.preprocessing.input_size)


def normalise(batch: NDArray[np.uint8], preprocessing: Preprocessing, device: Device = "cpu") -> "torch.Tensor":
    """Pictures uint8 [B, S, S, 3] RGB -> float32 tensor [B, 3, S, S] on ``device``, as the network expects them."""
    import torch

    # Bytes travel to the device, a quarter of the floats that normalising before would send.
    pixels = torch.from_numpy(np.ascontiguousarray(batch)).to(device).permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor(preprocessing.mean, device=device).view(1, 3, 1, 1)
    std = torch.tensor(preprocessing.std, device=device).view(1, 3, 1, 1)
    return ((pixels - mean) / std).contiguous()
