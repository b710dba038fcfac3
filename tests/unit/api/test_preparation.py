"""Before and after, variants and the hint, on stored pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.config import AugmentConfig, TrainConfig
from clf_core.data.augmentation import variant
from clf_core.data.loading import picture_from_bytes
from clf_core.data.transforms import to_input
from clf_core.errors import NotFoundError


@pytest.fixture
def wide(bench, tmp_path):
    """Identifier of a stored picture of 600 x 200 pixels, blue in its middle and red at its ends."""
    pixels = np.zeros((200, 600, 3), dtype=np.uint8)
    pixels[:, :, 0] = 220
    pixels[:, 150:450] = (0, 0, 220)
    for name, picture in (("wide", pixels), ("other", pixels[:, ::-1] // 2)):
        (tmp_path / "set" / name).mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / "set" / name / "picture.png")
    bench.imports.path(tmp_path / "set", "Wide")
    return bench.datasets.pictures("Wide", label="wide").pictures[0].sha256


@pytest.mark.parametrize(
    ("fit", "seen"),
    [("crop", (0.354, 0.0625, 0.646, 0.9375)), ("squeeze", (0, 0, 1, 1)), ("pad", (0, -1, 1, 2))],
)
def test_before_and_after(bench, wide, fit, seen):
    example = bench.preparation.before_after(wide, fit=fit)
    assert (example.width, example.height) == (600, 200)
    assert example.picture.shape == (160, 480, 3)
    assert example.seen == pytest.approx(seen, abs=0.002)
    assert example.input.shape == example.normalised.shape == (224, 224, 3)
    assert (example.input[..., 0].max() > 200) == (fit != "crop")  # the red ends
    assert (example.low, example.normalised.min(), example.normalised.max()) == (-1, 0, 255)
    assert example.low < example.mean < example.high
    assert example.exact


def test_a_network_that_is_not_here_yet_is_said_to_be_a_guess(bench, wide):
    assert not bench.preparation.before_after(wide, backbone="resnet18").exact


def test_variants_are_those_of_a_training(bench, wide):
    augment = AugmentConfig(preset="standard")
    shown = bench.preparation.variants(wide, augment, count=4, seed=3, fit="pad")
    backbone = bench.preparation.before_after(wide, fit="pad")
    from clf_core.config import ImportLimits, Preprocessing

    chosen = Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3, fit="pad")
    picture = picture_from_bytes(bench.datasets.picture_bytes(wide), chosen, ImportLimits())
    np.testing.assert_array_equal(backbone.input, to_input(picture, chosen))
    for view, made in enumerate(shown, start=1):
        np.testing.assert_array_equal(made, variant(picture, chosen, augment, sha256=wide, view=view, seed=3))
    assert len(shown) == 4
    assert np.abs(shown[0].astype(int) - shown[1]).mean() > 1


def test_presets_are_told_with_their_switches(bench):
    presets = bench.preparation.presets()
    assert [preset.key for preset in presets] == ["none", "light", "standard", "strong"]
    for preset in presets:
        assert preset.augment == AugmentConfig(preset=preset.key).resolved()
        assert preset.description.endswith(".")


def test_a_hint_by_the_names_of_the_classes(bench, pets, tmp_path):
    assert bench.preparation.suggest("Pets").augment == AugmentConfig()
    for name in "0123":
        (tmp_path / "digits" / name).mkdir(parents=True)
        buffer = io.BytesIO()
        Image.new("RGB", (20, 20), (10, 20 + 60 * int(name), 30)).save(buffer, "PNG")
        (tmp_path / "digits" / name / "a.png").write_bytes(buffer.getvalue())
    bench.imports.path(tmp_path / "digits", "Digits")
    hint = bench.preparation.suggest("Digits")
    assert not hint.augment.flips
    assert "digits" in hint.reason


def test_unknown_pictures_and_datasets(bench):
    with pytest.raises(NotFoundError):
        bench.preparation.before_after("0" * 64)
    with pytest.raises(NotFoundError):
        bench.preparation.variants("0" * 64, AugmentConfig())
    with pytest.raises(NotFoundError):
        bench.preparation.suggest("nothing")


def test_the_estimate_counts_variants(bench, pets):
    plain, changed = (bench.runs.estimate("Pets", config) for config in (TrainConfig(), TrainConfig(augment="light")))
    assert changed > plain
    assert bench.runs.estimate("Pets", TrainConfig(augment="light", views=9)) > changed
    assert bench.runs.estimate("Pets", TrainConfig(views=9)) == plain
