"""Variants of a picture to learn from: turned, enlarged, mirrored, relit a little, by chance and repeatably.

What a variant looks like depends on the seed, its number and the picture's own SHA-256, and on nothing else: not
on the thread that makes it, nor on which pictures came before. So runs repeat, and the screen shows beforehand the
very variants a training will use.

Not torchvision's transforms: they draw from torch's one global generator, which several decoding threads share, so
that a run could not be repeated; and importing them takes four seconds, in a server that only wants to show nine
pictures. albumentationsx is under the AGPL, which would bind whoever serves the studio to others.

The colours of one variant are changed by a single 3 x 4 matrix: brightness, contrast, saturation and a rotation of
the hue are all linear in RGB. The first three are those of Pillow's ``ImageEnhance``; the last is a turn of the
chrominance plane of YIQ (the NTSC colour space).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from clf_core.config import AugmentConfig, Preprocessing
from clf_core.data.transforms import Box, mean_colour, resize, seen_box

LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R 601, as Pillow turns colours into grey."""

TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
FROM_YIQ = np.linalg.inv(TO_YIQ)

LEAST_BLUR = 0.1
"""Pixels; less cannot be seen."""

LONGEST_SIDE = 3.0
"""Of a rectangle that covers something, as a multiple of its other side at most."""


@dataclass(frozen=True)
class _Draw:
    """The chances of one variant, each uniform in 0..1.

    All are drawn whatever the switches, so that moving one switch changes nothing else in a preview.
    """

    flip_horizontal: float
    flip_vertical: float
    angle: float
    zoom: float
    across: float
    down: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    blur: float
    noise: float
    erase: float
    erase_shape: float
    erase_across: float
    erase_down: float


_DRAWS = len(_Draw.__dataclass_fields__)


def variant(
    picture: Image.Image, preprocessing: Preprocessing, config: AugmentConfig, *, sha256: str, view: int, seed: int
) -> NDArray[np.uint8]:
    """Make one changed copy of a picture, ready for the network.

    Args:
        picture: mode RGB, decoded.
        preprocessing: the model's; the variant shows no more than ``to_input`` does, but for corners that come in
            by turning.
        config: how much may change; with every switch off the result is that of ``to_input`` up to rounding.
        sha256: identifier of the picture.
        view: number of the variant, from 1.
        seed: of the run.

    Returns:
        [S, S, 3] uint8 with S = ``input_size``, channels in RGB order.
    """
    random = np.random.default_rng([seed, view, int(sha256, 16)])
    draw = _Draw(*random.random(_DRAWS).tolist())
    switches = config.resolved()
    image = _cut_out(picture, preprocessing, switches, draw)
    image = _recolour(image, switches, draw)
    radius = switches.blur * draw.blur
    if radius > LEAST_BLUR:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    pixels = np.array(image)  # [S, S, 3]
    if switches.noise:
        grain = random.standard_normal(pixels.shape, dtype=np.float32)
        grain *= np.float32(255 * switches.noise * draw.noise)
        grain += pixels
        grain += np.float32(0.5)
        pixels = np.clip(grain, 0, 255, out=grain).astype(np.uint8)
    if switches.erase:
        _cover(pixels, switches.erase * draw.erase, mean_colour(preprocessing), draw)
    return pixels


def _cut_out(picture: Image.Image, preprocessing: Preprocessing, switches: AugmentConfig, draw: _Draw) -> Image.Image:
    """Enlarge, turn and mirror: S x S pixels."""
    side = preprocessing.input_size
    left, top, right, bottom = seen_box(picture.size, preprocessing)
    zoom = math.sqrt(1 - draw.zoom * (1 - switches.crop))
    width, height = (right - left) * zoom, (bottom - top) * zoom
    window_left = _slide(left, right, picture.width, width, draw.across)
    window_top = _slide(top, bottom, picture.height, height, draw.down)
    angle = math.radians((2 * draw.angle - 1) * switches.rotate)
    if angle:
        # Around the window lies what its turned corners reach.
        canvas = math.ceil(side * (abs(math.cos(angle)) + abs(math.sin(angle)))) + 4
        grow_x, grow_y = (canvas - side) / 2 * width / side, (canvas - side) / 2 * height / side
        window = (window_left - grow_x, window_top - grow_y, window_left + width + grow_x, window_top + height + grow_y)
        image = _turned(scaled_window(picture, window, canvas, preprocessing), angle, side)
    else:
        window = (window_left, window_top, window_left + width, window_top + height)
        image = scaled_window(picture, window, side, preprocessing)
    if switches.flip_horizontal and draw.flip_horizontal < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if switches.flip_vertical and draw.flip_vertical < 0.5:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def _slide(low: float, high: float, picture: int, length: float, chance: float) -> float:
    """Where a window of ``length`` within low..high begins, so that it lies on the picture or else holds all of it.

    Args:
        low, high: what the network sees without variants; beyond 0..``picture`` where bars are added.
        picture: width or height of the picture.
        length: of the window, high - low at most.
        chance: 0..1, where between the least and the greatest possible place.
    """
    first, last = max(low, 0.0), min(high, float(picture))
    if length <= last - first:
        last -= length
    else:
        first, last = max(low, last - length), min(first, high - length)
    return first + chance * (last - first)


