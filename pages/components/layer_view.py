"""What the layers of a network learned: its first filters, and what each layer makes of one picture."""

import base64
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from clf_core.api import Workbench
from clf_core.errors import InputError
from clf_core.results import FeatureMaps
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.pickers import remembered
from pages.components.words import count

_WEB = Path(__file__).with_name("web")
_maps = st.components.v2.component(
    "studio_maps",
    html='<div class="part maps" role="group"></div>',
    css="".join((_WEB / f"{part}.css").read_text("utf-8") for part in ("base", "maps")),
    js=(_WEB / "maps.js").read_text("utf-8"),
)
_COARSE = 48
"""Up to so many pixels to a side every pixel is shown as a square; beyond, they are as small as the screen's."""


def show_layers(bench: Workbench, model: str, name: str, data: bytes) -> None:
    """Draw the part of the page, closed at first; nothing is computed before it is opened.

    Args:
        bench: the facade.
        model: which classifier.
        name, data: the picture.
    """
    with st.expander("What each layer sees", icon=":material/layers:", key="layers_part", on_change="rerun") as part:
        if not part.open:
            return
        _show_filters(bench, model)
        _show_maps(bench, model, name, data)


def _show_filters(bench: Workbench, model: str) -> None:
    st.markdown("**What the first layer looks for**")
    try:
        filters = remembered("layers_filters", model, lambda: bench.networks.filters(model))
    except InputError as error:
        _cannot(error)
        return
    tiles = [_tile(picture, f"Filter {number}") for number, picture in enumerate(filters.pictures, start=1)]
    _maps(data={"items": tiles, "label": "Filters of the first layer", "tile": 52}, key="filters")
    of = f", {len(tiles)} of {filters.total:,}" if filters.total > len(tiles) else ""
    quiet(f"{md(filters.note, 400)} The strongest come first{of}.")


def _show_maps(bench: Workbench, model: str, name: str, data: bytes) -> None:
    st.markdown("**What each layer makes of this picture**")
    try:
        layers = {layer.name: layer.title for layer in bench.networks.layers(model)}
    except InputError as error:
        _cannot(error)
        return
    key = f"layers_chosen_{model}"
    layer = st.selectbox("Layer", list(layers), format_func=lambda known: plain(layers[known], 80), key=key)
    identity = (model, hashlib.sha256(data).hexdigest(), layer)
    seen = remembered("layers_maps", identity, lambda: bench.networks.feature_maps(model, data, layer, name=name))
    tiles = [_tile(seen.picture, "The picture as the network sees it", "picture")]
    for picture, channel in zip(bench.networks.coloured(seen), seen.channels, strict=True):
        tiles.append(_tile(picture, f"Map {channel + 1}"))
    _maps(data={"items": tiles, "label": f"Maps of {plain(layers[layer], 80)}", "tile": 84}, key="feature_maps")
    quiet(_words(seen))


def _words(seen: FeatureMaps) -> str:
    side = seen.maps.shape[-1]
    shown = len(seen.channels)
    which = f"{shown} of {seen.total:,} maps" if seen.total > shown else count(seen.total, "map")
    silent = f" {count(seen.silent, 'map')} found nothing in it." if seen.silent else ""
    return (
        f"{which} of {side} × {side}, the most active first. Dark: nothing found; bright: the pattern of this map is "
        f"there, and bright yellow is the strongest answer of the layer.{silent}"
    )


def _cannot(error: InputError) -> None:
    quiet(" ".join(f"{md(part, 400)}." for part in (error.what, error.why, error.remedy) if part))


def _tile(pixels: NDArray[np.uint8], alt: str, caption: str = "") -> dict[str, Any]:
    side = pixels.shape[0]
    return {"src": _data_uri(pixels), "alt": alt, "caption": caption, "pixels": side <= _COARSE}


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    """Small ones without loss, as each pixel is seen; large ones small enough for dozens of them."""
    buffer = io.BytesIO()
    options: dict[str, Any] = {"format": "PNG"} if len(pixels) <= _COARSE else {"format": "WEBP", "quality": 80}
    Image.fromarray(pixels).save(buffer, **options)
    kind = str(options["format"]).lower()
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
