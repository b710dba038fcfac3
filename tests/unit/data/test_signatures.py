import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clf_core.data.signatures import FORMAT_NAMES, is_picture, recognise
from clf_core.errors import PictureError


@pytest.mark.parametrize("kind", [kind for kind in FORMAT_NAMES if kind != "HEIF"])
def test_recognises_what_pillow_writes(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, kind)
    assert recognise(buffer.getvalue()) == kind
    assert is_picture(buffer.getvalue()[:64])


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "empty"),
        (b"hello, I am a diary", "text file"),
        (b"\xff\x0a\xff\x07", "JPEG XL"),
        (b"\x00\x00\x00\x0cJXL \r\n", "JPEG XL"),
        (b"\x00\x00\x00\x0cjP  \r\n", "JPEG 2000"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"\xef\xbb\xbf  <svg/>", "SVG"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"%PDF-1.7", "PDF"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"PK\x03\x04rest", "archive"),
        (b"\x1f\x8b\x08", "archive"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42", "video"),
        (bytes(range(256)), "Not a picture"),
    ],
)
def test_says_what_the_rest_is(start: bytes, words: str) -> None:
    with pytest.raises(PictureError) as caught:
        recognise(start)
    assert words in caught.value.what
    assert not is_picture(start)


def test_a_heic_brand_among_the_compatible_ones_counts() -> None:
    assert recognise(b"\x00\x00\x00\x18ftypmsf1\x00\x00\x00\x00heic") == "HEIF"
    assert recognise(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00avif") == "AVIF"


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_are_named_or_refused(data: bytes) -> None:
    with contextlib.suppress(PictureError):  # anything else that is raised fails the test
        assert recognise(data) in FORMAT_NAMES
