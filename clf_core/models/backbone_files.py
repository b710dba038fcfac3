"""Writes a network without its last layer as the data files a ``Backbone`` is made of. Imports torch.

Published networks are written into the workspace's store, networks trained here into their run's directory;
whoever opens either finds the same files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save
from torch import nn

from clf_core.config import NetworkConfig, Preprocessing
from clf_core.errors import InputError
from clf_core.files import write_bytes, write_json
from clf_core.models.backbone import (
    COMPILED_FILE,
    COMPILED_WEIGHTS_FILE,
    HEAD_FILE,
    SPEC_FILE,
    WEIGHTS_FILE,
    Backbone,
    BackboneSpec,
    file_sha256,
)
from clf_core.models.compiled import write_compiled
from clf_core.models.pooled import PooledNetwork

if TYPE_CHECKING:
    from clf_core.models.pretrained import Pretrained


@dataclass(frozen=True)
class Origin:
    """What a network is and where it comes from.

    Attributes:
        name: of the timm model it is built as; for a small network, what people call it.
        preprocessing: how a picture becomes its input.
        licence, source: of its weights.
        network: the layers of a small network; None for a timm model.
    """

    name: str
    preprocessing: Preprocessing
    licence: str
    source: str
    network: NetworkConfig | None = None


def write_backbone(
    folder: Path,
    body: nn.Module,
    origin: Origin,
    *,
    head: dict[str, torch.Tensor] | None = None,
    class_names: tuple[str, ...] = (),
) -> Backbone:
    """Write every file of a backbone into ``folder``, the description last.

    Args:
        folder: made if missing; files of an earlier network in it are replaced.
        body: the network without its last layer, on the CPU, in eval mode, float32.
        origin: what it is.
        head: its own last layer, 'weight' [K, D] and 'bias' [K].
        class_names: K names of the head's classes.

    Raises:
        InputError: it does not give one feature vector for a picture.
        StorageError: the disk refused.
    """
    dim = _feature_dim(origin, body)
    (folder / SPEC_FILE).unlink(missing_ok=True)
    # contiguous(): a network that learned with channels last holds its weights in that order.
    state = {key: value.detach().clone().contiguous() for key, value in body.state_dict().items()}
    write_bytes(folder / WEIGHTS_FILE, save(state))
    if head is not None:
        write_bytes(folder / HEAD_FILE, save(head))
    write_compiled(body, origin.preprocessing, folder)
    written = (WEIGHTS_FILE, HEAD_FILE, COMPILED_FILE, COMPILED_WEIGHTS_FILE)
    files = {file: file_sha256(folder / file) for file in written if (folder / file).exists()}
    spec = BackboneSpec(
        name=origin.name,
        weights_sha256=files[WEIGHTS_FILE],
        feature_dim=dim,
        preprocessing=origin.preprocessing,
        class_names=class_names if head is not None else (),
        licence=origin.licence,
        source=origin.source,
        parameters=sum(parameter.numel() for parameter in body.parameters()),
        files=files,
        network=origin.network,
    )
    write_json(folder / SPEC_FILE, spec.model_dump(mode="json"))
    return Backbone(spec, folder)


def own_head(published: "Pretrained", body: nn.Module) -> dict[str, torch.Tensor] | None:
    """The published last layer, if it is one linear layer over exactly the features we compute."""
    get_classifier: Callable[[], nn.Module] | None = getattr(published.model, "get_classifier", None)
    head = get_classifier() if get_classifier else None
    if not isinstance(head, nn.Linear) or head.bias is None or head.out_features != len(published.class_names):
        return None
    size = published.preprocessing.input_size
    picture = torch.linspace(-1, 1, 3 * size * size).view(1, 3, size, size)
    with torch.inference_mode():
        ours, published_logits = PooledNetwork(body, head).eval()(picture), published.model.forward(picture)
    if ours.shape != published_logits.shape or not torch.allclose(ours, published_logits, rtol=1e-4, atol=1e-4):
        return None  # such as two heads that are averaged
    return {"weight": head.weight.detach().float().clone(), "bias": head.bias.detach().float().clone()}


def _feature_dim(origin: Origin, body: nn.Module) -> int:
    """Length of the feature vector, found by running the network once on a black picture."""
    size = origin.preprocessing.input_size
    with torch.inference_mode():
        features = PooledNetwork(body).eval()(torch.zeros(1, 3, size, size))
    if features.ndim != 2:
        raise InputError(
            f"The model '{origin.name}' cannot be used here",
            why="It does not give one feature vector for a picture",
            remedy="Choose another, such as tf_efficientnet_lite0",
        )
    return int(features.shape[1])
