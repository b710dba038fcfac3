"""What is measured of a picture, and the table that keeps it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from clf_core.data.facts import NUMBERS, Facts, measure
from clf_core.errors import StorageError


def key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def numbers(picture: Image.Image) -> dict[str, float]:
    facts = Facts.of([(key("picture"), measure(picture))])
    return {name: float(facts.number(name)[0]) for name in NUMBERS}


def blocks(number: int, side: int = 256) -> Image.Image:
    """A picture with edges and large even parts."""
    values = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((side, side), Image.Resampling.NEAREST)


class TestMeasure:
    def test_one_even_colour(self) -> None:
        found = numbers(Image.new("RGB", (300, 200), (200, 100, 50)))
        assert found["brightness"] == pytest.approx(0.299 * 200 + 0.587 * 100 + 0.114 * 50, abs=1)
        assert (found["contrast"], found["sharpness"], found["entropy"]) == (0, 0, 0)
        assert found["border_std"] == pytest.approx(0, abs=0.01)
        assert found["saturation"] == pytest.approx(255 * 150 / 200, abs=0.1)
        for place in ("border", "corner0", "corner3"):
            assert [found[f"{place}_{channel}"] for channel in "rgb"] == pytest.approx([200, 100, 50], abs=0.1)

    def test_grey_halves(self) -> None:
        picture = Image.new("RGB", (100, 80), (0, 0, 0))
        picture.paste((255, 255, 255), (0, 0, 50, 80))
        found = numbers(picture)
        assert found["brightness"] == pytest.approx(127.5, abs=1)
        assert found["contrast"] == pytest.approx(127.5, abs=1)
        assert found["entropy"] == pytest.approx(1, abs=0.1)
        assert found["saturation"] == 0

    def test_border_and_corners_stand_where_they_belong(self) -> None:
        picture = Image.new("RGB", (200, 100), (0, 0, 0))
        picture.paste((255, 0, 0), (0, 0, 60, 30))
        picture.paste((0, 255, 0), (140, 0, 200, 30))
        picture.paste((0, 0, 255), (0, 70, 60, 100))
        picture.paste((255, 255, 255), (140, 70, 200, 100))
        found = numbers(picture)
        corners = [[found[f"corner{corner}_{channel}"] for channel in "rgb"] for corner in range(4)]
        assert np.rint(corners).tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
        inner = Image.new("RGB", (200, 100), (90, 90, 90))
        inner.paste((255, 0, 0), (40, 20, 160, 80))
        assert [numbers(inner)[f"border_{channel}"] for channel in "rgb"] == pytest.approx([90, 90, 90], abs=1)

    def test_blurring_lowers_the_sharpness_and_contrast_hardly_changes_it(self) -> None:
        picture = blocks(1)
        sharp = numbers(picture)["sharpness"]
        assert numbers(picture.filter(ImageFilter.GaussianBlur(6)))["sharpness"] < sharp / 10
        dull = picture.point([100 + value // 5 for value in range(256)] * 3)
        assert numbers(dull)["sharpness"] == pytest.approx(sharp, rel=0.1)

    def test_sharpness_can_be_compared_between_sizes(self) -> None:
        small, large = (numbers(blocks(2, side))["sharpness"] for side in (256, 1024))
        assert large == pytest.approx(small, rel=0.35)

    @given(st.integers(2, 90), st.integers(2, 90), st.integers(0, 2**32 - 1))
    def test_any_shape_gives_numbers_in_range(self, width: int, height: int, seed: int) -> None:
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
        found = numbers(Image.fromarray(pixels))
        assert all(np.isfinite(list(found.values())))
        assert 0 <= found["entropy"] <= 8
        assert 0 <= found["saturation"] <= 255.01
        assert 0 <= found["sharpness"] < 100

    @pytest.mark.parametrize("size", [(2, 2), (3000, 2), (2, 3000), (5000, 40)])
    def test_extreme_shapes(self, size: tuple[int, int]) -> None:
        facts = Facts.of([(key("a"), measure(Image.new("RGB", size, (10, 20, 30))))])
        assert facts.thumbs().shape == (1, 24, 24)
        assert (facts.thumbs() == facts.thumbs()[0, 0, 0]).all()
        assert facts.colours().shape == (1, 12, 12, 2)


class TestTable:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        rows = [(key(str(number)), measure(blocks(number))) for number in range(5)]
        facts = Facts.of(rows)
        facts.write(tmp_path / "facts.parquet")
        read = Facts.read([tmp_path / "facts.parquet"])
        assert read.sha256s() == facts.sha256s() == [sha256 for sha256, _ in rows]
        assert (read.thumbs() == facts.thumbs()).all()
        assert (read.colours() == facts.colours()).all()
        for name in NUMBERS:
            assert (read.number(name) == facts.number(name)).all()

    def test_several_files_are_one_table_and_the_first_row_counts(self, tmp_path: Path) -> None:
        one, other, again = (measure(blocks(number)) for number in range(3))
        Facts.of([(key("a"), one), (key("b"), other)]).write(tmp_path / "1.parquet")
        Facts.of([(key("b"), again), (key("c"), again)]).write(tmp_path / "2.parquet")
        read = Facts.read([tmp_path / "1.parquet", tmp_path / "2.parquet"])
        assert read.sha256s() == [key("a"), key("b"), key("c")]
        expected = Facts.of([(key("b"), other)]).number("brightness")
        assert read.number("brightness")[1] == expected[0]

    def test_looking_up(self) -> None:
        facts = Facts.of([(key(str(number)), measure(blocks(number))) for number in range(20)])
        wanted = [key("7"), key("unknown"), key("0"), key("7")]
        assert facts.lookup(wanted).tolist() == [7, -1, 0, 7]
        assert facts.lookup([]).tolist() == []
        assert Facts.empty().lookup([key("7")]).tolist() == [-1]
        assert facts.picked(np.array([3, 1])).sha256s() == [key("3"), key("1")]

    def test_keys_that_end_in_zeros(self) -> None:
        keys = ["0" * 64, "ab" + "0" * 62, "abcd" + "0" * 60]
        facts = Facts.of([(sha256, measure(blocks(number))) for number, sha256 in enumerate(keys)])
        assert facts.lookup(keys[::-1]).tolist() == [2, 1, 0]
        assert facts.sha256s() == keys

    def test_rows_that_measure_alike(self) -> None:
        rows = [(key("a"), blocks(1)), (key("b"), blocks(2)), (key("c"), blocks(1))]
        assert Facts.of([(sha256, measure(picture)) for sha256, picture in rows]).alike() == [[0, 2]]

    def test_empty(self, tmp_path: Path) -> None:
        Facts.empty().write(tmp_path / "none.parquet")
        assert len(Facts.read([tmp_path / "none.parquet"])) == 0
        assert len(Facts.read([])) == 0

    @pytest.mark.parametrize("content", [b"", b"PAR1 no more", b"text"])
    def test_a_damaged_file_is_told(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "facts.parquet").write_bytes(content)
        with pytest.raises(StorageError, match="damaged"):
            Facts.read([tmp_path / "facts.parquet"])

    def test_another_table_is_told(self, tmp_path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({"sha256": ["0" * 64]}), tmp_path / "facts.parquet")
        with pytest.raises(StorageError, match="damaged"):
            Facts.read([tmp_path / "facts.parquet"])
