"""Gets hold of a timm model with its pretrained weights: bundled, cached, or downloaded by timm.

Every function here imports torch and timm, so call them only where a backbone is being prepared.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from clf_core.config import Preprocessing
from clf_core.errors import InputError, InternalError, NotFoundError, WeightsUnavailableError
from clf_core.models import bundled_weights
from clf_core.reachability import answers

if TYPE_CHECKING:
    from torch import nn

PROBE_SECONDS = 5.0
"""How long an answer of the download server is waited for before giving up."""


@dataclass(frozen=True)
class Pretrained:
    """A pretrained timm model as published, in eval mode, with its own head."""

    model: "nn.Module"
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    licence: str
    source: str


def load(name: str, message: Callable[[str], None], on_machine: tuple[str, ...]) -> Pretrained:
    """Load a pretrained model by its timm name.

    Args:
        name: such as 'resnet18' or 'resnet18.a1_in1k'.
        message: told in one sentence when a download begins.
        on_machine: names to offer where the download fails.

    Raises:
        NotFoundError: timm has no such model, or no pretrained weights for it.
        WeightsUnavailableError: the weights are not here and could not be fetched.
        InputError: the model does not take square RGB pictures.
    """
    config = _published_config(name)
    bundle = bundled_weights.bundle_of(name)
    # The optional ones are fetched like any other network where their package is not installed.
    if bundle is not None and (bundle.comes_along or bundle.find() is not None):
        model, source = _create(name), bundle.source
        result = model.load_state_dict(bundled_weights.load(bundle), strict=False)
        if result.missing_keys or result.unexpected_keys:
            raise InternalError(f"The bundled weights do not fit timm's {name}", why=str(result))
    else:
        model, source = _fetch(name, config, message, on_machine)
    return Pretrained(
        model=model.eval(),
        preprocessing=_preprocessing(name, model),
        class_names=_class_names(config),
        licence=config.license or "not stated; see the model's page",
        source=source,
    )


def without_head(name: str, model: "nn.Module | None" = None, input_size: int | None = None) -> "nn.Module":
    """Build timm's model without a head, in eval mode.

    Args:
        name: the timm name.
        model: where given, the weights are copied from this model with a head.
        input_size: side of the square it is to see; matters to networks that are built for one size.
    """
    own_size = _published_size(name)
    # Only vision transformers and their like know 'img_size'; others take every size as they are.
    sized = input_size not in (None, own_size) and fixed_size(name)
    body = _create(name, num_classes=0, **({"img_size": input_size} if sized else {}))
    if model is not None:
        state = model.state_dict()
        body.load_state_dict({key: state[key] for key in body.state_dict()})
    return body.eval()


def fixed_size(name: str) -> bool:
    """Whether timm builds the network for one input size, and anew for another."""
    import timm

    published = timm.get_pretrained_cfg(name)
    return published is not None and bool(published.fixed_input_size)


def _published_size(name: str) -> int | None:
    import timm

    published = timm.get_pretrained_cfg(name)
    return int(published.input_size[-1]) if published is not None else None


def _create(name: str, **options: Any) -> "nn.Module":
    import timm
    from torch import nn

    model = timm.create_model(name, **options)
    if not isinstance(model, nn.Module):  # tells mypy, and keeps timm honest
        raise InternalError(f"timm built no network for {name}")
    return model


def _published_config(name: str) -> Any:
    """timm's record of the pretrained weights. Only registered names pass, so no path or address can."""
    import timm

    try:
        config = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    except RuntimeError:  # a known model, an unknown tag
        config = None
    if config is None:
        known = sorted({tagged.partition(".")[0] for tagged in timm.list_models(pretrained=True)})
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        raise NotFoundError(
            f"There is no pretrained model called '{name[:200]}'",
            why="The name is not one of timm's",
            remedy=f"Did you mean {', '.join(close)}?" if close else f"Choose {bundled_weights.ALWAYS_HERE}",
        )
    if not config.has_weights:
        raise NotFoundError(
            f"timm knows the model '{name}', but has no pretrained weights for it",
            remedy=f"Choose another, such as {bundled_weights.ALWAYS_HERE}",
        )
    return config


def _fetch(
    name: str, config: Any, message: Callable[[str], None], on_machine: tuple[str, ...]
) -> tuple["nn.Module", str]:
    """timm's own route, after a quick look whether anything answers: its client retries for minutes."""
    from huggingface_hub import constants, try_to_load_from_cache

    source = f"timm, {config.hf_hub_id or config.url}"
    if config.hf_hub_id and not config.hf_hub_filename:
        cached = try_to_load_from_cache(config.hf_hub_id, "model.safetensors")
        if isinstance(cached, str):
            return _create(name, pretrained=True, pretrained_cfg_overlay={"file": cached}), source
    server = constants.ENDPOINT if config.hf_hub_id else config.url
    host = urlsplit(server).hostname or server
    if not answers(server, PROBE_SECONDS):
        raise _unavailable(name, f"{host} could not be reached", on_machine)
    message(f"Downloading the weights of {name}")
    try:
        return _create(name, pretrained=True), source
    except Exception as error:  # the download client's errors share no base class
        reason = next(iter(str(error).splitlines()), "")[:300]
        raise _unavailable(name, f"The download from {host} failed: {reason}", on_machine) from error


def _unavailable(name: str, why: str, on_machine: tuple[str, ...]) -> WeightsUnavailableError:
    here = ", ".join(on_machine) or "none"
    return WeightsUnavailableError(
        f"The pretrained weights of '{name}' are not on this machine and could not be downloaded",
        why=why,
        remedy=f"Choose a model whose weights are here ({here}), or connect this machine to the internet and try again",
    )


def _preprocessing(name: str, model: "nn.Module") -> Preprocessing:
    """timm's evaluation preprocessing. Models published with a squashing resize get a centre crop instead."""
    from timm.data import resolve_data_config

    data = resolve_data_config({}, model=model)
    channels, height, width = data["input_size"]
    if channels != 3 or height != width or len(data["mean"]) != 3:
        raise InputError(
            f"The model '{name}' cannot be used here",
            why=f"It expects {channels} x {height} x {width} inputs, not square colour pictures",
            remedy=f"Choose another, such as {bundled_weights.ALWAYS_HERE}",
        )
    return Preprocessing(
        input_size=height,
        resize_size=max(height, int(height / data["crop_pct"])),
        interpolation="bilinear" if data["interpolation"] == "bilinear" else "bicubic",
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
    )


def _class_names(config: Any) -> tuple[str, ...]:
    """English words for the classes of the published head; empty where timm has none.

    Where two ImageNet classes share their word ('crane'), its definition tells them apart.
    """
    if config.label_names and config.label_descriptions:
        return distinct([config.label_descriptions[key] for key in config.label_names], config.label_names)
    from timm.data import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset({"num_classes": config.num_classes})
    if subset is None:
        return ()
    info = ImageNetInfo(subset)
    words = info.label_descriptions()
    definitions = [text.partition(": ")[2].partition(";")[0] for text in info.label_descriptions(detailed=True)]
    return distinct(distinct(words, definitions), info.label_names())


def distinct(names: Sequence[str], details: Sequence[str]) -> tuple[str, ...]:
    """Append its detail in brackets to every name that occurs more than once."""
    count = Counter(names)
    return tuple(f"{name} ({detail})" if count[name] > 1 else name for name, detail in zip(names, details, strict=True))
