"""The drawing of a small network: a block for each layer, to scale, and words for what it gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from clf_core.config import (
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Layer,
    NetworkConfig,
    Pooling,
    Residual,
)
from clf_core.results import LayerShape, NetworkShape
from pages.components.words import count

_WEB = Path(__file__).with_name("web")
_network = st.components.v2.component(
    "studio_network",
    html='<div class="part network"><div class="strip" role="group"></div><div class="key"></div></div>',
    css="".join((_WEB / f"{part}.css").read_text("utf-8") for part in ("base", "network")),
    js=(_WEB / "network.js").read_text("utf-8"),
)
_ACTIVATIONS = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "tanh", "none": ""}
_TINTS: dict[type, str] = {
    Convolution: "convolution",
    Residual: "residual",
    Pooling: "pooling",
    Dense: "dense",
    Dropout: "thin",
    BatchNorm: "thin",
}


def draw_network(
    network: NetworkConfig,
    shape: NetworkShape,
    chosen: int,
    *,
    key: str,
    pick: Callable[[Any], None],
    act: Callable[[Any, Any], None],
) -> None:
    """Draw the picture, every layer and the last one as blocks that can be chosen.

    Args:
        network: its layers.
        shape: what they come to.
        chosen: the block that is marked: 0 is the picture, then the layers, then the last one.
        key: unique on the page.
        pick: called with the place of a block that was chosen.
        act: called with 'remove', 'earlier' or 'later' and a place, when such a key was pressed. Whatever a browser
            sends arrives at both.
    """

    def picked() -> None:
        pick(st.session_state[key].pick)

    def acted() -> None:
        told = st.session_state[key].act
        if isinstance(told, dict):
            act(told.get("what"), told.get("index"))

    data = {
        "tiles": tiles(network, shape),
        "input": network.input_size,
        "selected": chosen,
        "label": "The network, from the picture to the classes",
        "key": "Faces are as large as the maps, depth grows with their number, columns are lists. Choose a layer to "
        "change it; arrow keys move, Alt and an arrow key reorders, Delete removes.",
    }
    _network(data=data, key=key, on_pick_change=picked, on_act_change=acted)


def tiles(network: NetworkConfig, shape: NetworkShape) -> list[dict[str, Any]]:
    """Return what the part draws, one tile for the picture, each layer and the last one."""
    side = network.input_size
    picture = LayerShape(maps=3, side=side, parameters=0, multiply_adds=0, receptive_field=1)
    drawn = [_tile("Picture", "red, green, blue", picture, "", words=f"The picture, {side} × {side} pixels")]
    fault = shape.fault.index if shape.fault else None
    for index, layer in enumerate(network.layers):
        known = shape.layers[index] if index < len(shape.layers) else None
        title, detail = layer_words(layer)
        tint = _TINTS.get(type(layer), "")
        tile = _tile(title, detail, known, tint, fault=index == fault, words=f"Layer {index + 1}, {title}")
        drawn.append(tile | {"number": str(index + 1)})
    last = shape.layers[-1] if fault is None else None
    drawn.append(
        _tile("Dense", "softmax", last, "dense", fault=fault == len(network.layers), words="The last layer, Dense")
    )
    return drawn


def layer_words(layer: Layer) -> tuple[str, str]:
    """Return a title and the settings that matter, such as ('Convolution', '32 of 3 × 3, ReLU')."""
    details = ""
    match layer:
        case Convolution():
            stride = f", stride {layer.stride}" if layer.stride > 1 else ""
            uncut = "" if layer.padding == "same" or layer.kernel == 1 else ", no border"
            details = f"{layer.filters} of {layer.kernel} × {layer.kernel}{stride}{uncut}"
        case Pooling():
            details = f"{layer.mode} of {layer.size} × {layer.size}"
        case Dropout():
            details = f"{layer.share * 100:.0f} % silenced"
        case Residual():
            details = f"{layer.filters} maps" + (f", stride {layer.stride}" if layer.stride > 1 else "")
        case Dense():
            details = f"{layer.units} units"
    activation = _ACTIVATIONS[getattr(layer, "activation", "none")]
    return layer.kind.capitalize(), ", ".join(part for part in (details, activation) if part)


def _tile(
    title: str, detail: str, shape: LayerShape | None, tint: str, *, words: str, fault: bool = False
) -> dict[str, Any]:
    gives = weights = ""
    if shape is not None:
        gives = f"{shape.maps:,} × {shape.side} × {shape.side}" if shape.side else count(shape.maps, "number")
        weights = count(shape.parameters, "weight") if shape.parameters else ""
    problem = "does not fit" if fault else "not known yet" if shape is None else ""
    reach = f"each depends on {shape.receptive_field} × {shape.receptive_field} pixels" if shape and shape.side else ""
    return {
        "number": "",
        "title": title,
        "detail": detail,
        "gives": "does not fit" if fault else gives,
        "weights": weights,
        "maps": shape.maps if shape else 0,
        "side": shape.side if shape else 0,
        "tint": tint,
        "fault": fault,
        "words": ", ".join(part for part in (words, detail, problem, gives, weights, reach) if part),
    }
