"""From the bytes of one file to an RGB picture: the only place where picture files are decoded.

Import, training, prediction and explanation all call ``decode``, so a picture has the same pixels
everywhere. The bytes are hostile: the format is recognised by its first bytes and only that decoder
is tried, the declared size is checked before any pixel is decoded, and whatever a decoder throws
becomes a ``PictureError`` in plain words.
"""

import importlib
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.signatures import FORMAT_NAMES, recognise
from clf_core.errors import PictureError

MIN_SIDE = 2
"""Pixels. A side of one pixel holds nothing to learn from."""

_MAX_JPEG_WORK = 2_000_000_000
"""Passes x pixels of one JPEG. Honest progressive files have about ten passes; a file of a few
kilobytes can declare thousands over a huge area and keep the decoder busy for minutes."""

_SCAN_BYTES = 10
"""Of the shortest start of a scan: marker, length, one component and four parameters (ITU-T T.81, B.2.3)."""

_STRIP_PIXELS = 2**20

_PLUGINS = {
    "JPEG": "PIL.JpegImagePlugin",
    "PNG": "PIL.PngImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
    "GIF": "PIL.GifImagePlugin",
    "BMP": "PIL.BmpImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "AVIF": "PIL.AvifImagePlugin",
}

# EXIF 2.32, tag 0x0112: what has to be done to the stored pixels to see them upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
_ORIENTATION_TAG = 0x0112

_loading = threading.Lock()
_loaded: set[str] = set()
_heif_ready: bool | None = None


@dataclass(frozen=True)
class Decoded:
    """One decoded picture with what its file declared.

    Attributes:
        picture: mode RGB, upright; smaller than width x height where a reduced scale was allowed.
        width, height: pixels of the upright picture at full scale.
        format: Pillow's name of the file format, such as 'JPEG'.
        animated: True when the file holds further frames or pages, which are not used.
    """

    picture: Image.Image
    width: int
    height: int
    format: str
    animated: bool


def decode(data: bytes, limits: ImportLimits, *, at_least: int | None = None) -> Image.Image:
    """Decode one picture file completely.

    The EXIF orientation is applied, transparency is laid on white, 16-bit values are brought to 8 bits,
    CMYK, palette, grey and 1-bit pictures become RGB, and of several frames the first is taken. Colour
    profiles are not applied: networks are trained on pictures read without them.

    Args:
        data: the whole file.
        limits: ``max_pixels`` and ``max_file_bytes`` are enforced. Pillow's own ceiling of about
            179 million pixels holds in any case.
        at_least: allow JPEG's cheaper decoding at 1/2, 1/4 or 1/8 scale as long as both sides keep at
            least this many pixels. None decodes at full scale.

    Returns:
        A picture of mode RGB that carries no metadata.

    Raises:
        PictureError: with the reason, for every file that cannot be decoded.
    """
    return decode_with_facts(data, limits, at_least=at_least).picture


def decode_with_facts(data: bytes, limits: ImportLimits, *, at_least: int | None = None) -> Decoded:
    """``decode``, together with what the file says about itself. Same arguments, same errors."""
    if len(data) > limits.max_file_bytes:
        raise PictureError(f"Larger than the {_megabytes(limits.max_file_bytes)} allowed for one file")
    kind = recognise(data)
    _load_decoder(kind)
    try:
        return _decode(data, kind, limits, at_least)
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("Needs more memory than this machine has free") from None
    except Exception as error:  # decoders raise ValueError, SyntaxError, struct.error and more
        raise PictureError(_reason(error, kind, limits)) from error


def _decode(data: bytes, kind: str, limits: ImportLimits, at_least: int | None) -> Decoded:
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        _check_size(image.size, limits)
        declared = image.size
        if kind == "JPEG":
            _check_jpeg_work(data, declared)
            if at_least is not None:
                image.draft(None, (at_least, at_least))
        animated = _is_animated(image, data)
        image.load()
        orientation = _orientation(image)
        picture = _to_rgb(image)
    picture.info.clear()  # EXIF, comments and profiles must not travel into thumbnails
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    # Only JPEG can be decoded at a reduced scale; elsewhere the decoder may have turned the picture itself.
    width, height = declared if kind == "JPEG" else picture.size
    if kind == "JPEG" and orientation in _SIDEWAYS:
        width, height = height, width
    return Decoded(picture, width, height, kind, animated)


def _load_decoder(kind: str) -> None:
    """Import just the decoder that is needed; Pillow would import all forty at the first rare format."""
    global _heif_ready
    if kind != "HEIF":
        if kind not in _loaded:
            importlib.import_module(_PLUGINS[kind])
            _loaded.add(kind)
        return
    with _loading:
        if _heif_ready is None:
            try:
                import pi_heif

                pi_heif.register_heif_opener()
                _heif_ready = True
            except ImportError:
                _heif_ready = False
    if not _heif_ready:
        raise PictureError("HEIC pictures cannot be opened on this machine: save it as JPEG or PNG")


