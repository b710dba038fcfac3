"""From a decoded picture to what a network takes: resizing and cropping, in one place.

Normalisation is not done here; it is the first step inside every network, compiled or not.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.config import Preprocessing

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels of a picture; may reach beyond it."""


def to_input(picture: Image.Image, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Make a picture the square that the network looks at.

    crop: geometry and filter are those of torchvision's ``Resize`` and ``CenterCrop`` on Pillow pictures, done
    in one step that computes only the pixels that are kept. That takes 0.6 of the time. Pillow may run the
    two passes of its filter in the other order and rounds between them: on photos the results differ by 0.25
    of 255 levels on average. squeeze: torchvision's ``Resize((S, S))``. pad: Pillow's ``ImageOps.pad``, with
    bars in the network's mean colour, which it sees as nothing.

    A strip of 10 x 100,000 pixels costs no more than a photo with as many pixels, whatever the fit: Pillow runs the
    pass first that leaves less to do.

    Args:
        picture: mode RGB, any size.
        preprocessing: sizes, fit and filter; of mean and std only the colour of the bars is taken.

    Returns:
        [S, S, 3] uint8 with S = ``input_size``, channels in RGB order.
    """
    side = preprocessing.input_size
    if preprocessing.fit == "pad":
        width, height = padded_size(picture.size, side)
        square = Image.new("RGB", (side, side), mean_colour(preprocessing))
        resized = resize(picture, (width, height), preprocessing)
        square.paste(resized, (round((side - width) / 2), round((side - height) / 2)))
    else:
        square = resize(picture, (side, side), preprocessing, seen_box(picture.size, preprocessing))
    return np.array(square)  # a writable copy, as torch wants it


def seen_box(size: tuple[int, int], preprocessing: Preprocessing) -> Box:
    """The part of a picture that becomes the network's square; beyond the picture where bars are added.

    Args:
        size: width and height of the picture.
        preprocessing: sizes and fit.
    """
    width, height = size
    if preprocessing.fit == "squeeze":
        return 0.0, 0.0, float(width), float(height)
    if preprocessing.fit == "pad":
        longer = max(size)
        left, top = (width - longer) / 2, (height - longer) / 2
        return left, top, left + longer, top + longer
    side, shorter = preprocessing.input_size, preprocessing.resize_size
    if width <= height:
        new_width, new_height = shorter, int(shorter * height / width)
    else:
        new_width, new_height = int(shorter * width / height), shorter
    left, top = round((new_width - side) / 2), round((new_height - side) / 2)
    per_x, per_y = width / new_width, height / new_height  # source pixels per resized pixel
    right, bottom = min((left + side) * per_x, width), min((top + side) * per_y, height)
    return left * per_x, top * per_y, right, bottom


def shrunk(picture: Image.Image, longest: int) -> NDArray[np.uint8]:
    """The whole picture, [h, w, 3] uint8, with its longer side ``longest`` pixels at most; for people to look at."""
    if max(picture.size) > longest:
        picture = picture.resize(padded_size(picture.size, longest), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(picture)


def padded_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of a picture of ``size`` scaled so that its longer side is ``side``; at least one pixel."""
    width, height = size
    if width >= height:
        return side, max(1, round(height / width * side))
    return max(1, round(width / height * side)), side


def resize(
    picture: Image.Image, size: tuple[int, int], preprocessing: Preprocessing, box: Box | None = None
) -> Image.Image:
    """Scale a part of a picture with the network's filter.

    Args:
        picture: mode RGB.
        size: width and height of the result.
        preprocessing: which filter.
        box: the part, within the picture; None for all of it.
    """
    return picture.resize(size, _FILTERS[preprocessing.interpolation], box=box)


def mean_colour(preprocessing: Preprocessing) -> tuple[int, int, int]:
    """The colour that is nothing after normalisation, 0..255 per RGB channel."""
    red, green, blue = (round(255 * min(1.0, max(0.0, value))) for value in preprocessing.mean)
    return red, green, blue