def scaled_window(picture: Image.Image, window: Box, side: int, preprocessing: Preprocessing) -> Image.Image:
    """Scale a window to ``side`` x ``side``; beyond the picture it is mirrored, or barred where the fit has bars.

    Args:
        picture: mode RGB.
        window: in pixels of the picture; may reach beyond it.
        side: of the result, in pixels.
        preprocessing: filter, fit and colour of the bars.
    """
    left, top, right, bottom = window
    first, last, box_left, box_right = _inside(left, right, picture.width, side)
    first_row, last_row, box_top, box_bottom = _inside(top, bottom, picture.height, side)
    part = resize(
        picture, (last - first, last_row - first_row), preprocessing, (box_left, box_top, box_right, box_bottom)
    )
    if part.size == (side, side):
        return part
    if preprocessing.fit == "pad":
        square = Image.new("RGB", (side, side), mean_colour(preprocessing))
        square.paste(part, (first, first_row))
        return square
    beyond = ((first_row, side - last_row), (first, side - last), (0, 0))
    return Image.fromarray(np.pad(np.asarray(part), beyond, mode="symmetric"))


def _inside(low: float, high: float, length: int, pixels: int) -> tuple[int, int, float, float]:
    """Which of the ``pixels`` between low and high lie on a picture of ``length``, and from where to where on it."""
    step = (high - low) / pixels
    first = max(0, math.ceil(-low / step - 1e-6))
    last = min(pixels, math.floor((length - low) / step + 1e-6))
    if last <= first:  # the picture, or what of it is near, is thinner than a pixel
        nearest = min(pixels - 1, max(0, math.floor((length / 2 - low) / step)))
        return nearest, nearest + 1, 0.0, float(length)
    return first, last, max(0.0, low + first * step), min(float(length), low + last * step)


def _turned(image: Image.Image, angle: float, side: int) -> Image.Image:
    """Turn a square picture by ``angle`` radians around its middle and keep the ``side`` x ``side`` middle of it."""
    cosine, sine = math.cos(angle), math.sin(angle)
    middle, centre = image.width / 2, side / 2
    # Pillow asks for the way back: from a pixel of the result to where it comes from.
    across = (cosine, sine, middle - centre * (cosine + sine))
    down = (-sine, cosine, middle - centre * (cosine - sine))
    return image.transform((side, side), Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)


def _recolour(image: Image.Image, switches: AugmentConfig, draw: _Draw) -> Image.Image:
    """Change brightness, contrast, saturation and hue in one step."""
    brightness = 1 + (2 * draw.brightness - 1) * switches.brightness
    contrast = 1 + (2 * draw.contrast - 1) * switches.contrast
    saturation = 1 + (2 * draw.saturation - 1) * switches.saturation
    turn = 2 * math.pi * (2 * draw.hue - 1) * switches.hue
    if (brightness, contrast, saturation, turn) == (1, 1, 1, 0):
        return image
    colours = saturation * np.eye(3) + (1 - saturation) * np.outer(np.ones(3), LUMA)
    cosine, sine = math.cos(turn), math.sin(turn)
    colours = FROM_YIQ @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ TO_YIQ @ colours
    shift = 0.0
    if contrast != 1:
        grey = float(np.asarray(image.convert("L")).mean())
        shift = (1 - contrast) * brightness * grey
    matrix = np.column_stack([brightness * contrast * colours, np.full(3, shift)])  # [3, 4]
    return image.convert("RGB", tuple(matrix.ravel().tolist()))


def _cover(pixels: NDArray[np.uint8], share: float, colour: tuple[int, int, int], draw: _Draw) -> None:
    """Cover a rectangle of ``share`` of the area of [S, S, 3] in place (Zhong et al., "Random Erasing", 2020)."""
    side = len(pixels)
    stretch = LONGEST_SIDE ** (draw.erase_shape - 0.5)  # height over width is the square of this
    height = min(side, round(side * math.sqrt(share) * stretch))
    width = min(side, round(side * math.sqrt(share) / stretch))
    top, left = int(draw.erase_down * (side - height + 1)), int(draw.erase_across * (side - width + 1))
    pixels[top : top + height, left : left + width] = colour
