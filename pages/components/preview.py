"""Web parts that show a picture before and after it was made ready, and variants of it."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from clf_core.results import PreparedExample

_WEB = Path(__file__).with_name("web")


def _part(name: str, html: str) -> Any:
    css = "".join((_WEB / f"{part}.css").read_text("utf-8") for part in ("base", name))
    script = (_WEB / f"{name}.js").read_text("utf-8")
    return st.components.v2.component(f"studio_{name}", html=html, css=css, js=script)


_prepared = _part("prepared", (_WEB / "prepared.html").read_text("utf-8"))
_variants = _part("variants", '<div class="part variants" role="group"></div>')


def prepared(example: PreparedExample, *, key: str) -> None:
    """Draw a picture with what the network sees of it, that part as it sees it, and the numbers it computes with."""
    left, top, right, bottom = example.seen
    frame_left, frame_top = min(0.0, left), min(0.0, top)
    wide, high = max(1.0, right) - frame_left, max(1.0, bottom) - frame_top  # in widths and heights of the picture
    height, width = example.picture.shape[:2]
    side = len(example.input)
    size = f"{example.width:,} × {example.height:,} pixels"
    _prepared(
        data={
            "ratio": wide * width / (high * height),
            "bars": "rgb({}, {}, {})".format(*example.bars),
            "picture": [-frame_left / wide, -frame_top / high, 1 / wide, 1 / high],
            "seen": [
                (left - frame_left) / wide,
                (top - frame_top) / high,
                (right - left) / wide,
                (bottom - top) / high,
            ],
            "before": {
                "src": _data_uri(example.picture),
                "alt": f"Your picture, {size}, with a frame around what the network sees",
                "title": "Your picture",
                "text": f"{size}; framed: what is seen",
            },
            "after": {
                "src": _data_uri(example.input),
                "alt": f"The same as the network sees it, {side} × {side} pixels",
                "title": "What it sees",
                "text": f"{side} × {side} pixels",
            },
            "values": {
                "src": _data_uri(example.normalised),
                "alt": "The normalised values, the least black and the greatest white",
                "title": "What it computes with",
                "text": f"{example.low:.1f} is black, {example.high:.1f} white, {example.mean:.2f} the mean".replace(
                    "-", "−"
                ),
            },
        },
        key=key,
    )


def variants(pictures: Sequence[NDArray[np.uint8]], used: int, *, key: str) -> None:
    """Draw variants in a grid of three columns; the first ``used`` are framed."""
    data = {
        "pictures": [_data_uri(picture) for picture in pictures],
        "used": used,
        "label": "Variants of the picture" + (f"; the first {used} are learned from" if used else ""),
        "each": "Variant",
    }
    _variants(data=data, key=key)


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    """As JPEG, ten times as quick to write as WEBP: these change with every touch of a slider."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
