"""Small generated pictures and archives for the tests of the layers that read them."""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import settings
from PIL import Image

from clf_core.config import ImportLimits

# The first example pays for imports, and a busy machine may pause any other.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

Members = Sequence[tuple[str | zipfile.ZipInfo, bytes]]


@pytest.fixture(scope="session", autouse=True)
def heic_encoder() -> None:
    """Let Pillow write HEIC by pillow-heif, which only tests have, and read it by pi-heif, as the studio does."""
    import pi_heif
    import pillow_heif

    pillow_heif.register_heif_opener()
    pi_heif.register_heif_opener()


@pytest.fixture
def limits() -> ImportLimits:
    return ImportLimits()


@pytest.fixture(scope="session")
def picture_bytes() -> Callable[..., bytes]:
    """Encode a picture of one colour, or a given Pillow picture."""

    def encode(picture: Image.Image | tuple[int, ...] = (200, 30, 30), kind: str = "PNG", **options: object) -> bytes:
        if not isinstance(picture, Image.Image):
            picture = Image.new("RGB", (12, 10), picture)
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture(scope="session")
def zip_bytes() -> Callable[..., bytes]:
    """Pack members as they are given, duplicate and dangerous names included."""

    def pack(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
        buffer = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
            warnings.simplefilter("ignore", UserWarning)  # duplicate names are the point of some tests
            for name, data in members:
                archive.writestr(name, data)
        return buffer.getvalue()

    return pack


@pytest.fixture(scope="session")
def declared_png() -> Callable[[int, int], bytes]:
    """A PNG of a few bytes whose header declares any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    def make(width: int, height: int) -> bytes:
        header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x\x9c") + chunk(b"IEND", b"")

    return make
