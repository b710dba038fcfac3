"""Pictures that were computed, as addresses a browser can draw."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return [H, W, 3] uint8 RGB as a ``data:`` address that holds the picture itself."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
