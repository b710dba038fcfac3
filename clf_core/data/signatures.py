"""What a file is, told by its first bytes; its name is never trusted.

``recognise`` is the allow-list of picture formats. Everything else gets a reason a person can act on.
"""

from clf_core.errors import PictureError

FORMAT_NAMES = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WebP",
    "GIF": "GIF",
    "BMP": "BMP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
    "HEIF": "HEIC",
}
"""Pillow's name of each accepted format and the name people know it by."""

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
)

_CONVERT = "save it as JPEG or PNG"
_ARCHIVE = "An archive, not a picture: unpack it and import the pictures inside"

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\x0a", f"A JPEG XL picture, which cannot be opened here: {_CONVERT}"),
    (b"\x00\x00\x00\x0cJXL ", f"A JPEG XL picture, which cannot be opened here: {_CONVERT}"),
    (b"\x00\x00\x00\x0cjP  ", f"A JPEG 2000 picture, which cannot be opened here: {_CONVERT}"),
    (b"\xff\x4f\xff\x51", f"A JPEG 2000 picture, which cannot be opened here: {_CONVERT}"),
    (b"8BPS", f"A Photoshop file, which cannot be opened here: {_CONVERT}"),
    (b"%!PS", f"A PostScript drawing, which is not opened for safety: {_CONVERT}"),
    (b"\xc5\xd0\xd3\xc6", f"A PostScript drawing, which is not opened for safety: {_CONVERT}"),
    (b"%PDF", f"A PDF document, not a picture: {_CONVERT}"),
    (b"\x00\x00\x01\x00", f"An icon file, which cannot be opened here: {_CONVERT}"),
    (b"PK\x03\x04", _ARCHIVE),
    (b"PK\x05\x06", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
)

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def recognise(data: bytes) -> str:
    """Name the picture format of a file from its first bytes.

    Returns:
        A key of ``FORMAT_NAMES``.

    Raises:
        PictureError: not a picture format that is opened here, with the reason and what to do.
    """
    if not data:
        raise PictureError("The file is empty")
    for start, kind in _PICTURES:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _recognise_boxes(data)
    for start, reason in _OTHERS:
        if data.startswith(start):
            raise PictureError(reason)
    raise PictureError(_describe_text(data[:1024]))


def is_picture(start: bytes) -> bool:
    """True when a file that begins with ``start`` (some 64 bytes) is of an accepted picture format."""
    try:
        recognise(start)
    except PictureError:
        return False
    return True


def _recognise_boxes(data: bytes) -> str:
    """Tell AVIF, HEIC and videos apart: all begin with an ISO base media 'ftyp' box (ISO/IEC 14496-12)."""
    length = min(int.from_bytes(data[:4], "big"), len(data), 256)
    # major brand at 8, a version number at 12, compatible brands from 16 on
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, length, 4)}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    raise PictureError("A video or a format not opened here, not a picture")


def _describe_text(start: bytes) -> str:
    text = start.decode("utf-8", errors="ignore").lstrip("\ufeff \t\r\n").lower()
    if "<svg" in text:
        return f"An SVG drawing, which is not opened for safety: {_CONVERT}"
    if text.startswith(("<!doctype html", "<html")):
        return "A web page, not a picture: save the picture itself"
    if b"\x00" not in start and sum(byte < 32 and byte not in b"\t\r\n\f" for byte in start) == 0:
        return "A text file, not a picture"
    return "Not a picture, or in a format that is not opened here"
