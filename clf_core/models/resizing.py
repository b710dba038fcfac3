"""A network for another input size, with the same weights. Imports torch late.

Convolutional networks take every size as they are. Those built for one size (vision transformers, Swin and others) are
built anew by timm, which stretches what depends on places, such as position embeddings, to the new grid.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.config import Preprocessing
from clf_core.errors import InputError
from clf_core.models.backbone import Backbone

if TYPE_CHECKING:
    import torch
    from torch import nn


def write_resized(backbone: Backbone, input_size: int, folder: Path) -> Backbone:
    """Write ``backbone`` for pictures of another size into ``folder``.

    Args:
        input_size: side of the square it is to see, in pixels.
        folder: made if missing.

    Raises:
        InputError: it cannot be built for this size.
        StorageError: its stored weights are damaged, or the disk refused.
    """
    from clf_core.models.backbone_files import Origin, write_backbone

    spec = backbone.spec
    origin = Origin(spec.name, resized(spec.preprocessing, input_size), spec.licence, spec.source)
    body = body_for(backbone, input_size)
    try:
        return write_backbone(folder, body, origin)
    except (AssertionError, RuntimeError) as error:  # it was built, but does not run at this size
        raise _refused(backbone, input_size, _reason(error)) from error


def resized(preprocessing: Preprocessing, input_size: int) -> Preprocessing:
    """The same preprocessing for another size; the share that is cut off at the margins stays."""
    scale = input_size / preprocessing.input_size
    resize_size = max(input_size, round(preprocessing.resize_size * scale))
    return preprocessing.model_copy(update={"input_size": input_size, "resize_size": resize_size})


def body_for(backbone: Backbone, input_size: int) -> "nn.Module":
    """The network without a head, in eval mode, for pictures [B, 3, ``input_size``, ``input_size``].

    Raises:
        InputError: it cannot be built for this size.
        StorageError: its stored weights are damaged.
    """
    from clf_core.models.network import load_body
    from clf_core.models.pretrained import fixed_size

    spec = backbone.spec
    if input_size == spec.preprocessing.input_size:
        return load_body(backbone)
    if spec.network is not None:
        raise _refused(backbone, input_size, "Its layers are made for one size")
    body = load_body(backbone)
    if not fixed_size(spec.name):
        return body
    try:
        return _rebuilt(spec.name, body.state_dict(), input_size)
    except (AssertionError, RuntimeError, ValueError, TypeError, KeyError) as error:  # whatever timm's builders raise
        raise _refused(backbone, input_size, _reason(error)) from error


def _rebuilt(name: str, weights: "dict[str, torch.Tensor]", input_size: int) -> "nn.Module":
    """timm's own route for weights of another size; makes sure that all others arrived as they are.

    Raises:
        ValueError: weights were lost on the way.
    """
    import timm
    import torch
    from torch import nn

    body = timm.create_model(
        name,
        pretrained=True,
        pretrained_cfg_overlay={"state_dict": dict(weights)},  # read from no file, fetched from nowhere
        num_classes=0,
        img_size=input_size,
    )
    if not isinstance(body, nn.Module):
        raise TypeError("timm built no network")
    state = body.state_dict()
    for key, _ in body.named_parameters():
        if key not in weights or (state[key].shape == weights[key].shape and not torch.equal(state[key], weights[key])):
            raise ValueError("its weights do not fit the new size")
    return body.eval()


def _reason(error: Exception) -> str:
    """timm's own words where it asserts what sizes it takes; what torch says of tensors tells a person nothing."""
    said = next(iter(str(error).splitlines()), "")[:200]
    return said if said and isinstance(error, AssertionError) else "It is built for one size"


def _refused(backbone: Backbone, input_size: int, why: str) -> InputError:
    own = backbone.spec.preprocessing.input_size
    return InputError(
        f"{backbone.spec.name} cannot see pictures of {input_size} pixels",
        why=why,
        remedy=f"Choose its own size ({own}), or another multiple of 32, or another network",
    )