def _check_size(size: tuple[int, int], limits: ImportLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        most = f"{limits.max_pixels / 1e6:,.0f} million"
        raise PictureError(f"Declares {width:,} x {height:,} pixels, more than the {most} allowed")
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"Only {width} x {height} pixels: too small to show anything")


def _check_jpeg_work(data: bytes, size: tuple[int, int]) -> None:
    if len(data) // _SCAN_BYTES * size[0] * size[1] <= _MAX_JPEG_WORK:
        return  # so many passes do not fit into the file; counting takes longer than the rest of the checks
    passes = data.count(b"\xff\xda")  # start-of-scan markers; inside pixel data 0xFF is always stuffed
    if passes > 1 and passes * size[0] * size[1] > _MAX_JPEG_WORK:
        raise PictureError(f"Would take {passes:,} passes to decode, which no camera or editor writes")


def _is_animated(image: Image.Image, data: bytes) -> bool:
    if image.format == "MPO":  # a phone photo with a depth map or preview behind it is no animation
        return False
    if image.format != "GIF":
        return bool(getattr(image, "is_animated", False))
    # A GIF has to be read on to know, so a second reader looks: a damaged second frame must not cost the first.
    try:
        with Image.open(io.BytesIO(data), formats=("GIF",)) as probe:
            return bool(getattr(probe, "is_animated", False))
    except Exception:  # noqa: BLE001  see above
        return True


def _orientation(image: Image.Image) -> int:
    if image.format == "JPEG" and "exif" not in image.info and "xmp" not in image.info:
        return 1  # what getexif would find, in a tenth of the time
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001  damaged EXIF does not make the pixels useless
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _from_16_bit(image)
    if image.mode in ("I", "F"):
        return _from_wide_range(image)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """(top, part) from top to bottom: converting a huge picture as a whole would double its memory."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a partly transparent picture on white, so that colours hidden by the alpha channel stay hidden."""
    opaque = Image.new("RGB", image.size, (255, 255, 255))
    for top, part in _strips(image):
        rgba = part.convert("RGBA")
        opaque.paste(rgba, (0, top), mask=rgba.getchannel("A"))
    return opaque


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Keep the high byte, as Pillow does for 16-bit colour; its own conversion to RGB clips to white."""
    transparent = image.info.get("transparency")
    picture = Image.new("RGB", image.size)
    for top, part in _strips(image):
        values = np.asarray(part)  # [H, W] uint16, either byte order
        grey = (values >> 8).astype(np.uint8)
        if isinstance(transparent, int):
            grey[values == transparent] = 255
        picture.paste(Image.fromarray(grey).convert("RGB"), (0, top))
    return picture


def _from_wide_range(image: Image.Image) -> Image.Image:
    """Bring 32-bit integers and floats to 8 bits.

    Such files do not say what white is. Values within 0..1 (floats only), 0..255 or 0..65535 are read
    as that range, so that dark pictures stay dark; anything else is stretched from its least to its
    greatest value. What is not a finite number counts as 0.
    """
    extremes = [
        (float(values.min()), float(values.max())) for values in map(_finite, (part for _, part in _strips(image)))
    ]
    low, high = min(least for least, _ in extremes), max(most for _, most in extremes)
    if low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    span = high / 2 - low / 2  # halved throughout: the difference of two huge float32 values would overflow
    picture = Image.new("RGB", image.size)
    for top, part in _strips(image):
        values = _finite(part)
        scaled = (values / 2 - low / 2) / span * 255 if span > 0 else np.zeros_like(values)
        grey = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
        picture.paste(Image.fromarray(grey).convert("RGB"), (0, top))
    return picture


def _finite(part: Image.Image) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.nan_to_num(np.asarray(part, dtype=np.float32), posinf=0.0, neginf=0.0)
    return values  # [H, W]


def _reason(error: Exception, kind: str, limits: ImportLimits) -> str:
    text = str(error).lower()
    name = FORMAT_NAMES[kind]
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        declared = re.search(r"\d+", str(error))  # Pillow's own ceiling comes first and tells only the product
        pixels = f"{int(declared[0]) / 1e6:,.0f} million" if declared else "too many"
        return f"Declares {pixels} pixels, more than the {limits.max_pixels / 1e6:,.0f} million allowed"
    if "truncated" in text or isinstance(error, EOFError):
        return f"Cut off: the {name} file ends before the picture does"
    return f"Damaged: what this {name} file holds cannot be decoded"


def _megabytes(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"
