"""Golden pixels of every colour mode, and a reason for whatever cannot be decoded."""

import io
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data import decoding
from clf_core.data.decoding import decode, decode_with_facts
from clf_core.errors import PictureError

Encode = Callable[..., bytes]


def pixels(data: bytes, limits: ImportLimits) -> np.ndarray:
    picture = decode(data, limits)
    assert picture.mode == "RGB"
    return np.asarray(picture)


def quadrants(width: int = 48, height: int = 32) -> Image.Image:
    """Red, green / blue, white: every one of the eight orientations of it is different."""
    values = np.zeros((height, width, 3), dtype=np.uint8)
    values[: height // 2, : width // 2] = (255, 0, 0)
    values[: height // 2, width // 2 :] = (0, 255, 0)
    values[height // 2 :, : width // 2] = (0, 0, 255)
    values[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(values)


@pytest.mark.fault("B3")
class TestColourModes:
    def test_grey(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        assert (pixels(picture_bytes(Image.new("L", (4, 4), 77)), limits) == 77).all()

    def test_one_bit(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.new("1", (4, 4), 0)
        picture.putpixel((1, 2), 1)
        values = pixels(picture_bytes(picture), limits)
        assert values[2, 1].tolist() == [255, 255, 255]
        assert values.sum() == 3 * 255

    def test_cmyk_tiff(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        values = pixels(picture_bytes(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"), limits)
        assert (values == (255, 0, 0)).all()

    def test_cmyk_jpeg_is_not_inverted(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        data = picture_bytes(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
        assert np.abs(pixels(data, limits).astype(int) - (255, 0, 0)).max() <= 4

    def test_palette(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([0, 0, 0, 10, 20, 30])
        assert (pixels(picture_bytes(picture), limits) == (10, 20, 30)).all()

    def test_palette_with_a_transparent_colour(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.new("P", (4, 4), 1)
        picture.putpalette([250, 0, 0, 10, 20, 30])
        picture.putpixel((0, 0), 0)
        values = pixels(picture_bytes(picture, transparency=0), limits)
        assert values[0, 0].tolist() == [255, 255, 255]
        assert values[1, 1].tolist() == [10, 20, 30]

    def test_alpha_is_laid_on_white(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.new("RGBA", (3, 1))
        for place, colour in enumerate([(255, 0, 0, 255), (255, 0, 0, 128), (255, 0, 0, 0)]):
            picture.putpixel((place, 0), colour)
        values = pixels(picture_bytes(picture.resize((3, 2), Image.Resampling.NEAREST)), limits)
        assert values[0].tolist() == [[255, 0, 0], [255, 127, 127], [255, 255, 255]]

    def test_grey_with_alpha(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        assert (pixels(picture_bytes(Image.new("LA", (4, 4), (0, 0))), limits) == 255).all()

    def test_a_transparent_colour_without_alpha_channel(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.new("RGB", (4, 4), (9, 9, 9))
        picture.putpixel((0, 0), (1, 2, 3))
        values = pixels(picture_bytes(picture, transparency=(1, 2, 3)), limits)
        assert values[0, 0].tolist() == [255, 255, 255]
        assert values[1, 1].tolist() == [9, 9, 9]

    @pytest.mark.parametrize(("kind", "order"), [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2")])
    def test_16_bit_keeps_its_full_range(
        self, picture_bytes: Encode, limits: ImportLimits, kind: str, order: str
    ) -> None:
        ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
        picture = Image.fromarray(ramp)
        if order == ">u2":
            picture = Image.frombytes("I;16B", (256, 256), ramp.astype(order).tobytes())
        values = pixels(picture_bytes(picture, kind), limits)
        assert (values[:, :, 0] == ramp >> 8).all()
        assert (values[:, :, 0] == values[:, :, 2]).all()

    def test_16_bit_with_a_transparent_value(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        picture = Image.fromarray(np.array([[0, 5000], [5000, 60000]], dtype=np.uint16))
        values = pixels(picture_bytes(picture, transparency=5000), limits)
        assert values[:, :, 0].tolist() == [[0, 255], [255, 234]]

    @pytest.mark.parametrize(
        ("stored", "expected"),
        [
            ([0.0, 0.5, 1.0], [0, 128, 255]),
            ([0.0, 0.25, 0.5], [0, 64, 128]),
            ([0.0, 100.0, 200.0], [0, 100, 200]),
            ([0.0, 25700.0, 65535.0], [0, 100, 255]),
            ([-1.0, 0.0, 1.0], [0, 128, 255]),
            ([-3e38, 0.0, 3e38], [0, 128, 255]),
            ([float("nan"), 0.5, float("inf")], [0, 128, 0]),
            ([7e9, 7e9, 7e9], [0, 0, 0]),
        ],
    )
    def test_float_tiff(
        self, picture_bytes: Encode, limits: ImportLimits, stored: list[float], expected: list[int]
    ) -> None:
        picture = Image.fromarray(np.array([stored, stored], dtype=np.float32))
        assert pixels(picture_bytes(picture, "TIFF"), limits)[0, :, 1].tolist() == expected

    @pytest.mark.parametrize(
        ("stored", "expected"),
        [([0, 1, 255], [0, 1, 255]), ([0, 25700, 65535], [0, 100, 255]), ([-5, 0, 5], [0, 128, 255])],
    )
    def test_32_bit_integers(
        self, picture_bytes: Encode, limits: ImportLimits, stored: list[int], expected: list[int]
    ) -> None:
        picture = Image.fromarray(np.array([stored, stored], dtype=np.int32))
        assert pixels(picture_bytes(picture, "TIFF"), limits)[0, :, 1].tolist() == expected

    @pytest.mark.parametrize("kind", ["AVIF", "HEIF", "WEBP", "BMP", "GIF", "TIFF"])
    def test_further_formats(self, picture_bytes: Encode, limits: ImportLimits, kind: str) -> None:
        data = picture_bytes(Image.new("RGB", (32, 32), (200, 30, 90)), kind)
        facts = decode_with_facts(data, limits)
        assert facts.format == kind
        assert np.abs(np.asarray(facts.picture).astype(int) - (200, 30, 90)).max() <= 12


@pytest.mark.fault("B3")
class TestOrientation:
    # What a camera does to the upright scene before it stores it: the inverse of what a viewer must do.
    STORED: ClassVar = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "packed TIFF", "HEIF", "AVIF"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_pictures_stand_upright(
        self, picture_bytes: Encode, limits: ImportLimits, kind: str, orientation: int
    ) -> None:
        upright = quadrants()
        stored = upright.transpose(self.STORED[orientation]) if orientation > 1 else upright
        exif = Image.Exif()
        exif[0x0112] = orientation
        options: dict[str, object] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(
            kind, {}
        )
        if kind == "packed TIFF":
            options = {"compression": "tiff_lzw"}
        # The HEIC encoder turns only an orientation given as bytes into the rotation HEIC files carry.
        tag = exif.tobytes() if kind == "HEIF" else exif
        facts = decode_with_facts(picture_bytes(stored, kind.split()[-1], exif=tag, **options), limits)
        assert (facts.width, facts.height) == facts.picture.size == upright.size
        for place in [(6, 6), (42, 6), (6, 26), (42, 26)]:
            seen, meant = facts.picture.getpixel(place), upright.getpixel(place)
            assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) <= 40

    def test_reduced_scale_reports_the_full_upright_size(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        data = picture_bytes(quadrants(1200, 800), "JPEG", exif=exif)
        facts = decode_with_facts(data, limits, at_least=150)
        assert (facts.width, facts.height) == (800, 1200)
        assert facts.picture.size == (200, 300)

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF")
    def test_damaged_exif_does_not_cost_the_picture(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        data = picture_bytes(quadrants(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff" + b"\xff" * 40)
        assert decode(data, limits).size == (48, 32)


@pytest.mark.fault("B3")
class TestFrames:
    @pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
    def test_first_of_several_frames(self, picture_bytes: Encode, limits: ImportLimits, kind: str) -> None:
        frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "lime")]
        data = picture_bytes(frames[0], kind, save_all=True, append_images=frames[1:])
        facts = decode_with_facts(data, limits)
        assert facts.animated
        assert np.abs(np.asarray(facts.picture).astype(int) - (255, 0, 0)).max() <= 8

    @pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "JPEG"])
    def test_a_single_frame_is_no_animation(self, picture_bytes: Encode, limits: ImportLimits, kind: str) -> None:
        assert not decode_with_facts(picture_bytes(quadrants(), kind), limits).animated

    def test_a_phone_photo_with_a_second_picture_is_no_animation(
        self, picture_bytes: Encode, limits: ImportLimits
    ) -> None:
        data = picture_bytes(quadrants(), "MPO", save_all=True, append_images=[quadrants()])
        facts = decode_with_facts(data, limits)
        assert facts.picture.size == (48, 32)
        assert not facts.animated

    def test_a_damaged_second_frame_does_not_cost_the_first(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        frames = [quadrants().quantize(8), quadrants().rotate(180).quantize(8)]
        data = picture_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
        second = data.rindex(b"\x21\xf9\x04")
        for keep in range(second, len(data) - 1, 3):
            facts = decode_with_facts(data[:keep], limits)
            assert facts.picture.tobytes() == decode(data, limits).tobytes()

    def test_the_main_picture_of_a_heic_file_is_taken(self, limits: ImportLimits) -> None:
        file = pillow_heif.from_pillow(Image.new("RGB", (32, 32), (255, 0, 0)))
        file.add_from_pillow(Image.new("RGB", (32, 32), (0, 0, 255)))
        buffer = io.BytesIO()
        file.save(buffer, primary_index=1)
        facts = decode_with_facts(buffer.getvalue(), limits)
        assert facts.animated
        assert np.abs(np.asarray(facts.picture).astype(int) - (0, 0, 255)).max() <= 12


class TestReducedScale:
    def test_jpeg_keeps_what_is_asked_for(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        data = picture_bytes(quadrants(1600, 1200), "JPEG")
        assert decode(data, limits, at_least=300).size == (400, 300)
        assert decode(data, limits, at_least=301).size == (800, 600)
        assert decode(data, limits, at_least=5000).size == (1600, 1200)
        assert decode(data, limits).size == (1600, 1200)

    def test_other_formats_are_decoded_in_full(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        assert decode(picture_bytes(quadrants(800, 600)), limits, at_least=100).size == (800, 600)


class TestRefusals:
    def reason(self, data: bytes, limits: ImportLimits) -> str:
        with pytest.raises(PictureError) as caught:
            decode(data, limits)
        return caught.value.what

    def test_text_named_as_a_picture(self, limits: ImportLimits) -> None:
        assert self.reason(b"these are not the pixels you are looking for", limits) == "A text file, not a picture"

    def test_declared_size_is_checked_before_decoding(
        self, declared_png: Callable[[int, int], bytes], limits: ImportLimits
    ) -> None:
        reason = self.reason(declared_png(30_000, 30_000), limits)
        assert reason == "Declares 900 million pixels, more than the 100 million allowed"

    def test_the_cap_of_the_settings_holds(self, picture_bytes: Encode) -> None:
        data = picture_bytes(Image.new("L", (40, 30)))
        assert self.reason(data, ImportLimits(max_pixels=1199)).startswith("Declares 40 x 30 pixels")
        assert decode(data, ImportLimits(max_pixels=1200)).size == (40, 30)

    @pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
    def test_too_small(self, picture_bytes: Encode, limits: ImportLimits, size: tuple[int, int]) -> None:
        assert self.reason(picture_bytes(Image.new("RGB", size)), limits).startswith(
            f"Only {size[0]} x {size[1]} pixels"
        )

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
    def test_cut_off(self, picture_bytes: Encode, limits: ImportLimits, kind: str) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        data = picture_bytes(Image.fromarray(noise), kind)
        reason = self.reason(data[: len(data) // 2], limits)
        assert reason.startswith(("Cut off", "Damaged"))

    def test_only_the_decoder_of_the_recognised_format_is_tried(self, limits: ImportLimits) -> None:
        assert self.reason(b"\x89PNG\r\n\x1a\n" + b"%!PS" * 50, limits).startswith("Damaged")

    def test_endless_jpeg_passes(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        data = bytearray(picture_bytes(Image.new("L", (2500, 2500)), "JPEG", progressive=True))
        start = data.index(b"\xff\xda")
        bomb = bytes(data[:start]) + b"\xff\xda\x00\x06\x01\x01\x00\x00\x3f\x00" * 500
        assert "500 passes" in self.reason(bomb, limits)

    def test_ordinary_progressive_jpeg_is_welcome(self, picture_bytes: Encode, limits: ImportLimits) -> None:
        assert decode(picture_bytes(quadrants(), "JPEG", progressive=True), limits).size == (48, 32)

    def test_files_beyond_the_cap(self, picture_bytes: Encode) -> None:
        assert "allowed for one file" in self.reason(picture_bytes(), ImportLimits(max_file_bytes=10))

    @pytest.mark.parametrize(
        "error", [MemoryError(), RuntimeError("odd"), ValueError(), SyntaxError("bad"), IndexError()]
    )
    def test_whatever_a_decoder_throws(
        self, picture_bytes: Encode, limits: ImportLimits, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        def fail(image: Image.Image) -> Image.Image:
            raise error

        monkeypatch.setattr(decoding, "_to_rgb", fail)
        reason = self.reason(picture_bytes(), limits)
        assert ("memory" in reason) == isinstance(error, MemoryError)

    def test_heic_where_its_decoder_is_missing(self, limits: ImportLimits, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(decoding, "_heif_ready", False)
        assert "HEIC" in self.reason(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", limits)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_does_not_travel_on(picture_bytes: Encode, limits: ImportLimits, kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary"
    data = picture_bytes(quadrants(), kind, exif=exif, icc_profile=b"canary" * 30)
    assert b"canary" in data
    picture = decode(data, limits)
    for again in ("JPEG", "PNG", "WEBP"):
        assert b"canary" not in picture_bytes(picture, again)
